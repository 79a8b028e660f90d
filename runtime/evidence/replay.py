"""A record and means to check it in, everything that can be told of it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from .conversation import Conversation, Seen, authorities_in, conversations_of
from .description import Description, describe_message
from .record import Failure, Run
from .verification import Check, Means, Result, result_of, verify


@dataclass(frozen=True, slots=True)
class Line:
    """A message with its checks; `description` is None where the bytes are no message."""

    seen: Seen
    description: Description | None
    checks: tuple[Check, ...]
    result: Result


@dataclass(frozen=True, slots=True)
class Told:
    """A transaction: its messages, and failures to get an answer, in order."""

    conversation: Conversation
    lines: tuple[Line | Failure, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """A record as a whole; `counts` are its messages by their results."""

    runs: tuple[Run, ...]
    transactions: tuple[Told, ...]
    counts: dict[Result, int]

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong: all that could be checked holds, and every whole line can be read."""
        return not self.counts[Result.NOT_VERIFIED] and not any(run.damaged for run in self.runs)


def replay(
    runs: tuple[Run, ...],
    secrets: Sequence[bytes] = (),
    anchors: tuple[x509.Certificate, ...] | None = None,
) -> Replay:
    """Check a record with `secrets` for its MACs, and with `anchors` in place of the CACerts in it."""
    conversations = conversations_of(runs)
    means = Means(tuple(secrets), anchors, authorities_in(conversations))
    told = tuple(_told(conversation, means) for conversation in conversations)
    counted = Counter(line.result for t in told for line in t.lines if isinstance(line, Line))
    return Replay(runs, told, {result: counted[result] for result in Result})


def _told(conversation: Conversation, means: Means) -> Told:
    lines: list[Line | Failure] = []
    for item, checks in zip(conversation.items, verify(conversation, means), strict=True):
        if isinstance(item, Failure):
            lines.append(item)
        else:
            message = item.message
            description = None if message is None else describe_message(message)
            lines.append(Line(item, description, checks, result_of(checks)))
    return Told(conversation, tuple(lines))

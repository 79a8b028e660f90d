"""What is told of a run, as data: how it began, each message that it exchanged, how it ended. No secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ...compiler.plan import Plan
from ..progress import ProgressEvent


@dataclass(frozen=True, slots=True)
class Act:
    """What a run is to do: `command` as it is called; of a plan its scripts, digests by name, and steps.

    `options` are those that change what is done, by the names of the command line.
    """

    command: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    scripts: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict[str, str])
    steps: int = 0


def act_of(
    plan: Plan, command: str, options: Mapping[str, Any], scripts: Sequence[str] = ()
) -> Act:
    """The act of carrying a plan out."""
    digests = {"script": plan.script, "inputs": plan.inputs, "base": plan.base}
    return Act(command, options, tuple(scripts), digests, len(plan.steps))


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run as it begins. `id` is random; `device` is empty if it is about the state as a whole."""

    id: str
    act: Act
    device: str
    who: str
    pid: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Exchange:
    """A CMP message that was sent, and what came back. Sizes are in bytes.

    `step` is the id of the step, empty if it is not known. Of an answer that did not come, or that cannot be
    read, the fields are None, and `error` says what went wrong. `statuses` are those of PKIStatusInfo.
    """

    step: str
    host: str
    port: int
    transaction: str
    request: str
    request_size: int
    begun_at: datetime
    ended_at: datetime
    answer: str | None = None
    answer_size: int | None = None
    statuses: tuple[Mapping[str, Any], ...] = ()
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A step that failed: what kind of error, by its name, and the CA's failInfo if it refused."""

    step: str
    error: str
    fail_info: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: done, failed or interrupted. `counts` are of the steps that were done, by kind.

    `version` is what was committed last. `error` names what ended the run if no step did. `audit_hash` is
    that of the newest entry of the audit log, empty if it could not be written.
    """

    outcome: str
    ended_at: datetime
    counts: Mapping[str, int]
    version: int | None = None
    failed: tuple[Failed, ...] = ()
    error: str = ""
    audit_hash: str = ""


class Observer(Protocol):
    """Who is told of a run. Called from any thread; has to be quick and must not raise."""

    def begin(self, run: RunFacts) -> None:
        """It begins."""
        ...

    def step(self, event: ProgressEvent) -> None:
        """Something happened to a step."""
        ...

    def exchanged(self, exchange: Exchange) -> None:
        """A message was sent, and answered or not."""
        ...

    def end(self, ended: Ended) -> None:
        """It ended."""
        ...


def status_facts(status: Any) -> dict[str, Any]:
    """A PKIStatusInfo by the RFC's names, its texts fit to be shown."""
    from ..cmp.errors import clean, failure_name
    from ..cmp.model import PKIStatus

    name = status.status.name if isinstance(status.status, PKIStatus) else str(status.status)
    return {
        "status": _camel(name),
        "fail_info": [failure_name(bit) for bit in sorted(status.fail_info)],
        "text": [clean(text) for text in status.status_string],
    }


def _camel(name: str) -> str:
    """RFC 9810 5.2.3 writes `grantedWithMods`."""
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)

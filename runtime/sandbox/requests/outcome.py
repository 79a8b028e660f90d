"""A message with the labels of its path, and its answer with what the ledger says of it: the data of both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from ...cmp.errors import clean, failure_name
from ...cmp.model import (
    BodyType,
    CertRepMessage,
    ErrorMsgContent,
    OtherContent,
    PKIBody,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PollRepContent,
    RevRepContent,
)
from ...cmp.protection import is_mac
from ..behaviour import Behaviour
from ..ledger.ledger import Ledger
from ..ledger.traffic import RequestEntry
from .desk import Response
from .refusal import rejection
from .requester import Requester

REPEATED = "repeated"
_ACCEPTED = PKIStatusInfo(PKIStatus.ACCEPTED)
_WAITING = PKIStatusInfo(PKIStatus.WAITING)
_STATUSES = {
    PKIStatus.ACCEPTED: "accepted",
    PKIStatus.GRANTED_WITH_MODS: "grantedWithMods",
    PKIStatus.REJECTION: "rejection",
    PKIStatus.WAITING: "waiting",
}
# What the ledger keeps of a text. A peer's certConf may say a lot.
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as it came, and the labels of the path that it came to (RFC 9483 6.1); empty: none."""

    data: bytes = field(repr=False)
    operation: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer and what the ledger says of it. `delay` is seconds that it is to be held back.

    `is_error` says whether the body is error with another status than waiting.
    """

    answer: bytes = field(repr=False)
    entry: RequestEntry
    delay: float = 0.0
    is_error: bool = False


class Visit:
    """A message on its way through the CA: what it meets there, and what the ledger is told of it.

    `entry` is what was told last: of a message that holds others, what became of the whole.
    """

    def __init__(self, posted: Posted, behaviour: Behaviour, ledger: Ledger, now: datetime) -> None:
        self.posted = posted
        self.behaviour = behaviour
        self.now = now
        self.entry: RequestEntry | None = None
        self.is_error = False
        self._ledger = ledger

    def repeated(self, message: PKIMessage) -> None:
        """The message was answered before, and gets that answer."""
        self._tell(message, claims_of(message, None), True, REPEATED, None)

    def refused(
        self, message: PKIMessage | None, requester: Requester | None, status: PKIStatusInfo
    ) -> None:
        """The message is wrong, or nobody's who may send it; without one, it cannot be read."""
        who = claims_of(message, requester) if message else ""
        self._tell(message, who, requester is not None, outcome_name(status), status)
        self.is_error = True

    def answered(self, message: PKIMessage, requester: Requester, answer: Response) -> None:
        """The message gets an answer of its kind."""
        status = status_of(answer.body)
        self._tell(message, str(requester), True, outcome_name(status), status)
        self.is_error = answer.body.type is BodyType.ERROR and not answer.expects
        self._count(status)

    def _count(self, status: PKIStatusInfo) -> None:
        """One refusal less to come, if this was one that the CA was told to give."""
        rejects, count = self.behaviour.rejects, self.behaviour.reject_count
        if rejects is None or count is None or status != rejection(rejects):
            return
        left = count - 1
        self.behaviour = replace(
            self.behaviour, rejects=rejects if left else None, reject_count=left or None
        )

    def outcome(self, answer: bytes) -> Outcome:
        """What came of it all."""
        assert self.entry is not None  # noqa: S101  (each way through the CA tells something)
        return Outcome(answer, self.entry, self.behaviour.delay, self.is_error)

    def _tell(
        self,
        message: PKIMessage | None,
        who: str,
        is_authenticated: bool,
        outcome: str,
        status: PKIStatusInfo | None,
    ) -> None:
        transaction_id = (message.header.transaction_id if message else None) or b""
        self.entry = RequestEntry(
            self.now.isoformat(),
            transaction_id.hex(),
            kind_of(message.body) if message else "",
            who,
            is_authenticated,
            outcome,
            failures_of(status) if status else "",
            reason_of(status) if status else "",
        )
        self._ledger.record(self.entry)


def kind_of(body: PKIBody) -> str:
    """The ASN.1 name of a body."""
    if isinstance(body.content, OtherContent):
        return body.content.name
    return str(body.type)


def status_of(body: PKIBody) -> PKIStatusInfo:
    """What an answer says of the request; what has no status accepts it."""
    match body.content:
        case CertRepMessage(responses=(response, *_)):
            return response.status
        case RevRepContent(statuses=(status, *_)):
            return status
        case ErrorMsgContent(status=status):
            return status
        case PollRepContent():
            return _WAITING
        case _:
            return _ACCEPTED


def claims_of(message: PKIMessage, requester: Requester | None) -> str:
    """Who sent a message: who it is, or else who it says it is, as the ledger writes it."""
    if requester is not None:
        return str(requester)
    if message.header.sender_kid and message.header.protection_alg and is_mac(message):
        return f"reference:{message.header.sender_kid[:64].hex()}"
    return ""


def outcome_name(status: PKIStatusInfo) -> str:
    """The RFC's name of a PKIStatus (RFC 9810 5.2.3)."""
    return _STATUSES.get(PKIStatus(status.status), str(int(status.status)))


def failures_of(status: PKIStatusInfo) -> str:
    """The names of failInfo with blanks between."""
    return " ".join(map(failure_name, sorted(status.fail_info)))


def reason_of(status: PKIStatusInfo) -> str:
    """The statusString as one line."""
    return clean("; ".join(status.status_string)[:_LONGEST])

"""A message with the labels of its path, and its answer with what the ledger says of it: the data of both."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...cmp.errors import clean, failure_name
from ...cmp.model import (
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
from ..ledger.traffic import RequestEntry
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

"""What is durable of a CMP operation and what happens in, what is done next and why out: one table, as data.

Rules, in the order in which the table relies on them:

1. A phase is what the journal says; it changes only in the transaction that makes the next message durable.
   So a process may die anywhere, and the next one finds a phase and, with it, the bytes to go on with.
2. Until the CA has issued, the same bytes are sent again: a CA that has them answers as before, one that has
   not takes them as new. Once it has issued, the certificate and its key are here.
3. What the CA issued ends recorded here with its key, rejected by certConf (RFC 9810 5.3.18) or revoked by rr
   (5.3.9). What is given up is ended the same way: first the phase that says so, then the message.
4. Only a protected answer of the CA closes an operation. What anybody could have said leaves it open.

`runtime/recovery/conduct.py` looks up each act here; `csc plan --crash`, `csc resume --list` and
`docs/recovery.md` are made of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .phases import Act, Event, Phase


@dataclass(frozen=True, slots=True)
class Row:
    """What is done, in which phase that leaves the operation, and why."""

    act: Act
    next: Phase
    reason: str


TABLE: dict[tuple[Phase, Event], Row] = {}


def look(phase: Phase, event: Event) -> Row:
    """The row for what happens in a phase.

    Raises:
        KeyError: if that cannot happen there.
    """
    return TABLE[phase, event]


def knows(phase: Phase, event: Event) -> bool:
    """Whether there is a row for what happens in a phase."""
    return (phase, event) in TABLE


def _rows(phases: Iterable[Phase], event: Event, act: Act, next_: Phase | None, why: str) -> None:
    """The same for several phases; without `next_` they stay what they are."""
    for phase in phases:
        assert (phase, event) not in TABLE  # noqa: S101  (each is said once)
        TABLE[phase, event] = Row(act, next_ or phase, why)


_P, _E, _A = Phase, Event, Act
_ASKED, _POLLED = (_P.REQUESTED, _P.ENDING), (_P.WAITING, _P.ENDING_WAITING)
_WANTED = (_P.REQUESTED, _P.WAITING)
_UNWANTED = (_P.ENDING, _P.ENDING_WAITING)
_BEFORE_ISSUE = (*_WANTED, *_UNWANTED)
_REVOKING = (_P.REVOKING, _P.REVOKING_WAITING)
_CONFIRMING = (_P.RECEIVED, _P.REJECTING, _P.UNFIT)
_UNDECIDED_BY_MESSAGE = (*_POLLED, _P.REVOKING_WAITING, _P.RECEIVED, _P.UNFIT)
_EXCHANGING = (*_BEFORE_ISSUE, *_REVOKING, *_CONFIRMING)

# -- the beginning -----------------------------------------------------------------------------------
_rows(
    [_P.NOTHING],
    _E.BEGIN,
    _A.ASK,
    _P.REQUESTED,
    "nothing has left this machine before it is written down",
)
_rows(
    [_P.NOTHING],
    _E.BEGIN_REVOCATION,
    _A.ASK,
    _P.REVOKING,
    "nothing has left this machine before it is written down",
)
_rows(
    [_P.NOTHING],
    _E.RESUMED,
    _A.NOTHING,
    None,
    "the CA has heard nothing: the script asks as for the first time",
)

# -- a new process -----------------------------------------------------------------------------------
_rows(
    [*_ASKED, _P.REVOKING],
    _E.RESUMED,
    _A.SEND_AGAIN,
    None,
    "a CA that has answered these bytes answers as before, one that never got them takes them now",
)
_rows(
    [*_ASKED, _P.REVOKING],
    _E.RESUMED_LATER,
    _A.SEND_AGAIN,
    None,
    "a CA that has answered these bytes answers as before; one that never got them may find them too old",
)
_rows(
    [*_POLLED, _P.REVOKING_WAITING],
    _E.RESUMED,
    _A.SEND_LAST,
    None,
    "the CA has the request, and is asked whether it has decided",
)
_rows(_CONFIRMING, _E.RESUMED, _A.SEND_LAST, None, "a CA that has taken it says so again")
_rows(
    [*_POLLED, _P.REVOKING_WAITING, *_CONFIRMING],
    _E.RESUMED_LATER,
    _A.REMAKE,
    None,
    "CAs compare messageTime with their clocks; transactionID and recipNonce stay",
)
_rows(
    [_P.GRANTED, _P.CONFIRMED, _P.REVOKED],
    _E.RESUMED,
    _A.TAKE_OVER,
    _P.RECORDED,
    "for the CA it is over",
)
_rows(
    [_P.UNWANTED],
    _E.RESUMED,
    _A.REVOKE,
    None,
    "a certificate that nobody wants, and that is valid, is revoked",
)
_rows(
    [_P.RECORDED],
    _E.RESUMED,
    _A.BIND,
    _P.BOUND,
    "certificate and key are in the state; the next apply of the script finds them",
)
_rows([_P.BOUND], _E.RESUMED, _A.NOTHING, None, "it is part of a committed configuration")

# -- another secret ----------------------------------------------------------------------------------
_rows(
    _BEFORE_ISSUE,
    _E.OTHER_SECRET,
    _A.CLOSE,
    _P.CLOSED,
    "its answer could be anybody's; what the CA issued stays unconfirmed, which the CA revokes by itself",
)
_rows(
    _BEFORE_ISSUE,
    _E.UNSURE_SECRET,
    _A.LEAVE,
    None,
    "the right secret may still be set; the script, or --give-up, decides",
)

# -- giving up ---------------------------------------------------------------------------------------
_rows(
    [_P.REQUESTED],
    _E.GIVEN_UP,
    _A.NOTE,
    _P.ENDING,
    "whether the CA has issued is found out by asking again",
)
_rows(
    [_P.WAITING],
    _E.GIVEN_UP,
    _A.NOTE,
    _P.ENDING_WAITING,
    "the CA has not decided, and cannot be told to forget it: what it issues is rejected",
)
_rows(
    [_P.RECEIVED],
    _E.GIVEN_UP,
    _A.WRITE_REJECTION,
    _P.REJECTING,
    "what is not confirmed yet is rejected (RFC 9810 5.3.18)",
)
_rows(
    [_P.GRANTED, _P.CONFIRMED],
    _E.GIVEN_UP,
    _A.NOTE,
    _P.UNWANTED,
    "for the CA it is valid: only a revocation ends it",
)
_rows(
    [*_UNWANTED, _P.REJECTING, _P.UNFIT, _P.UNWANTED],
    _E.GIVEN_UP,
    _A.GO_ON,
    None,
    "it is being ended already",
)
_rows(
    [*_REVOKING, _P.REVOKED],
    _E.GIVEN_UP,
    _A.GO_ON,
    None,
    "the CA may have revoked already, which nobody can take back: it is finished",
)

# -- the CA answers the request ----------------------------------------------------------------------
_rows(
    _WANTED,
    _E.CERTIFICATE,
    _A.KEEP,
    _P.RECEIVED,
    "it is durable before the CA hears that it is taken; one that comes a second time is the same",
)
_rows(
    _WANTED, _E.CERTIFICATE_FINAL, _A.KEEP_FINAL, _P.GRANTED, "implicitConfirm: it is valid already"
)
_rows(
    _UNWANTED,
    _E.CERTIFICATE,
    _A.KEEP_REJECTED,
    _P.REJECTING,
    "nobody wants it any more: the CA is to end it (RFC 9810 5.3.18)",
)
_rows(
    _UNWANTED,
    _E.CERTIFICATE_FINAL,
    _A.KEEP_FINAL,
    _P.UNWANTED,
    "it is valid already: only a revocation ends it",
)
_rows(_BEFORE_ISSUE, _E.UNFIT, _A.WRITE_REJECTION, _P.UNFIT, "the CA is told, and ends it")
_rows(
    _BEFORE_ISSUE,
    _E.UNFIT_FINAL,
    _A.KEEP_FINAL,
    _P.UNWANTED,
    "there is no certConf to reject it with: only a revocation ends it",
)
_rows(
    _BEFORE_ISSUE,
    _E.UNFIT_FOREIGN,
    _A.CLOSE,
    _P.CLOSED,
    "nothing of ours can revoke it: the message says what the CA's operator has to revoke",
)
_rows([_P.REQUESTED], _E.WAITS, _A.WRITE_POLL, _P.WAITING, "from now on it is polled for")
_rows([_P.ENDING], _E.WAITS, _A.WRITE_POLL, _P.ENDING_WAITING, "from now on it is polled for")
_rows([_P.REVOKING], _E.WAITS, _A.WRITE_POLL, _P.REVOKING_WAITING, "from now on it is polled for")
_rows([*_POLLED, _P.REVOKING_WAITING], _E.WAITS, _A.WRITE_POLL, None, "it is polled on")
_rows(
    _REVOKING,
    _E.REVOKED,
    _A.NOTE,
    _P.REVOKED,
    "that is what was wanted, whether now or after a lost answer",
)
_rows(
    [*_BEFORE_ISSUE, *_REVOKING],
    _E.REFUSED,
    _A.CLOSE,
    _P.CLOSED,
    "nothing comes of it; an operation that was taken up is asked for afresh if the script still means it",
)

# -- the CA answers the certConf ---------------------------------------------------------------------
_rows([_P.RECEIVED], _E.CONFIRMED, _A.NOTE, _P.CONFIRMED, "for the CA it is over")
_rows([_P.RECEIVED], _E.CONFIRMED_BEFORE, _A.NOTE, _P.CONFIRMED, "its first answer was lost")
_rows(
    [_P.RECEIVED],
    _E.REFUSED,
    _A.LEAVE,
    None,
    "the certificate is here; the CA may have had a bad moment",
)
_rows(
    [_P.RECEIVED],
    _E.FORGOTTEN,
    _A.NOTE,
    _P.CONFIRMED,
    "the CA has forgotten the transaction, not ended the certificate, which is here with its key",
)
_rows(
    [_P.RECEIVED],
    _E.ENDED,
    _A.CLOSE,
    _P.CLOSED,
    "certRevoked or badCertId: it was confirmed too late, and is of no use",
)
_rows(
    [_P.REJECTING, _P.UNFIT], _E.CONFIRMED, _A.CLOSE, _P.CLOSED, "the CA has ended the certificate"
)
_rows(
    [_P.REJECTING],
    _E.CONFIRMED_BEFORE,
    _A.NOTE,
    _P.UNWANTED,
    "an earlier certConf had arrived: only a revocation ends it",
)
_rows(
    [_P.REJECTING],
    _E.REFUSED,
    _A.NOTE,
    _P.UNWANTED,
    "whatever the CA made of the transaction, a revocation ends the certificate",
)
_rows([_P.REJECTING], _E.ENDED, _A.CLOSE, _P.CLOSED, "the CA has ended it by itself")
_rows([_P.UNFIT], _E.CONFIRMED_BEFORE, _A.CLOSE, _P.CLOSED, "the CA had its answer before")
_rows(
    [_P.UNFIT],
    _E.REFUSED,
    _A.CLOSE,
    _P.CLOSED,
    "the CA has been told; what it does not let be rejected, its operator has to revoke",
)
_rows([_P.UNFIT], _E.ENDED, _A.CLOSE, _P.CLOSED, "the CA has ended it by itself")
_rows(_CONFIRMING, _E.WAITS, _A.GO_ON, None, "the journal has the certConf already")

# -- nothing is learned ------------------------------------------------------------------------------
_rows(
    [_P.REQUESTED, _P.REVOKING],
    _E.NEVER_SENT,
    _A.CLOSE,
    _P.CLOSED,
    "the first run could not connect: the CA has heard nothing",
)
_rows(
    _EXCHANGING,
    _E.NO_ANSWER,
    _A.LEAVE,
    None,
    "whether the CA acted is not known: the same is sent again",
)
_rows(
    [*_POLLED, _P.REVOKING_WAITING, *_CONFIRMING],
    _E.TIME_LIMIT,
    _A.LEAVE,
    None,
    "it can be polled for as long as it takes",
)
_rows(
    _EXCHANGING,
    _E.DOUBTFUL,
    _A.LEAVE,
    None,
    "nobody in between can make it forgotten; a clock that is wrong here, neither",
)

_rows(
    _UNDECIDED_BY_MESSAGE,
    _E.MESSAGE_REFUSED,
    _A.LEAVE,
    None,
    "badTime, badSenderNonce, systemUnavail and the like decide nothing: the CA goes on with the operation",
)
_rows(
    [*_ASKED, _P.REVOKING],
    _E.MESSAGE_REFUSED,
    _A.LEAVE,
    None,
    "systemUnavail or systemFailure, said to a later run: an earlier one may have been heard",
)

# -- the end -----------------------------------------------------------------------------------------
_rows(
    [_P.GRANTED, _P.CONFIRMED, _P.REVOKED],
    _E.RECORDED,
    _A.NOTE,
    _P.RECORDED,
    "in one transaction with the device's certificates",
)
_rows(
    [_P.UNWANTED],
    _E.REVOKED,
    _A.CLOSE,
    _P.CLOSED,
    "in one transaction with the end of the revocation",
)
_rows(
    [_P.RECORDED],
    _E.BOUND,
    _A.NOTHING,
    _P.BOUND,
    "certificate and key are part of the committed configuration",
)


# The courses that an operation takes if nothing goes wrong.
ENROLMENT = (_E.BEGIN, _E.WAITS, _E.CERTIFICATE, _E.CONFIRMED, _E.RECORDED, _E.BOUND)
IMPLICIT = (_E.BEGIN, _E.WAITS, _E.CERTIFICATE_FINAL, _E.RECORDED, _E.BOUND)
REVOCATION = (_E.BEGIN_REVOCATION, _E.WAITS, _E.REVOKED)


def course(events: Iterable[Event]) -> tuple[Phase, ...]:
    """The phases that these events lead through, from the first on."""
    phases = [Phase.NOTHING]
    for event in events:
        phases.append(look(phases[-1], event).next)
    return tuple(phases)

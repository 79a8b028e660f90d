"""The messages that a plan has for an operation in, and those that pass; a difference is an error.

An operation exchanges `CmpOperation.messages`, one after the other. What no plan can know is allowed beside:

    the CA has not decided          any number of pollReq, each answered by pollRep or what is polled for
    the key can only decrypt        popdecc, popdecr, once
    implicitConfirm not granted     certConf, pkiconf, where the plan hopes to do without them
    an earlier run left it open     it begins with pollReq or certConf; and where the CA does not take it up,
                                    the operation begins anew, once, as another transaction
    the CA refuses                  error in place of an answer

Nothing else is sent. An answer is judged by the transaction first, which knows more and says it better; what
it lets pass though the plan has it not, stops the operation before its next message.
"""

from __future__ import annotations

from collections.abc import Callable

from ...compiler.plan import ANSWERS, CmpOperation
from ..cmp.codec import decode
from ..cmp.errors import MalformedMessage
from ..cmp.http.tls import TlsTrust
from ..cmp.model import (
    BodyType,
    CertRepMessage,
    ErrorMsgContent,
    PKIMessage,
    PKIStatus,
    RevRepContent,
)
from ..errors import NotPlanned
from ..operation import Send
from ..report import Messages

_CONFIRMATION = (BodyType.CERT_CONF.value, BodyType.PKI_CONF.value)

# Hears of each message, before it leaves or once it came: whether it is sent, and its type.
Hear = Callable[[bool, str], None]


class Meter:
    """Holds the messages of one operation against its plan. For one thread."""

    def __init__(self, operation: CmpOperation, hear: Hear) -> None:
        self._planned = operation.messages
        self._may_confirm = operation.server.is_implicit
        self._answer = ANSWERS[operation.request_type]
        self._challenges_left = 0 if operation.is_central else 1
        self._beginnings_left = 1
        self._hear = hear
        self._at = 0  # the place in `_planned` of what comes next: even is sent, odd is received
        self._last = ""  # the type of the last message, either way
        self._was_counted = False  # whether that one is in `_sent`
        self._transaction: bytes | None = None
        self._is_refused = False
        self._fault: str | None = None
        self._sent = self._extra = 0

    @property
    def messages(self) -> Messages:
        """What was planned and what passed, up to now."""
        return Messages(len(self._planned), self._sent, self._extra)

    def over(self, send: Send) -> Send:
        """`send`, with what passes held against the plan.

        What is given back raises NotPlanned before a message leaves that the plan does not have.
        """

        def send_metered(url: str, message: bytes, tls: TlsTrust | None) -> bytes:
            leaving = decode(message)
            self._leave(leaving)
            self._hear(True, _kind(leaving))
            answer = send(url, message, tls)
            try:
                coming = decode(answer)
            except MalformedMessage:
                self._fault = "what came is no CMP message"
                return answer
            self._come(_kind(coming))
            self._is_refused = _is_refusal(coming)
            self._hear(False, _kind(coming))
            return answer

        return send_metered

    def _leave(self, message: PKIMessage) -> None:
        kind, transaction = _kind(message), message.header.transaction_id
        is_first = self._transaction is None
        if is_first or self._begins_anew(kind, transaction):
            is_planned = self._begin(kind)
        elif self._fault is not None:
            raise NotPlanned(*_difference(self._planned, self._fault))
        elif transaction != self._transaction:
            is_planned = None
        else:
            is_planned = self._follow(kind)
        if is_planned is None:
            due = self._due() or "nothing"
            what = f"{kind} was to be sent where {due} was planned"
            raise NotPlanned(*_difference(self._planned, what))
        self._transaction = transaction
        self._count(kind, is_planned=is_planned)

    def _begins_anew(self, kind: str, transaction: bytes | None) -> bool:
        """Whether the CA has refused what an earlier run left open, and this is the operation afresh."""
        if kind != self._planned[0] or transaction == self._transaction or not self._is_refused:
            return False
        self._beginnings_left -= 1
        return self._beginnings_left >= 0

    def _begin(self, kind: str) -> bool | None:
        """Whether the first message is a planned one (else one more), None if it must not be sent."""
        self._fault = None
        if kind == BodyType.POLL_REQ:
            self._at = 1
            return False
        if kind == _CONFIRMATION[0] and (self._may_confirm or kind in self._planned):
            self._at = 3
            return kind in self._planned
        if kind == self._planned[0]:
            self._at = 1
            return True
        return None

    def _follow(self, kind: str) -> bool | None:
        """As `_begin`, of a later message."""
        if kind == BodyType.POLL_REQ and self._last not in ("", BodyType.POP_DEC_CHALL):
            if self._at % 2 == 0:  # what came said no more than that nothing is decided
                self._at -= 1
            if self._was_counted:
                self._sent, self._extra = self._sent - 1, self._extra + 1
            return False
        if kind == BodyType.POP_DEC_RESP and self._last == BodyType.POP_DEC_CHALL:
            return False
        if kind == self._due() and self._at % 2 == 0:
            self._at += 1
            return self._at <= len(self._planned)
        return None

    def _come(self, kind: str) -> None:
        is_planned = False
        if kind == self._due():
            self._at += 1
            is_planned = self._at <= len(self._planned)
        elif kind == BodyType.ERROR:
            is_planned = True
        elif kind == BodyType.POP_DEC_CHALL and self._due() == self._answer:
            self._challenges_left -= 1
            if self._challenges_left < 0:
                self._fault = f"{kind} came once more than a transaction has it"
        elif not (kind == BodyType.POLL_REP and self._last == BodyType.POLL_REQ):
            self._fault = f"{kind} came where {self._due() or 'nothing'} was planned"
        self._count(kind, is_planned=is_planned)

    def _due(self) -> str | None:
        if self._at < len(self._planned):
            return self._planned[self._at]
        if self._may_confirm and self._at < len(self._planned) + 2:
            return _CONFIRMATION[self._at - len(self._planned)]
        return None

    def _count(self, kind: str, *, is_planned: bool) -> None:
        self._last, self._was_counted = kind, is_planned
        if is_planned:
            self._sent += 1
        else:
            self._extra += 1


def _kind(message: PKIMessage) -> str:
    return "another message" if message.body.type is None else message.body.type.value


def _is_refusal(message: PKIMessage) -> bool:
    """Whether the CA says no."""
    match message.body.content:
        case ErrorMsgContent(status=status):
            statuses = [status]
        case CertRepMessage(responses=responses):
            statuses = [response.status for response in responses]
        case RevRepContent(statuses=statuses):
            pass
        case _:
            return False
    return all(status.status == PKIStatus.REJECTION for status in statuses)


def _difference(planned: tuple[str, ...], what: str) -> tuple[str, str]:
    """The text and the way out of NotPlanned."""
    return (
        f"planned {len(planned)} messages ({', '.join(planned)}): {what}",
        "nothing of it was sent, and the journal has the operation: report it with what"
        " `csc apply --record FILE` keeps",
    )

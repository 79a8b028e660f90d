"""The messages that a plan has for an operation in, and those that pass; a difference is an error.

An operation is one transaction, whose messages are `CmpOperation.messages` (`sequence` says what may come on
top). Before it begins, others may have their say:

    what an earlier run left open   goes on in its own transaction: taken up, or ended if nobody wants it
    what that has issued            is revoked, if nobody wants it: an rr for each that is open

After it one rr may follow: for a certificate that was not asked for and needs no confirmation, so that none
can reject it.

Nothing else is sent. An operation does not begin after one that it would double: whose certificate was
confirmed. An answer is judged by the transaction first, which knows more and says it better; what it lets
pass though the plan has it not, stops the operation before its next message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...compiler.plan import ANSWERS, CmpOperation, RequestType
from ..cmp.codec import decode
from ..cmp.errors import MalformedMessage
from ..cmp.http.tls import TlsTrust
from ..cmp.model import BodyType, CertConfirmContent, PKIMessage, PKIStatus
from ..errors import NotPlanned
from ..operation import Send
from ..report import Messages
from .sequence import Sequence

# Hears of each message, before it leaves or once it came: whether it is sent, and its type.
Hear = Callable[[bool, str], None]


class Meter:
    """Holds the messages of one operation against its plan. For one thread.

    `earlier` has what earlier runs left open for the same certificate: their requests, by transactionID.
    """

    def __init__(self, operation: CmpOperation, earlier: Mapping[bytes, bytes], hear: Hear) -> None:
        self._planned = operation.messages
        self._may_confirm = operation.server.is_implicit
        self._earlier = dict(earlier)
        self._revocations_left = len(earlier)
        self._hear = hear
        self._own: Sequence | None = None
        self._all: list[Sequence] = []
        self._transaction: bytes | None = None
        self._has_accepted = False  # the last certConf takes what was issued
        self._is_confirmed = False
        self._has_taken_back = False

    @property
    def messages(self) -> Messages:
        """What was planned and what passed, up to now; what goes on for another is one more."""
        passed = sum(each.sent + each.extra for each in self._all)
        counted = self._own or (self._all[-1] if self._all else None)
        sent = 0 if counted is None else counted.sent
        return Messages(len(self._planned), sent, passed - sent)

    def over(self, send: Send) -> Send:
        """`send`, with what passes held against the plan.

        What is given back raises NotPlanned before a message leaves that the plan does not have.
        """

        def send_metered(url: str, message: bytes, tls: TlsTrust | None) -> bytes:
            leaving = decode(message)
            sequence = self._leave(leaving)
            self._hear(True, _kind(leaving))
            answer = send(url, message, tls)
            try:
                kind = _kind(decode(answer))
            except MalformedMessage:
                sequence.fault = "what came is no CMP message"
                return answer
            sequence.come(kind)
            self._is_confirmed |= kind == BodyType.PKI_CONF and self._has_accepted
            self._hear(False, kind)
            return answer

        return send_metered

    def _leave(self, message: PKIMessage) -> Sequence:
        kind, transaction = _kind(message), message.header.transaction_id
        if transaction != self._transaction or not self._all:
            sequence = self._begin(kind, transaction)
            self._all.append(sequence)
            self._transaction = transaction
        sequence = self._all[-1]
        if not sequence.leave(kind):
            raise self._not_planned(kind, sequence.due, sequence.fault)
        if isinstance(message.body.content, CertConfirmContent):
            self._has_accepted = _accepts(message.body.content)
        return sequence

    def _begin(self, kind: str, transaction: bytes | None) -> Sequence:
        """What the first message of a transaction belongs to."""
        request = self._earlier.pop(transaction or b"", None)
        if request is not None:
            return Sequence(_messages_of(request), is_taken_up=True)
        if kind == self._planned[0] and self._own is None and not self._is_confirmed:
            self._own = Sequence(self._planned, may_confirm=self._may_confirm)
            return self._own
        if kind == BodyType.RR and (self._revocations_left or self._may_take_back):
            if self._may_take_back:
                self._has_taken_back = True
            else:
                self._revocations_left -= 1
            return Sequence((BodyType.RR.value, BodyType.RP.value))
        due = self._all[-1].due if self._all else self._planned[0]
        raise self._not_planned(kind, due, None)

    @property
    def _may_take_back(self) -> bool:
        """Whether an operation that may need no confirmation has its answer, and nothing was confirmed."""
        is_answered = self._may_confirm and self._own is not None and self._own.sent > 1
        return is_answered and not self._is_confirmed and not self._has_taken_back

    def _not_planned(self, kind: str, due: str, fault: str | None) -> NotPlanned:
        what = fault or f"{kind} was to be sent where {due} was planned"
        return NotPlanned(
            f"planned {len(self._planned)} messages ({', '.join(self._planned)}): {what}",
            "the message was not sent, and the journal has the operation: report it with what"
            " `csc apply --record FILE` keeps",
        )


def _messages_of(request: bytes) -> tuple[str, ...]:
    """What a transaction exchanges that began with `request`."""
    kind = _kind(decode(request))
    asked = (kind, ANSWERS[RequestType(kind)])
    if kind == BodyType.RR:
        return asked
    return (*asked, BodyType.CERT_CONF.value, BodyType.PKI_CONF.value)


def _accepts(content: CertConfirmContent) -> bool:
    """Whether a certConf takes the certificate (RFC 9810 5.3.18)."""
    statuses = [each.status for each in content.statuses]
    return bool(statuses) and not any(
        status is not None and status.status == PKIStatus.REJECTION for status in statuses
    )


def _kind(message: PKIMessage) -> str:
    return "another message" if message.body.type is None else message.body.type.value

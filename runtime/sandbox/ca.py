"""The sandbox CA: requests as bytes in, answers as bytes out. A strict CMP server, without HTTP."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509

from ..cmp.codec import decode
from ..cmp.errors import MalformedMessage
from ..cmp.model import (
    BodyType,
    CertConfirmContent,
    ErrorMsgContent,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatusInfo,
    PollReqContent,
)
from ..cmp.protection import (
    Credential,
    OwnMac,
    PasswordCredential,
    SignatureCredential,
    protect,
)
from .authority.folder import open_authority, store_authority
from .authority.making import new_keys, rolled_over
from .authority.settings import AuthoritySettings
from .behaviour import USUAL, Behaviour
from .ledger.ledger import Ledger, LedgerEntry
from .ledger.traffic import RequestEntry
from .requests.confirmation import confirm
from .requests.desk import Desk, Order, Response
from .requests.examine import examine
from .requests.labels import check_label
from .requests.outcome import Outcome, Posted, Visit, status_of
from .requests.refusal import Refusal, rejection
from .requests.requester import (
    NONCE_SIZE,
    TRANSACTION_ID_SIZE,
    Requester,
    authenticate,
    check_header,
    mac_scheme,
)
from .requests.waiting import poll, put_off
from .switches import changed


class SandboxCA:
    """A CA with its keys and ledger in a folder. Secrets are in memory only. Safe to use from threads."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime],
        behaviour: Behaviour = USUAL,
        settings: AuthoritySettings | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._behaviour = behaviour
        self._secrets: dict[bytes, bytes] = {}
        self._switching = threading.Lock()
        self._ledger = Ledger(folder / "ledger.db")
        try:
            with self._ledger.transaction():  # one process at a time makes keys
                self._authority = open_authority(folder, settings, clock())
        except BaseException:
            self._ledger.close()
            raise

    @classmethod
    def open(
        cls,
        folder: Path,
        clock: Callable[[], datetime] | None = None,
        behaviour: Behaviour = USUAL,
        settings: AuthoritySettings | None = None,
    ) -> Self:
        """The CA in `folder`, which is made if there is none. `clock` gives the time in UTC.

        `behaviour` is not kept in the folder; what waits there goes on waiting under another one. `settings`
        are what a CA is made with; where there is one, it has to be as they say.

        Raises:
            OSError, ValueError: if the folder cannot be used, or does not hold such a CA.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(folder, clock or (lambda: datetime.now(UTC)), behaviour, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    @property
    def root(self) -> x509.Certificate:
        """The root certificate: what end entities have to trust."""
        return self._authority.root.certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """What lies between what is issued now and any root of this CA, the issuing CA first."""
        return self._authority.chain

    def roll_over(self, key_kind: str | None = None) -> x509.Certificate:
        """Make a new root, and a new issuing CA under it; the new root comes back (RFC 9810 4.4).

        What was issued before stays valid, and the old root goes on leading to what is issued from now on.
        `key_kind` is one of `KEY_KINDS`; None: as before. Requests at the same time are answered by the CA
        from before or after.

        Raises:
            OSError: if the folder cannot be written.
            ValueError: if there are no such keys.
        """
        kind = self._authority.root.key_type
        if key_kind is not None:
            kind = AuthoritySettings(key_kind).key_type
        keys = new_keys(kind)  # before anybody has to wait
        with self._ledger.transaction():
            now = self._clock()
            authority = rolled_over(open_authority(self._folder, None, now), keys, now)
            store_authority(self._folder, authority)
            self._authority = authority
        return authority.root.certificate

    def add_secret(self, reference: bytes, secret: bytes) -> None:
        """Accept requests under a reference number."""
        self._secrets[reference] = secret

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Everything that was ever issued, oldest first."""
        return self._ledger.entries()

    def requests(self) -> tuple[RequestEntry, ...]:
        """Every message that ever came, oldest first."""
        return self._ledger.requests()

    @property
    def behaviour(self) -> Behaviour:
        """How requests are dealt with from now on."""
        return self._behaviour

    def change_behaviour(self, changes: Mapping[str, object]) -> Behaviour:
        """Deal with requests otherwise from now on; each that is under way goes on as it began.

        Raises:
            ValueError: if a name is not known, or a value is none for it; then nothing is changed.
        """
        with self._switching:
            self._behaviour = changed(self._behaviour, changes)
            return self._behaviour

    def respond(self, data: bytes) -> bytes:
        """The answer to a request. A refusal is an answer, too."""
        return self.handle(Posted(data)).answer

    def handle_all(self, posted: Sequence[Posted]) -> list[Outcome | Exception]:
        """What becomes of messages that came at about the same time, in order; all is durable then, at once.

        Whatever one of them brings about by a mistake of this program is undone, and stands in its place.

        Raises:
            sqlite3.Error: if nothing of it can be kept; then nothing of it was done.
        """
        outcomes: list[Outcome | Exception] = []
        with self._ledger.transaction():
            for message in posted:
                try:
                    outcomes.append(self.handle(message))
                except Exception as error:
                    outcomes.append(error)
        return outcomes

    def handle(self, posted: Posted) -> Outcome:
        """What becomes of a message, entered in the ledger."""
        with self._ledger.transaction():  # one at a time: refusals are counted
            behaviour = self._behaviour
            now = self._clock() + timedelta(seconds=behaviour.clock_offset)
            visit = Visit(posted, behaviour, self._ledger, now)
            return visit.outcome(self._respond(posted.data, visit))

    def _respond(self, data: bytes, visit: Visit) -> bytes:
        try:
            message = decode(data)
        except MalformedMessage as error:
            refusal = Refusal(PKIFailureInfo.BAD_DATA_FORMAT, str(error))
            visit.refused(None, None, refusal.status)
            return self._refuse(None, refusal.status, self._own_credential(), visit.now)
        return self._answer(message, data, visit)

    def _answer(self, message: PKIMessage, data: bytes, visit: Visit) -> bytes:
        """The answer to a message that could be read."""
        header, now = message.header, visit.now
        if header.transaction_id is not None:
            earlier = self._ledger.answer_to(header.transaction_id, data)
            if earlier is not None:
                visit.repeated(message)
                return earlier
        credential: Credential = self._own_credential()
        mac: OwnMac | None = None
        requester: Requester | None = None
        try:
            check_header(header, self._authority, now)
            requester = authenticate(message, self._secrets, self._ledger.find, now)
            credential, mac = self._credential_for(message, requester), requester.mac
            desk = self._desk(visit)
            order = Order(header, message.body, requester)
            if visit.posted.operation:
                begun_with = self._ledger.begun_with(order.transaction_id)
                check_label(visit.posted.operation, message.body, begun_with)
            answer = _handle(desk, order, data)
        except Refusal as refusal:
            visit.refused(message, requester, refusal.status)
            return self._refuse(header, refusal.status, credential, now, mac)
        nonce = os.urandom(NONCE_SIZE)
        response = protect(
            self._header(header, nonce, credential, now, answer.general_info),
            answer.body,
            credential,
            random=os.urandom,
            mac=mac,
            extra=answer.certificates,
        )
        self._ledger.store_answer(order.transaction_id, data, response, nonce, answer.expects)
        visit.answered(message, requester, answer)
        self._count(visit.behaviour, status_of(answer.body))
        return response

    def _desk(self, visit: Visit) -> Desk:
        return Desk(self._authority, self._ledger, visit.behaviour, visit.now, visit.posted.profile)

    def _count(self, behaviour: Behaviour, status: PKIStatusInfo) -> None:
        """One refusal less to come, if this was one that the CA was told to give."""
        if behaviour.reject_count is None or behaviour.rejects is None:
            return
        if status != rejection(behaviour.rejects):
            return
        with self._switching:
            if self._behaviour is behaviour:  # else somebody has said otherwise meanwhile
                left = behaviour.reject_count - 1
                self._behaviour = replace(
                    behaviour,
                    rejects=behaviour.rejects if left else None,
                    reject_count=left or None,
                )

    def _credential_for(self, message: PKIMessage, requester: Requester) -> Credential:
        """What answers are protected with: as the request was, with the same kind of MAC (RFC 9483 3.2)."""
        if requester.reference is None:
            return self._own_credential()
        secret = self._secrets[requester.reference]
        return PasswordCredential(requester.reference, secret, mac_scheme(message))

    def _refuse(
        self,
        request: PKIHeader | None,
        status: PKIStatusInfo,
        credential: Credential,
        now: datetime,
        mac: OwnMac | None = None,
    ) -> bytes:
        header = self._header(request, os.urandom(NONCE_SIZE), credential, now)
        return protect(
            header,
            PKIBody(BodyType.ERROR, ErrorMsgContent(status)),
            credential,
            random=os.urandom,
            mac=mac,
        )

    def _header(
        self,
        request: PKIHeader | None,
        nonce: bytes,
        credential: Credential,
        now: datetime,
        general_info: tuple[InfoTypeAndValue, ...] = (),
    ) -> PKIHeader:
        """The header of an answer (RFC 9483 3.1)."""
        sender = self._authority.name
        if isinstance(credential, SignatureCredential):
            sender = credential.certificate.subject
        if request is None:
            return PKIHeader(
                2,
                sender,
                None,
                now,
                transaction_id=os.urandom(TRANSACTION_ID_SIZE),
                sender_nonce=nonce,
            )
        return PKIHeader(
            pvno=min(max(request.pvno, 2), 3),  # RFC 9810 7: the nearest that is supported
            sender=sender,
            recipient=request.sender,
            message_time=now,
            transaction_id=request.transaction_id,
            sender_nonce=nonce,
            recip_nonce=request.sender_nonce,
            general_info=general_info,
        )

    def _own_credential(self) -> SignatureCredential:
        signer = self._authority.signer
        return SignatureCredential(signer.certificate, signer.key, self._authority.chain)


def _handle(desk: Desk, order: Order, data: bytes) -> Response:
    """What comes of a request that is authenticated; `data` is the request as it came."""
    match order.body.content:
        case CertConfirmContent():
            return confirm(desk, order)
        case PollReqContent():
            return poll(desk, order)
        case _:
            if desk.ledger.last_answer(order.transaction_id) is not None:
                raise Refusal(PKIFailureInfo.TRANSACTION_ID_IN_USE, "transactionID was used before")
            deed = examine(desk, order)
            return put_off(desk, order, data) or deed()

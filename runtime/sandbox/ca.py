"""The sandbox CA: requests as bytes in, answers as bytes out. A strict CMP server, without HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
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
from .requests.confirmation import confirm
from .requests.desk import Desk, Order, Response
from .requests.examine import examine
from .requests.refusal import Refusal
from .requests.requester import (
    NONCE_SIZE,
    TRANSACTION_ID_SIZE,
    Requester,
    authenticate,
    check_header,
    mac_scheme,
)
from .requests.waiting import poll, put_off


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

    def respond(self, data: bytes) -> bytes:
        """The answer to a request. A refusal is an answer, too."""
        try:
            message = decode(data)
        except MalformedMessage as error:
            refusal = Refusal(PKIFailureInfo.BAD_DATA_FORMAT, str(error))
            return self._refuse(None, refusal.status, self._own_credential())
        header = message.header
        with self._ledger.transaction():
            if header.transaction_id is not None:
                earlier = self._ledger.answer_to(header.transaction_id, data)
                if earlier is not None:
                    return earlier
            credential: Credential = self._own_credential()
            mac: OwnMac | None = None
            try:
                now = self._clock()
                check_header(header, self._authority, now)
                requester = authenticate(message, self._secrets, self._ledger.find, now)
                credential, mac = self._credential_for(message, requester), requester.mac
                desk = Desk(self._authority, self._ledger, self._behaviour, now)
                answer = _handle(desk, Order(header, message.body, requester), data)
            except Refusal as refusal:
                return self._refuse(header, refusal.status, credential, mac)
            nonce = os.urandom(NONCE_SIZE)
            response = protect(
                self._header(header, nonce, credential, answer.general_info),
                answer.body,
                credential,
                random=os.urandom,
                mac=mac,
                extra=answer.certificates,
            )
            assert header.transaction_id is not None  # noqa: S101  (check_header)
            self._ledger.store_answer(header.transaction_id, data, response, nonce, answer.expects)
            return response

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
        mac: OwnMac | None = None,
    ) -> bytes:
        header = self._header(request, os.urandom(NONCE_SIZE), credential)
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
                self._clock(),
                transaction_id=os.urandom(TRANSACTION_ID_SIZE),
                sender_nonce=nonce,
            )
        return PKIHeader(
            pvno=min(max(request.pvno, 2), 3),  # RFC 9810 7: the nearest that is supported
            sender=sender,
            recipient=request.sender,
            message_time=self._clock(),
            transaction_id=request.transaction_id,
            sender_nonce=nonce,
            recip_nonce=request.sender_nonce,
            general_info=general_info,
        )

    def _own_credential(self) -> SignatureCredential:
        authority = self._authority  # once: another thread may roll over
        signer = authority.signer
        return SignatureCredential(signer.certificate, signer.key, authority.chain)


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

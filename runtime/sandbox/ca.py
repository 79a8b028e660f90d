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
    CertReqMessages,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatusInfo,
    RevReqContent,
)
from ..cmp.protection import Credential, PasswordCredential, SignatureCredential, protect
from .authority import ROOT_NAME, open_authority
from .ledger import Ledger, LedgerEntry
from .refusal import Refusal
from .requester import NONCE_SIZE, TRANSACTION_ID_SIZE, Requester, authenticate, check_header
from .requests import Desk, confirm, enrol, revoke


class SandboxCA:
    """A CA with its keys and ledger in a folder. Secrets are in memory only. Safe to use from threads."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._authority = open_authority(folder, clock())
        self._ledger = Ledger(folder / "ledger.db")
        self._secrets: dict[bytes, bytes] = {}

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], datetime] | None = None) -> Self:
        """The CA in `folder`, which is made if there is none. `clock` gives the time in UTC.

        Raises:
            OSError, ValueError: if the folder cannot be used, or does not hold a CA.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(folder, clock or (lambda: datetime.now(UTC)))

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
        return self._authority.root

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
            try:
                now = self._clock()
                check_header(header, now)
                requester = authenticate(message, self._secrets, self._ledger.find, now)
                if requester.reference is not None:
                    secret = self._secrets[requester.reference]
                    credential = PasswordCredential(requester.reference, secret)
                body = self._handle(message, requester, now)
            except Refusal as refusal:
                return self._refuse(header, refusal.status, credential)
            nonce = os.urandom(NONCE_SIZE)
            response = protect(
                self._header(header, nonce, credential), body, credential, random=os.urandom
            )
            is_enrolment = isinstance(message.body.content, CertReqMessages)
            assert header.transaction_id is not None  # noqa: S101  (check_header)
            self._ledger.store_answer(
                header.transaction_id,
                data,
                response,
                nonce,
                BodyType.CERT_CONF if is_enrolment else "",
            )
            return response

    def _handle(self, message: PKIMessage, requester: Requester, now: datetime) -> PKIBody:
        header, content = message.header, message.body.content
        assert header.transaction_id is not None  # noqa: S101  (check_header)
        desk = Desk(self._authority, self._ledger, now)
        last = self._ledger.last_answer(header.transaction_id)
        if isinstance(content, CertConfirmContent):
            return confirm(desk, content, header, requester, last)
        if last is not None:
            raise Refusal(PKIFailureInfo.TRANSACTION_ID_IN_USE, "transactionID was used before")
        match content:
            case CertReqMessages():
                assert message.body.type is not None  # noqa: S101
                return enrol(desk, message.body.type, content, header, requester)
            case RevReqContent():
                return revoke(desk, content, requester)
            case _:
                name = message.body.type or getattr(content, "name", "this")
                raise Refusal(PKIFailureInfo.BAD_REQUEST, f"{name} is not served here")

    def _refuse(
        self, request: PKIHeader | None, status: PKIStatusInfo, credential: Credential
    ) -> bytes:
        header = self._header(request, os.urandom(NONCE_SIZE), credential)
        return protect(
            header,
            PKIBody(BodyType.ERROR, ErrorMsgContent(status)),
            credential,
            random=os.urandom,
        )

    def _header(self, request: PKIHeader | None, nonce: bytes, credential: Credential) -> PKIHeader:
        """The header of an answer (RFC 9483 3.1)."""
        sender = ROOT_NAME
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
            pvno=request.pvno if request.pvno in (2, 3) else 2,
            sender=sender,
            recipient=request.sender,
            message_time=self._clock(),
            transaction_id=request.transaction_id,
            sender_nonce=nonce,
            recip_nonce=request.sender_nonce,
        )

    def _own_credential(self) -> SignatureCredential:
        return SignatureCredential(self._authority.signer, self._authority.signer_key)

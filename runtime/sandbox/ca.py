"""The sandbox CA: requests as bytes in, answers as bytes out. A strict CMP server, without HTTP."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

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
    PopResponseContent,
)
from ..cmp.protection import (
    Credential,
    OwnMac,
    PasswordCredential,
    SignatureCredential,
    protect,
)
from .authority.authority import ROOT_NAME, open_authority
from .behaviour import USUAL, Behaviour
from .ledger.ledger import Ledger, LedgerEntry
from .requests.confirmation import confirm
from .requests.desk import Desk, Order, Response
from .requests.ending import end
from .requests.examine import examine
from .requests.expiry import expire
from .requests.proving import prove
from .requests.refusal import Refusal
from .requests.rejecting import reject
from .requests.requester import (
    NONCE_SIZE,
    TRANSACTION_ID_SIZE,
    Requester,
    authenticate,
    check_header,
    mac_scheme,
)
from .requests.waiting import poll, put_off

_log = logging.getLogger(__name__)


class SandboxCA:
    """A CA with its keys and ledger in a folder. Secrets are in memory only. Safe to use from threads."""

    def __init__(
        self, folder: Path, clock: Callable[[], datetime], behaviour: Behaviour = USUAL
    ) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._authority = open_authority(folder, clock())
        self._ledger = Ledger(folder / "ledger.db")
        self._secrets: dict[bytes, bytes] = {}
        self._one_time: set[bytes] = set()

    @classmethod
    def open(
        cls,
        folder: Path,
        clock: Callable[[], datetime] | None = None,
        behaviour: Behaviour = USUAL,
    ) -> Self:
        """The CA in `folder`, which is made if there is none. `clock` gives the time in UTC.

        `behaviour` is not kept in the folder; what waits there goes on waiting under another one.

        Raises:
            OSError, ValueError: if the folder cannot be used, or does not hold a CA.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(folder, clock or (lambda: datetime.now(UTC)), behaviour)

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

    def add_secret(self, reference: bytes, secret: bytes, uses: Literal[1] | None = None) -> None:
        """Accept requests under a reference number; with `uses` 1, until one certificate is issued.

        That it was, the ledger remembers by the reference number: it stays used after a restart, whatever
        the secret. It still protects what follows: certConf, pollReq, rr and genm.
        """
        if uses is None:
            self._one_time.discard(reference)
        else:
            self._one_time.add(reference)
        self._secrets[reference] = secret

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Everything that was ever issued, oldest first."""
        with self._ledger.transaction():
            expire(self._ledger, self._clock())
            return self._ledger.entries()

    def respond(self, data: bytes) -> bytes:
        """The answer to a request. A refusal is an answer, too."""
        try:
            message = decode(data)
        except MalformedMessage as error:
            refusal = Refusal(PKIFailureInfo.BAD_DATA_FORMAT, str(error))
            return self._refuse(None, refusal.status, self._own_credential())
        header = message.header
        credential: Credential = self._own_credential()
        mac: OwnMac | None = None
        try:
            with self._ledger.transaction():
                if header.transaction_id is not None:
                    earlier = self._ledger.answer_to(header.transaction_id, data)
                    if earlier is not None:
                        return earlier
                now = self._clock()
                expire(self._ledger, now)
                try:
                    check_header(header, now, needs_time=self._behaviour.needs_message_time)
                    requester = authenticate(message, self._secrets, self._ledger.find, now)
                    credential, mac = self._credential_for(message, requester), requester.mac
                    desk = Desk(self._authority, self._ledger, self._behaviour, now, self._one_time)
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
                )
                self._keep(header, data, response, nonce, answer.expects)
                return response
        except Exception:
            # A fault of ours. What was begun is rolled back, and the client gets to know that it failed.
            _log.exception("a request could not be handled")
            failed = Refusal(PKIFailureInfo.SYSTEM_FAILURE, "the CA failed; nothing was changed")
            return self._refuse(header, failed.status, credential, mac)

    def _keep(
        self, header: PKIHeader, request: bytes, response: bytes, nonce: bytes, expects: str
    ) -> None:
        """Enter an answer; `nonce` is its own."""
        assert header.transaction_id is not None  # noqa: S101  (check_header)
        assert header.sender_nonce is not None  # noqa: S101  (check_header)
        self._ledger.memory.keep_nonce(header.sender_nonce)
        self._ledger.store_answer(header.transaction_id, request, response, nonce, expects)

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
        return SignatureCredential(self._authority.signer, self._authority.signer_key)


def _handle(desk: Desk, order: Order, data: bytes) -> Response:
    """What comes of a request that is authenticated; `data` is the request as it came."""
    nonce = order.header.sender_nonce
    if nonce is not None and desk.ledger.memory.knows_nonce(nonce):  # RFC 9483 3.1: fresh
        raise Refusal(PKIFailureInfo.BAD_SENDER_NONCE, "senderNonce was used before")
    match order.body.content:
        case CertConfirmContent():
            return confirm(desk, order)
        case PollReqContent():
            return poll(desk, order)
        case PopResponseContent():
            return prove(desk, order)
        case ErrorMsgContent():
            return end(desk, order)
        case _:
            if desk.ledger.last_answer(order.transaction_id) is not None:
                raise Refusal(PKIFailureInfo.TRANSACTION_ID_IN_USE, "transactionID was used before")
            try:
                deed = examine(desk, order)
            except Refusal as refusal:
                return reject(order, refusal)
            return put_off(desk, order, data) or deed()

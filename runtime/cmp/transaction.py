"""A CMP transaction of an end entity, without I/O: bytes of answers in, events and bytes to send out.

What lives here is which message comes next, and what it is checked against. No socket, file, clock or
random source does: time and random bytes are handed in, bytes go out through `outgoing`. What is checked is
listed in `checks`; what is kept durable between two messages is the caller's, who sees each event first.

A transaction awaits one thing after another (`Awaits`), and at each may be told to wait:

    awaits          receives                     event                 then sends   awaits
    CERTIFICATE     ip, cp or kup                CertificateReceived   certConf     CONFIRMATION
    CERTIFICATE     the same                     CertificateRefused    certConf     CONFIRMATION
    CERTIFICATE     the same, implicitConfirm    CertificateReceived   nothing      NOTHING
    CERTIFICATE     popdecc                      Challenged            popdecr      CERTIFICATE
    REVOCATION      rp                           Revoked               nothing      NOTHING
    REVOCATION      rp or error, certRevoked     Revoked               nothing      NOTHING
    INFORMATION     genp                         Answered              nothing      NOTHING
    CONFIRMATION    pkiconf                      Confirmed             nothing      NOTHING
    CONFIRMATION    error, certConfirmed         Confirmed             nothing      NOTHING
    any of these    status waiting               Waiting               pollReq      the same, polling
    polling         pollRep                      Waiting               pollReq      the same, polling

CertificateRefused is a certificate that fails checks 13 to 16, that cannot be read, or whose private key
fails check 12: certConf rejects it, so that the CA revokes it. certRevoked and certConfirmed answer what is
sent again after its answer was lost. Everything else raises, and the transaction is over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from . import checks, issued
from .codec import decode
from .errors import (
    MalformedMessage,
    Rejected,
    UnexpectedAnswer,
    clean,
)
from .events import (
    Answered,
    Challenged,
    Confirmed,
    Event,
    Request,
    Revoked,
    Waiting,
)
from .model import (
    CMP2021,
    BodyContent,
    BodyType,
    CertConfirmContent,
    CertRepMessage,
    ErrorMsgContent,
    GeneralContent,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PollRepContent,
    PollReqContent,
    PopChallengeContent,
    PopResponseContent,
)
from .protection import (
    Credential,
    PasswordCredential,
    SignatureCredential,
    new_mac,
    protect,
)
from .verdict import judge

_CMP2000 = 2
_TRANSACTION_ID_SIZE = 16  # bytes: 128 bits, RFC 9810 5.1.1
# How old a message may be to be sent again as it is: CAs compare messageTime with their clock.
FRESH = timedelta(minutes=5)
_LONGEST_COMMON_NAME = 64  # ub-common-name, RFC 5280 A.1
# certReqId of what is not about one certificate: a whole message (RFC 9483 4.4), or PKCS #10 (4.1.4).
_NO_CERT_REQ_ID = -1
_IMPLICIT_CONFIRM = InfoTypeAndValue("1.3.6.1.5.5.7.4.13", b"\x05\x00")  # RFC 9810 5.1.1.1

Random = Callable[[int], bytes]


class Awaits(Enum):
    """What the next answer has to bring."""

    CERTIFICATE = auto()
    REVOCATION = auto()
    INFORMATION = auto()
    CONFIRMATION = auto()
    NOTHING = auto()


# What a first message asks for, by which type of answer, and how it is called.
_REQUESTS: dict[BodyType, tuple[Awaits, BodyType, str]] = {
    BodyType.IR: (Awaits.CERTIFICATE, BodyType.IP, "initialization request"),
    BodyType.CR: (Awaits.CERTIFICATE, BodyType.CP, "certification request"),
    BodyType.P10CR: (Awaits.CERTIFICATE, BodyType.CP, "PKCS #10 request"),
    BodyType.KUR: (Awaits.CERTIFICATE, BodyType.KUP, "key update request"),
    BodyType.RR: (Awaits.REVOCATION, BodyType.RP, "revocation request"),
    BodyType.GENM: (Awaits.INFORMATION, BodyType.GENP, "general message"),
}


class Transaction:
    """One transaction; see `requests` for what makes one.

    `resend` is the exact request of an earlier run of the same operation with the same key: it is sent again
    in place of a new one. `last` is the pollReq or certConf that that run came to: it goes on there.
    """

    def __init__(
        self,
        request: Request,
        content: BodyContent,
        now: datetime,
        random: Random,
        resend: bytes | None,
        last: bytes | None = None,
    ) -> None:
        self._request = request
        self._random = random
        self._mac = (
            new_mac(request.credential, random)
            if isinstance(request.credential, PasswordCredential)
            else None
        )
        self._awaits, self._answer_type, self._what = _REQUESTS[request.type]
        self._polled: int | None = None  # the certReqId that is polled for
        self._is_challenged = False
        # extraCerts come once in a transaction (RFC 9483 3.3); later answers may rely on them.
        self._extra_certs: tuple[bytes, ...] = ()
        self._sent: PKIHeader
        # The request or certConf that is being answered. What answers it after polling may return its nonce
        # (RFC 9483 4.4) or that of the last pollReq (RFC 4210 5.3.22).
        self._question: PKIHeader
        self._outgoing: bytes | None
        if resend is None:
            self._send(
                PKIBody(request.type, content),
                random(_TRANSACTION_ID_SIZE),
                None,
                now,
                CMP2021 if request.is_central or _must_decrypt(request.key) else _CMP2000,
                request.general_info
                + ((_IMPLICIT_CONFIRM,) if request.policy.asks_implicit_confirm else ()),
            )
        else:
            self._sent, self._outgoing = decode(resend).header, resend
            self._question = self._sent
        if last is not None:
            self._go_on(last, now)

    def _go_on(self, last: bytes, now: datetime) -> None:
        """Send what an earlier run came to: as it is, or with a new time where the old one is refused.

        That is too long ago by then; or yet to come, if that run's clock was ahead.
        """
        earlier = decode(last)
        header, content = earlier.header, earlier.body.content
        if isinstance(content, PollReqContent):
            self._polled = content.cert_req_ids[0]
        else:
            self._awaits, self._question = Awaits.CONFIRMATION, header
        if is_fresh(header, now):
            self._sent, self._outgoing = header, last
        else:
            self._send(earlier.body, self.transaction_id, header.recip_nonce, now, header.pvno, ())

    @property
    def transaction_id(self) -> bytes:
        """The transactionID, the same in all messages."""
        assert self._sent.transaction_id is not None  # noqa: S101  (every request has one)
        return self._sent.transaction_id

    @property
    def request_type(self) -> BodyType:
        """The type of the first message."""
        return self._request.type

    @property
    def outgoing(self) -> bytes | None:
        """The message to send now; None when the transaction is done."""
        return self._outgoing

    def receive(self, data: bytes, now: datetime) -> Event:
        """Take the answer to `outgoing`, which then is the next message.

        Raises:
            CMPError: if a check fails, or the CA refuses. The transaction is over.
        """
        awaits, polled = self._awaits, self._polled
        if awaits is Awaits.NOTHING:
            raise ValueError("the transaction is done: no answer is due")
        self._awaits, self._outgoing = Awaits.NOTHING, None
        try:
            answer = decode(data)  # check 1
        except MalformedMessage as error:
            raise MalformedMessage(error.message, self.transaction_id) from error
        asked = self._sent
        if polled is not None and answer.header.recip_nonce == self._question.sender_nonce:
            if answer.header.sender_nonce == self._sent.recip_nonce:
                # On the CA's side the next message is due: what goes on from here it refuses.
                raise UnexpectedAnswer(
                    "answer to pollReq",
                    "a new message",
                    "the one that said to wait, once more",
                    self.transaction_id,
                )
            asked = self._question
        checks.check_header(answer, asked, now)
        self._extra_certs = checks.remember(self._extra_certs, answer.extra_certs)
        mac_keys = self._mac.keys if self._mac else None
        checks.check_protection(answer, self._request, mac_keys, self._extra_certs, now)
        content = answer.body.content
        if polled is not None and isinstance(content, PollRepContent):
            entry = checks.check_poll_rep(answer, content, polled)
            return self._wait(answer, awaits, polled, entry.check_after, entry.reason, now)
        if isinstance(content, ErrorMsgContent) and content.status.status == PKIStatus.WAITING:
            texts = content.status.status_string
            return self._wait(answer, awaits, _NO_CERT_REQ_ID, 0, texts, now)
        self._polled = None
        match awaits:
            case Awaits.CERTIFICATE:
                return self._receive_certificate(answer, now)
            case Awaits.REVOCATION:
                return self._receive_revocation(answer, now)
            case Awaits.INFORMATION:
                checks.check_body_type(answer, self._answer_type, self._what)
                assert isinstance(content, GeneralContent)  # noqa: S101  (check 9)
                return Answered(content.infos)
            case Awaits.CONFIRMATION:
                return self._receive_confirmation(answer)

    def reject(self, why: str, now: datetime) -> None:
        """Have the certConf that is to be sent reject the certificate (RFC 9810 5.3.18).

        Raises:
            ValueError: if no certConf is to be sent.
        """
        earlier = None if self._outgoing is None else decode(self._outgoing)
        if earlier is None or not isinstance(earlier.body.content, CertConfirmContent):
            raise ValueError("there is no certConf to be sent")
        rejection = PKIStatusInfo(PKIStatus.REJECTION, (why,))
        content = CertConfirmContent(
            tuple(replace(status, status=rejection) for status in earlier.body.content.statuses)
        )
        header = earlier.header
        body = PKIBody(BodyType.CERT_CONF, content)
        self._send(body, self.transaction_id, header.recip_nonce, now, header.pvno, ())

    # -- waiting (RFC 9810 5.3.22, RFC 9483 4.4) ---------------------------------------------------

    def _wait(
        self,
        answer: PKIMessage,
        awaits: Awaits,
        cert_req_id: int,
        check_after: int,
        reason: tuple[str, ...],
        now: datetime,
    ) -> Waiting:
        self._awaits, self._polled = awaits, cert_req_id
        body = PKIBody(BodyType.POLL_REQ, PollReqContent((cert_req_id,)))
        # In the version of what is waited for: its answer may need it (EnvelopedData, RFC 9810 7).
        self._answer(answer, body, now, self._question.pvno)
        return Waiting(check_after, clean("; ".join(reason)))

    # -- a certificate ---------------------------------------------------------------------------------

    def _receive_certificate(self, answer: PKIMessage, now: datetime) -> Event:
        request = self._request
        if isinstance(answer.body.content, PopChallengeContent):
            return self._prove_possession(answer, answer.body.content, now)
        checks.check_body_type(answer, self._answer_type, self._what)
        ids = (0, _NO_CERT_REQ_ID) if request.type is BodyType.P10CR else (0,)
        response = checks.check_cert_response(answer, ids, self._what)
        if response.status.status == PKIStatus.WAITING:
            texts, number = response.status.status_string, response.cert_req_id
            return self._wait(answer, Awaits.CERTIFICATE, number, 0, texts, now)
        content = answer.body.content
        assert isinstance(content, CertRepMessage)  # noqa: S101  (check 9)
        chain = checks.load_certificates((*self._extra_certs, *content.ca_pubs))
        event, statuses = judge(response, request, chain, now, self.transaction_id)
        is_waived = any(i.oid == _IMPLICIT_CONFIRM.oid for i in answer.header.general_info)
        if not (is_waived and request.policy.asks_implicit_confirm):
            body = PKIBody(BodyType.CERT_CONF, CertConfirmContent(statuses))
            has_hash = any(status.hash_alg is not None for status in statuses)
            self._answer(answer, body, now, CMP2021 if has_hash else _CMP2000)
            self._awaits = Awaits.CONFIRMATION
        return event

    def _receive_confirmation(self, answer: PKIMessage) -> Event:
        content, policy = answer.body.content, self._request.policy
        if (
            isinstance(content, ErrorMsgContent)
            and PKIFailureInfo.CERT_CONFIRMED in content.status.fail_info
            # Good news is believed only if pkiconf would be.
            and (policy.unprotected_pkiconf or not checks.is_bare(answer))
        ):
            return Confirmed(was_before=True)
        checks.check_body_type(answer, BodyType.PKI_CONF, "certificate confirmation")
        return Confirmed()

    def _prove_possession(
        self, answer: PKIMessage, challenge: PopChallengeContent, now: datetime
    ) -> Challenged:
        key = self._request.key
        if key is None or not _must_decrypt(key):
            raise UnexpectedAnswer(
                "body of the answer",
                self._answer_type,
                "a challenge to decrypt, for a key that signs",
                self.transaction_id,
            )
        if self._is_challenged:  # one after the other would have no end
            raise UnexpectedAnswer(
                "body of the answer", self._answer_type, "a second challenge", self.transaction_id
            )
        self._is_challenged = True
        chain = checks.load_certificates(self._extra_certs)
        content = issued.answer_challenge(challenge, key, answer.header.sender, chain)
        body = PKIBody(BodyType.POP_DEC_RESP, PopResponseContent(content))
        self._answer(answer, body, now, CMP2021)
        self._awaits = Awaits.CERTIFICATE
        return Challenged()

    # -- a revocation ----------------------------------------------------------------------------------

    def _receive_revocation(self, answer: PKIMessage, now: datetime) -> Event:
        try:
            checks.check_body_type(answer, BodyType.RP, self._what)
            status = checks.check_rev_response(answer)
        except Rejected as error:
            # Good news is believed only if rp would be.
            is_believed = self._request.policy.unprotected_rp or not checks.is_bare(answer)
            if is_believed and PKIFailureInfo.CERT_REVOKED in error.status.fail_info:
                return Revoked(error.status)
            raise
        if status.status == PKIStatus.WAITING:
            return self._wait(answer, Awaits.REVOCATION, 0, 0, status.status_string, now)
        return Revoked(status)

    # -- messages --------------------------------------------------------------------------------------

    def _answer(self, answer: PKIMessage, body: PKIBody, now: datetime, pvno: int) -> None:
        self._send(body, self.transaction_id, answer.header.sender_nonce, now, pvno, ())

    def _send(
        self,
        body: PKIBody,
        transaction_id: bytes,
        recip_nonce: bytes | None,
        now: datetime,
        pvno: int,
        general_info: tuple[InfoTypeAndValue, ...],
    ) -> None:
        self._sent = PKIHeader(
            pvno=pvno,
            sender=_sender(self._request.credential),
            recipient=self._request.recipient,
            message_time=now,
            transaction_id=transaction_id,
            sender_nonce=self._random(checks.NONCE_SIZE),
            recip_nonce=recip_nonce,
            general_info=general_info,
        )
        if body.type is not BodyType.POLL_REQ:
            self._question = self._sent
        self._outgoing = protect(
            self._sent, body, self._request.credential, random=self._random, mac=self._mac
        )


def is_fresh(header: PKIHeader, now: datetime) -> bool:
    """Whether a message may be sent as it is; one of the future was made by a clock that was wrong."""
    return header.message_time is not None and abs(now - header.message_time) <= FRESH


def _must_decrypt(key: PrivateKeyTypes | None) -> bool:
    """Whether possession of the key can be proved by decrypting only."""
    return key is not None and not hasattr(key, "sign")


def _sender(credential: Credential) -> x509.Name:
    """The sender that fits the credential (RFC 9483 3.1).

    With a secret its common name is the reference number; one that is no text gives the NULL-DN.
    """
    if isinstance(credential, SignatureCredential):
        return credential.certificate.subject
    try:
        text = credential.reference.decode()
    except UnicodeDecodeError:
        return x509.Name([])
    if not 0 < len(text) <= _LONGEST_COMMON_NAME or not text.isprintable():
        return x509.Name([])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

"""A CMP transaction of an end entity, without I/O: bytes of answers in, events and bytes to send out.

What lives here is which message comes next, and what it is checked against. No socket, file, clock or
random source does: time and random bytes are handed in, bytes go out through `outgoing`. What is checked is
listed in `checks`; what is kept durable between two messages is the caller's, who sees each event first.

    state               receives            event                  then sends    goes to
    REQUESTED           ip, cp or kup       CertificateReceived    certConf      CONFIRMING
    REQUESTED           ip, cp or kup       CertificateRefused     certConf      CONFIRMING
    REQUESTED           rp                  Revoked                nothing       DONE
    REQUESTED           rp or error         Revoked                nothing       DONE     (certRevoked only)
    CONFIRMING          pkiconf             Confirmed              nothing       DONE
    CONFIRMING          error               Confirmed              nothing       DONE     (certConfirmed only)

CertificateRefused is a certificate that fails checks 13 to 15, or that cannot be read: certConf rejects it,
so that the CA revokes it. certRevoked and certConfirmed answer what is sent again after its answer was lost.
Everything else raises, and the transaction is over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from . import checks
from .codec import decode
from .errors import (
    CMPError,
    MalformedMessage,
    Rejected,
    UntrustedCertificate,
    WrongCertificate,
)
from .model import (
    AlgorithmIdentifier,
    BodyType,
    CertConfirmContent,
    CertRepMessage,
    CertReqMessages,
    CertStatus,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    RevReqContent,
)
from .protection import (
    Credential,
    SignatureCredential,
    protect,
)

_CMP2000 = 2
_CMP2021 = 3
_TRANSACTION_ID_SIZE = 16  # bytes: 128 bits, RFC 9810 5.1.1
_LONGEST_COMMON_NAME = 64  # ub-common-name, RFC 5280 A.1
_SHA512 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.3")

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class CertificateReceived:
    """The CA issued the certificate that was asked for. `chain` holds what came along, untrusted."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    status: PKIStatusInfo


@dataclass(frozen=True, slots=True)
class CertificateRefused:
    """The CA issued something else; `error` says what is wrong with it. None: it cannot be read."""

    certificate: x509.Certificate | None
    error: CMPError


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The CA has taken the confirmation."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """The CA has revoked the certificate."""

    status: PKIStatusInfo


Event = CertificateReceived | CertificateRefused | Confirmed | Revoked


class State(Enum):
    """What the transaction waits for."""

    REQUESTED = auto()
    CONFIRMING = auto()
    DONE = auto()


_ANSWERS = {
    BodyType.IR: BodyType.IP,
    BodyType.CR: BodyType.CP,
    BodyType.KUR: BodyType.KUP,
    BodyType.RR: BodyType.RP,
}
_WHAT = {
    BodyType.IR: "initialization request",
    BodyType.CR: "certification request",
    BodyType.KUR: "key update request",
    BodyType.RR: "revocation request",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: all that an answer is held against.

    `key` is the new key and `subject` its certificate's, both None for a revocation.
    """

    type: BodyType
    credential: Credential
    anchors: tuple[x509.Certificate, ...]
    recipient: x509.Name
    key: PrivateKeyTypes | None = None
    subject: x509.Name | None = None


class Transaction:
    """One transaction; see `requests` for what makes one.

    `resend` is the exact request of an earlier run of the same operation with the same key: it is sent again
    in place of a new one.
    """

    def __init__(
        self,
        request: Request,
        content: CertReqMessages | RevReqContent,
        now: datetime,
        random: Random,
        resend: bytes | None,
    ) -> None:
        self._request = request
        self._random = random
        self._state = State.REQUESTED
        self._sent: PKIHeader
        self._outgoing: bytes | None
        if resend is None:
            transaction_id = random(_TRANSACTION_ID_SIZE)
            self._send(PKIBody(request.type, content), _CMP2000, transaction_id, None, now)
        else:
            self._sent = decode(resend).header
            self._outgoing = resend

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
        if self._state is State.DONE:
            raise ValueError("the transaction is done: no answer is due")
        confirming = self._state is State.CONFIRMING
        self._state, self._outgoing = State.DONE, None
        try:
            answer = decode(data)  # check 1
        except MalformedMessage as error:
            raise MalformedMessage(error.message, self.transaction_id) from error
        checks.check_header(answer, self._sent, now)
        checks.check_protection(answer, self._request.credential, self._request.anchors, now)
        if confirming:
            return self._receive_confirmation(answer)
        if self._request.type is BodyType.RR:
            return self._receive_revocation(answer)
        return self._receive_certificate(answer, now)

    def _receive_revocation(self, answer: PKIMessage) -> Event:
        try:
            checks.check_body_type(answer, BodyType.RP, _WHAT[BodyType.RR])
            return Revoked(checks.check_rev_response(answer))
        except Rejected as error:
            if PKIFailureInfo.CERT_REVOKED in error.status.fail_info:
                return Revoked(error.status)
            raise

    def _receive_certificate(self, answer: PKIMessage, now: datetime) -> Event:
        request = self._request
        what = _WHAT[request.type]
        checks.check_body_type(answer, _ANSWERS[request.type], what)
        response, der = checks.check_cert_response(answer, what)
        content = answer.body.content
        assert isinstance(content, CertRepMessage)  # noqa: S101  (check 9)
        chain = checks.load_certificates((*answer.extra_certs, *content.ca_pubs))
        assert request.key is not None  # noqa: S101  (only a revocation has none)
        assert request.subject is not None  # noqa: S101
        certificate, refusal = None, None
        try:
            certificate = checks.load_certificate(der, self.transaction_id)
            checks.check_issued(
                certificate,
                response,
                key=request.key.public_key(),
                subject=request.subject,
                anchors=request.anchors,
                untrusted=chain,
                now=now,
                transaction=self.transaction_id,
            )
            event: Event = CertificateReceived(certificate, tuple(chain), response.status)
        except (MalformedMessage, WrongCertificate, UntrustedCertificate) as error:
            event = CertificateRefused(certificate, error)
            refusal = PKIStatusInfo(
                PKIStatus.REJECTION,
                (error.message,),
                frozenset({PKIFailureInfo.BAD_CERT_TEMPLATE}),
            )
        cert_hash, hash_alg = _cert_hash(der, certificate)
        status = CertStatus(cert_hash, response.cert_req_id, refusal, hash_alg)
        self._send(
            PKIBody(BodyType.CERT_CONF, CertConfirmContent((status,))),
            _CMP2000 if hash_alg is None else _CMP2021,
            self.transaction_id,
            answer.header.sender_nonce,
            now,
        )
        self._state = State.CONFIRMING
        return event

    def _receive_confirmation(self, answer: PKIMessage) -> Event:
        content = answer.body.content
        if isinstance(content, ErrorMsgContent) and (
            PKIFailureInfo.CERT_CONFIRMED in content.status.fail_info
        ):
            return Confirmed()
        checks.check_body_type(answer, BodyType.PKI_CONF, "certificate confirmation")
        return Confirmed()

    def _send(
        self,
        body: PKIBody,
        pvno: int,
        transaction_id: bytes,
        recip_nonce: bytes | None,
        now: datetime,
    ) -> None:
        self._sent = PKIHeader(
            pvno=pvno,
            sender=_sender(self._request.credential),
            recipient=self._request.recipient,
            message_time=now,
            transaction_id=transaction_id,
            sender_nonce=self._random(checks.NONCE_SIZE),
            recip_nonce=recip_nonce,
        )
        self._outgoing = protect(self._sent, body, self._request.credential, random=self._random)


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


def _cert_hash(
    der: bytes, certificate: x509.Certificate | None
) -> tuple[bytes, AlgorithmIdentifier | None]:
    """certHash, and hashAlg where the signature names no hash of its own (RFC 9810 5.3.18)."""
    algorithm = None
    if certificate is not None:
        with suppress(UnsupportedAlgorithm):
            algorithm = certificate.signature_hash_algorithm
    if certificate is None or algorithm is None:
        return hashlib.sha512(der).digest(), _SHA512
    return certificate.fingerprint(algorithm), None

"""The numbered checks of an answer: each says what the RFC demands, and raises when it is not so.

 1. It is one DER PKIMessage, of at most 1 MiB, with nothing after it (`codec.decode`).
 2. pvno is cmp2000 or cmp2021 (RFC 9810 5.1.1).
 3. transactionID is the request's (RFC 9810 5.1.1).
 4. recipNonce is the request's senderNonce (RFC 9810 5.1.1).
 5. senderNonce is there, with at least 128 bits (RFC 9810 5.1.1, RFC 9483 3.1).
 6. recipient is the request's sender, if it names anybody (RFC 9810 5.1.1).
 7. messageTime, if it is there, lies between the request's and this clock's time (RFC 9810 5.1.1).
 8. The message is protected, as the request was or better (RFC 9483 3.2):
    8a a MAC with the shared secret answers a MAC only;
    8b a signature's certificate is named by sender and senderKID,
    8c may sign, and leads to the CA's own certificate;
    8d MAC or signature is right, over the bytes received.
 9. The body is of the type that answers the request; an error body is the CA's refusal (RFC 9810 5.3.21).
10. There is exactly one response, to certReqId 0 (RFC 9483 4.1.1), or one status (RFC 9483 4.2).
11. Its status is accepted or grantedWithMods (RFC 9810 5.2.3), and
12. with it comes a certificate, not encrypted (a key of this side's own needs no encryption).
13. The certificate is for the key of the request,
14. and for its subject, unless the CA says that it changed something (grantedWithMods).
15. The certificate is valid now and leads to the CA's own certificate.

What travels in extraCerts and caPubs may link a chain; nothing is trusted because it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .errors import (
    MalformedMessage,
    ProtectionError,
    Rejected,
    UnexpectedAnswer,
    UntrustedCertificate,
    WaitingNotSupported,
    WrongCertificate,
    clean,
    describe,
)
from .model import (
    BodyType,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    RevRepContent,
)
from .protection import (
    Credential,
    PasswordCredential,
    is_mac,
    subject_key_identifier,
    verify_mac,
    verify_signature,
)
from .trust import check_signer, verify_chain

NONCE_SIZE = 16  # bytes: 128 bits, RFC 9810 5.1.1
# Clocks of firewalls drift; a replay is caught by the nonces. A request that is sent again gets the answer
# made when it first arrived, so an answer may be as old as its request.
CLOCK_TOLERANCE = timedelta(hours=1)
_VERSIONS = (2, 3)
# What an extraCerts field may hold before searching it becomes work for an attacker.
_MOST_CERTIFICATES = 32


def check_header(answer: PKIMessage, request: PKIHeader, now: datetime) -> None:
    """Checks 2 to 7.

    Raises:
        UnexpectedAnswer: if one fails.
    """
    header, transaction = answer.header, request.transaction_id
    if header.pvno not in _VERSIONS:  # 2
        raise UnexpectedAnswer("pvno of the answer", "2 or 3", str(header.pvno), transaction)
    if header.transaction_id != transaction:  # 3
        raise UnexpectedAnswer(
            "transactionID of the answer",
            _hex(transaction),
            _hex(header.transaction_id),
            transaction,
        )
    if header.recip_nonce != request.sender_nonce:  # 4
        raise UnexpectedAnswer(
            "recipNonce of the answer",
            _hex(request.sender_nonce),
            _hex(header.recip_nonce),
            transaction,
        )
    if header.sender_nonce is None or len(header.sender_nonce) < NONCE_SIZE:  # 5
        raise UnexpectedAnswer(
            "senderNonce of the answer",
            f"at least {NONCE_SIZE} bytes",
            _hex(header.sender_nonce),
            transaction,
        )
    recipient = header.recipient
    if recipient is not None and recipient.rdns and recipient != request.sender:  # 6
        raise UnexpectedAnswer(
            "recipient of the answer", _dn(request.sender), _dn(recipient), transaction
        )
    earliest = (request.message_time or now) - CLOCK_TOLERANCE
    latest = now + CLOCK_TOLERANCE
    if header.message_time is not None and not earliest <= header.message_time <= latest:  # 7
        raise UnexpectedAnswer(
            "messageTime of the answer",
            f"between {_utc(earliest)} and {_utc(latest)}",
            _utc(header.message_time),
            transaction,
        )


def check_protection(
    answer: PKIMessage,
    credential: Credential,
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> None:
    """Check 8: the answer comes from who holds the secret, or from the CA.

    Raises:
        ProtectionError: if MAC or signature is missing, weaker than the request's, or wrong.
        UntrustedCertificate: if the signer is not the CA's.
    """
    transaction = answer.header.transaction_id
    if answer.header.protection_alg is None or answer.protection is None:
        content = answer.body.content
        claim = ""
        if isinstance(content, ErrorMsgContent):
            claim = f"; it claims to be a refusal: {describe(content.status)}"
        raise ProtectionError(f"the answer is not protected{claim}", transaction)
    if is_mac(answer):
        if not isinstance(credential, PasswordCredential):  # 8a
            raise ProtectionError(
                "the answer to a signed request has to be signed, and has a MAC", transaction
            )
        verify_mac(answer, credential.secret)  # 8d
        return
    signer, others = _signer(answer, anchors)  # 8b
    try:
        check_signer(signer)  # 8c
        verify_chain(signer, anchors, others, now)
    except UntrustedCertificate as error:
        raise UntrustedCertificate(
            f"the answer is signed by somebody else than the CA: {error.message}", transaction
        ) from None
    verify_signature(answer, signer.public_key())  # 8d


def _signer(
    answer: PKIMessage, anchors: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, list[x509.Certificate]]:
    """The certificate that sender and senderKID name, and all that came with it."""
    header = answer.header
    others = load_certificates(answer.extra_certs)
    for candidate in (*others, *anchors):
        kid = subject_key_identifier(candidate)
        if candidate.subject == header.sender and (
            header.sender_kid is None or kid is None or kid == header.sender_kid
        ):
            return candidate, others
    raise UntrustedCertificate(
        f"the answer is signed in the name of {_dn(header.sender)}, and no certificate of that name"
        " came with it",
        header.transaction_id,
    )


def load_certificates(encoded: Sequence[bytes]) -> list[x509.Certificate]:
    """The certificates that can be read; nothing depends on the others being there."""
    found: list[x509.Certificate] = []
    for der in encoded[:_MOST_CERTIFICATES]:
        with suppress(MalformedMessage):
            found.append(load_certificate(der))
    return found


def load_certificate(der: bytes, transaction: bytes | None = None) -> x509.Certificate:
    """A peer's certificate, all of which can be read.

    Raises:
        MalformedMessage: if a part of it cannot.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        # These are parsed when they are first asked for, and each has exceptions of its own.
        _ = (certificate.subject, certificate.issuer, certificate.extensions)
        _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        certificate.public_key()
    except Exception as error:
        raise MalformedMessage(
            f"a certificate cannot be read: {clean(str(error))}", transaction
        ) from None
    return certificate


def check_body_type(answer: PKIMessage, wanted: BodyType, what: str) -> None:
    """Check 9.

    Raises:
        Rejected: if the CA answers with an error.
        UnexpectedAnswer: if it answers with something else.
    """
    content = answer.body.content
    if isinstance(content, ErrorMsgContent):
        if content.status.status == PKIStatus.WAITING:
            raise WaitingNotSupported(
                "the CA has not decided yet and asks to be polled", answer.header.transaction_id
            )
        raise Rejected(what, content.status, answer.header.transaction_id)
    if answer.body.type is not wanted:
        got = answer.body.type or getattr(content, "name", "another body")
        raise UnexpectedAnswer("body of the answer", wanted, got, answer.header.transaction_id)


def check_cert_response(answer: PKIMessage, what: str) -> tuple[CertResponse, bytes]:
    """Checks 10 to 12: the one response, and its certificate (DER).

    Raises:
        UnexpectedAnswer, Rejected, WaitingNotSupported: if one fails.
    """
    transaction = answer.header.transaction_id
    content = answer.body.content
    assert isinstance(content, CertRepMessage)  # noqa: S101  (check 9)
    if len(content.responses) != 1 or content.responses[0].cert_req_id != 0:  # 10
        got = ", ".join(f"certReqId {r.cert_req_id}" for r in content.responses) or "none"
        raise UnexpectedAnswer("responses", "one, to certReqId 0", got, transaction)
    response = content.responses[0]
    _check_status(response.status, what, transaction)  # 11
    if response.certificate is None:  # 12
        got = "an encrypted one" if response.encrypted_cert else "none"
        raise UnexpectedAnswer("certificate", "one in the clear", got, transaction)
    return response, response.certificate


def check_rev_response(answer: PKIMessage) -> PKIStatusInfo:
    """Checks 10 and 11 for a revocation: its status.

    Raises:
        UnexpectedAnswer, Rejected, WaitingNotSupported: if one fails.
    """
    content = answer.body.content
    assert isinstance(content, RevRepContent)  # noqa: S101  (check 9)
    if len(content.statuses) != 1:  # 10
        raise UnexpectedAnswer(
            "statuses", "one", str(len(content.statuses)), answer.header.transaction_id
        )
    _check_status(content.statuses[0], "revocation", answer.header.transaction_id)  # 11
    return content.statuses[0]


def _check_status(status: PKIStatusInfo, what: str, transaction: bytes | None) -> None:
    if status.status == PKIStatus.WAITING:
        raise WaitingNotSupported("the CA has not decided yet and asks to be polled", transaction)
    if status.status not in (PKIStatus.ACCEPTED, PKIStatus.GRANTED_WITH_MODS):
        raise Rejected(what, status, transaction)


def check_issued(
    certificate: x509.Certificate,
    response: CertResponse,
    *,
    key: PublicKeyTypes,
    subject: x509.Name,
    anchors: Sequence[x509.Certificate],
    untrusted: Sequence[x509.Certificate],
    now: datetime,
    transaction: bytes | None,
) -> None:
    """Checks 13 to 15.

    Raises:
        WrongCertificate: if it is not what was asked for.
        UntrustedCertificate: if it is not from this CA, or not valid.
    """
    if _spki(certificate.public_key()) != _spki(key):  # 13
        raise WrongCertificate("the CA issued a certificate for another key", transaction)
    changed = response.status.status == PKIStatus.GRANTED_WITH_MODS
    if certificate.subject != subject and not changed:  # 14
        raise WrongCertificate(
            f"the CA issued a certificate for {_dn(certificate.subject)}, and {_dn(subject)} was"
            " asked for",
            transaction,
        )
    begins = certificate.not_valid_before_utc  # 15; a CA's clock may be a little ahead
    at = begins if now < begins <= now + CLOCK_TOLERANCE else now
    try:
        verify_chain(certificate, anchors, untrusted, at)
    except UntrustedCertificate as error:
        raise UntrustedCertificate(
            f"the issued certificate is not trusted: {error.message}", transaction
        ) from None


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _hex(octets: bytes | None) -> str:
    return "none" if octets is None else octets.hex() or "an empty one"


def _dn(name: x509.Name | None) -> str:
    return "nobody" if name is None else clean(name.rfc4514_string()) or "nobody"


def _utc(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"

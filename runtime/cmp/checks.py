"""The numbered checks of an answer: each says what the RFC demands, and raises when it is not so.

 1. It is one DER PKIMessage, of at most 1 MiB, with nothing after it (`codec.decode`).
 2. pvno is cmp2000 or cmp2021 (RFC 9810 5.1.1).
 3. transactionID is the request's (RFC 9810 5.1.1).
 4. recipNonce is the request's senderNonce (RFC 9810 5.1.1).
 5. senderNonce is there, with at least 128 bits (RFC 9810 5.1.1, RFC 9483 3.1).
 6. recipient is the request's sender, or the NULL-DN (RFC 9810 5.1.1).
 7. messageTime, if it is there, lies between the request's and this clock's time (RFC 9810 5.1.1), or at
    this clock's, if the request was made by a clock that was ahead of it.
 8. The message is protected, as the request was or better (RFC 9483 3.2):
    8a a MAC with the shared secret answers a MAC only;
    8b a signature's certificate is named by sender and senderKID,
    8c may sign, and leads to the CA's own certificate;
    8d MAC or signature is right, over the bytes received;
    8e the signer may speak for the CA: it is a CA, or its extendedKeyUsage says so (RFC 9483 3.5).
    Only error, pkiconf and rp may come without, each only where the policy names it.
 9. The body is of the type that answers the request; an error body is the CA's refusal (RFC 9810 5.3.21).
10. There is exactly one response, to the request's certReqId (RFC 9483 4.1.1), or one status (RFC 9483 4.2);
    a pollRep has one entry, for what is polled for (RFC 9810 5.3.22).
11. Its status is accepted or grantedWithMods, or asks to wait (RFC 9810 5.2.3); every failInfo is named.
12. With it comes a certificate; in the clear, unless the new key proves itself by decrypting it
    (RFC 9810 5.2.8.3.2); and a private key exactly where the CA was to make it, signed by who may make
    keys (RFC 9483 4.1.6, `enveloped`).
13. The certificate is for the key of the request,
14. for its subject and
15. for its alternative names, unless the CA says that it changed something (grantedWithMods).
16. The certificate is valid now and leads to the CA's own certificate.

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
    CMPError,
    MalformedMessage,
    NotProtected,
    ProtectionError,
    Rejected,
    UnexpectedAnswer,
    UntrustedCertificate,
    WrongCertificate,
    clean,
    describe,
)
from .events import Request
from .model import (
    BodyType,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PollEntry,
    PollRepContent,
    RevRepContent,
)
from .names import missing_names
from .policy import Policy
from .protection import (
    MacKeys,
    is_mac,
    subject_key_identifier,
    verify_signature,
)
from .trust import check_authorized, check_signer, verify_chain

NONCE_SIZE = 16  # bytes: 128 bits, RFC 9810 5.1.1
# Clocks of firewalls drift; a replay is caught by the nonces. A request that is sent again gets the answer
# made when it first arrived, so an answer may be as old as its request.
CLOCK_TOLERANCE = timedelta(hours=1)
_VERSIONS = (2, 3)
BODY = "body of the answer"
"""What is unexpected where a CA answers something else than it was asked (check 9)."""
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
    if recipient != request.sender and (recipient is None or recipient.rdns):  # 6
        raise UnexpectedAnswer(
            "recipient of the answer", _dn(request.sender), _dn(recipient), transaction
        )
    earliest = min(request.message_time or now, now) - CLOCK_TOLERANCE
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
    request: Request,
    mac_keys: MacKeys | None,
    extra_certs: Sequence[bytes],
    now: datetime,
) -> None:
    """Check 8: the answer comes from who holds the secret, or from the CA.

    `mac_keys` are of the request's secret, None if it is signed; `extra_certs` those of all answers of the
    transaction so far.

    Raises:
        ProtectionError: if MAC or signature is missing, weaker than the request's, or wrong.
        UntrustedCertificate: if the signer is not the CA's, or may not speak for it.
    """
    transaction = answer.header.transaction_id
    if is_bare(answer):
        _check_may_be_bare(answer, request.policy)
        return
    if is_mac(answer):
        if mac_keys is None:  # 8a
            error = ProtectionError(
                "the answer to a signed request has to be signed, and has a MAC", transaction
            )
            error.way_out = "have the CA sign its answers to requests that are signed"
            raise error
        mac_keys.verify(answer)  # 8d
        return
    others = load_certificates(extra_certs)
    signer = find_signer(answer, (*others, *request.anchors))  # 8b
    try:
        verify_chain(signer, request.anchors, others, now)  # 8c
    except UntrustedCertificate as error:
        raise UntrustedCertificate(
            f"the answer is signed by somebody else than the CA: {error.message}", transaction
        ) from None
    verify_signature(answer, signer.public_key())  # 8d
    try:
        check_signer(signer)  # 8c
        if not request.policy.any_signer:  # 8e
            check_authorized(signer, request.anchors)
    except UntrustedCertificate as error:
        raise _with_transaction(error, transaction) from None


def is_bare(answer: PKIMessage) -> bool:
    """Whether a message comes without protection, so that anybody may have made it."""
    return answer.header.protection_alg is None or answer.protection is None


def _with_transaction(error: UntrustedCertificate, transaction: bytes | None) -> CMPError:
    named = UntrustedCertificate(error.message, transaction)
    named.way_out = error.way_out
    return named


# Types that may come without protection, by the field of the policy that lets them.
_MAY_BE_BARE = {
    BodyType.ERROR: "unprotected_error",
    BodyType.PKI_CONF: "unprotected_pkiconf",
    BodyType.RP: "unprotected_rp",
}


def _check_may_be_bare(answer: PKIMessage, policy: Policy) -> None:
    transaction, content = answer.header.transaction_id, answer.body.content
    field = _MAY_BE_BARE.get(answer.body.type) if answer.body.type else None
    if field is not None and getattr(policy, field):
        return
    said, claim = "", None
    if isinstance(content, ErrorMsgContent):
        claim = content.status
        said = f"; it claims to be a refusal: {describe(claim)}"
    error = NotProtected(f"the answer is not protected{said}", transaction, claim)
    if field is not None:
        error.way_out = (
            f"if this CA cannot do better, `Tolerate={field.replace('_', '-')}` at the CMPServer"
            " takes such a message, from anybody in between, too"
        )
    raise error


def find_signer(message: PKIMessage, candidates: Sequence[x509.Certificate]) -> x509.Certificate:
    """Check 8b: the certificate that sender and senderKID name.

    Raises:
        UntrustedCertificate: if it is not among the candidates.
    """
    header = message.header
    for candidate in candidates:
        kid = subject_key_identifier(candidate)
        if candidate.subject == header.sender and (
            header.sender_kid is None or kid is None or kid == header.sender_kid
        ):
            return candidate
    raise UntrustedCertificate(
        f"the message is signed in the name of {_dn(header.sender)}, and no certificate of that name"
        " came with it",
        header.transaction_id,
    )


def remember(known: tuple[bytes, ...], new: Sequence[bytes]) -> tuple[bytes, ...]:
    """The extraCerts of a transaction, those of the newest answer first, each once, not too many."""
    return tuple(dict.fromkeys((*new, *known)))[:_MOST_CERTIFICATES]


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
        raise Rejected(what, content.status, answer.header.transaction_id)
    if answer.body.type is not wanted:
        got = answer.body.type or getattr(content, "name", "another body")
        raise UnexpectedAnswer(BODY, wanted, got, answer.header.transaction_id)


def check_poll_rep(answer: PKIMessage, content: PollRepContent, polled: int) -> PollEntry:
    """Check 10 of a pollRep: its one entry.

    Raises:
        UnexpectedAnswer: if it is about something else.
    """
    entries = content.entries
    if len(entries) != 1 or entries[0].cert_req_id != polled:
        got = ", ".join(f"certReqId {e.cert_req_id}" for e in entries) or "none"
        transaction = answer.header.transaction_id
        raise UnexpectedAnswer(
            "entries of pollRep", f"one, for certReqId {polled}", got, transaction
        )
    return entries[0]


def check_cert_response(answer: PKIMessage, ids: Sequence[int], what: str) -> CertResponse:
    """Checks 10 and 11: the one response, granted or waiting. `ids` are the certReqIds that it may have.

    Raises:
        UnexpectedAnswer, Rejected: if one fails.
    """
    transaction = answer.header.transaction_id
    content = answer.body.content
    assert isinstance(content, CertRepMessage)  # noqa: S101  (check 9)
    if len(content.responses) != 1 or content.responses[0].cert_req_id not in ids:  # 10
        got = ", ".join(f"certReqId {r.cert_req_id}" for r in content.responses) or "none"
        raise UnexpectedAnswer("responses", f"one, to certReqId {ids[0]}", got, transaction)
    response = content.responses[0]
    _check_status(response.status, what, transaction)  # 11
    return response


def check_rev_response(answer: PKIMessage) -> PKIStatusInfo:
    """Checks 10 and 11 for a revocation: its status, granted or waiting.

    Raises:
        UnexpectedAnswer, Rejected: if one fails.
    """
    content = answer.body.content
    assert isinstance(content, RevRepContent)  # noqa: S101  (check 9)
    if len(content.statuses) != 1:  # 10
        raise UnexpectedAnswer(
            "statuses", "one", str(len(content.statuses)), answer.header.transaction_id
        )
    _check_status(content.statuses[0], "revocation", answer.header.transaction_id)  # 11
    return content.statuses[0]


_GRANTED = (PKIStatus.ACCEPTED, PKIStatus.GRANTED_WITH_MODS, PKIStatus.WAITING)


def _check_status(status: PKIStatusInfo, what: str, transaction: bytes | None) -> None:
    if status.status not in _GRANTED:
        raise Rejected(what, status, transaction)


def check_issued(
    certificate: x509.Certificate,
    response: CertResponse,
    request: Request,
    *,
    key: PublicKeyTypes,
    untrusted: Sequence[x509.Certificate],
    now: datetime,
    transaction: bytes | None,
) -> tuple[tuple[str, ...], tuple[x509.Certificate, ...]]:
    """Checks 13 to 16; what the CA says that it changed, in words, and the path to the CA's own certificate.

    Raises:
        WrongCertificate: if it is not what was asked for.
        UntrustedCertificate: if it is not from this CA, or not valid.
    """
    if _spki(certificate.public_key()) != _spki(key):  # 13
        raise WrongCertificate("the CA issued a certificate for another key", transaction)
    differences: list[str] = []
    if request.subject is not None and certificate.subject != request.subject:  # 14
        differences.append(
            f"for {_dn(certificate.subject)}, and {_dn(request.subject)} was asked for"
        )
    differences.extend(  # 15
        f"without the name {clean(name)}, which was asked for"
        for name in missing_names(certificate, request.names)
    )
    changed = response.status.status == PKIStatus.GRANTED_WITH_MODS
    if differences and not changed:
        raise WrongCertificate(f"the CA issued a certificate {', '.join(differences)}", transaction)
    if changed and not differences:
        differences = [clean("; ".join(response.status.status_string)) or "with changes"]
    begins = certificate.not_valid_before_utc  # 16; a CA's clock may be a little ahead
    at = begins if now < begins <= now + CLOCK_TOLERANCE else now
    try:
        path = verify_chain(certificate, request.anchors, untrusted, at)
    except UntrustedCertificate as error:
        raise UntrustedCertificate(
            f"the issued certificate is not trusted: {error.message}", transaction
        ) from None
    return tuple(differences), path


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _hex(octets: bytes | None) -> str:
    return "none" if octets is None else octets.hex() or "an empty one"


def _dn(name: x509.Name | None) -> str:
    return "nobody" if name is None else clean(name.rfc4514_string()) or "nobody"


def _utc(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"

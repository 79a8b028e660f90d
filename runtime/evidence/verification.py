"""A transaction of a record in, what can be proved of each message out. Nothing is sent or read.

 1. The bytes are one PKIMessage.
 2. transactionID is that of the line, and an answer's is its request's (RFC 9810 5.1.1).
 3. recipNonce is the senderNonce of the message before it from the other side (RFC 9810 5.1.1). A request
    that is sent again has its old one; the answer to one that was polled for may name that request.
 4. MAC or signature is right, over the bytes received; the signer is named by sender and senderKID, may
    sign, and leads to the CACert at the time when the message was recorded (RFC 9483 3.2).
 5. Proof of possession: who asks has the key (RFC 4211 4.1).
 6. The certificate is for the key of the request, and leads to the CACert at that time.

What cannot be checked, for the secret or the CACert is not at hand, is said so, and proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from ..cmp.checks import CLOCK_TOLERANCE, find_signer, load_certificate, load_certificates
from ..cmp.errors import CMPError, clean
from ..cmp.model import (
    BodyContent,
    CertReqMessages,
    CertReqMsg,
    Pkcs10Request,
    PKIMessage,
    PopoKind,
)
from ..cmp.protection import (
    is_mac,
    verify_mac,
    verify_raw,
    verify_signature,
)
from ..cmp.trust import check_signer, verify_chain
from .conversation import Conversation, Seen, issued_by
from .record import Direction


class Result(StrEnum):
    """What came of a check."""

    VERIFIED = "verified"
    NOT_CHECKED = "not checked"
    NOT_VERIFIED = "not verified"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one message; `why` is empty where it holds."""

    subject: str
    result: Result
    why: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """What messages are checked with. `anchors` of None: the CACert that the run recorded.

    Each of `secrets` is tried; `links` may serve in chains and are trusted by nothing.
    """

    secrets: tuple[bytes, ...]
    anchors: tuple[x509.Certificate, ...] | None
    links: tuple[x509.Certificate, ...]


class _Wrong(Exception):
    """A check does not hold."""


class _Unknown(Exception):
    """A check cannot be made."""


def verify(conversation: Conversation, means: Means) -> tuple[tuple[Check, ...], ...]:
    """The checks of each message of a transaction, in order; none for what is no message."""
    nonces = _Nonces()
    return tuple(
        tuple(_checks(item, means, nonces)) if isinstance(item, Seen) else ()
        for item in conversation.items
    )


def result_of(checks: Sequence[Check]) -> Result:
    """The worst of the results."""
    results = {check.result for check in checks}
    for result in (Result.NOT_VERIFIED, Result.NOT_CHECKED):
        if result in results:
            return result
    return Result.VERIFIED


def _checks(seen: Seen, means: Means, nonces: _Nonces) -> Iterator[Check]:
    message = seen.message
    if message is None:  # 1
        yield Check("message", Result.NOT_VERIFIED, seen.fault)
        return
    anchors = _anchors(seen, means)
    yield _attempt("transactionID", lambda: _check_transaction(seen, message))
    yield _attempt("nonces", lambda: nonces.check(seen, message))
    yield _attempt("protection", lambda: _check_protection(seen, message, anchors, means))
    content = message.body.content
    if isinstance(content, CertReqMessages):
        for request in content.requests:
            yield _attempt("proof of possession", lambda r=request: _check_possession(r))
    if isinstance(content, Pkcs10Request):
        yield _attempt("proof of possession", lambda: _check_pkcs10(content))
    for der in issued_by(message):
        yield _attempt(
            "certificate", lambda der=der: _check_certificate(seen, der, anchors, means.links)
        )


def _attempt(subject: str, check: Callable[[], None]) -> Check:
    try:
        check()
    except _Unknown as unknown:
        return Check(subject, Result.NOT_CHECKED, str(unknown))
    except _Wrong as wrong:
        return Check(subject, Result.NOT_VERIFIED, str(wrong))
    except CMPError as error:
        return Check(subject, Result.NOT_VERIFIED, error.message)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # of keys that nobody expects
        return Check(subject, Result.NOT_VERIFIED, clean(str(error)))
    return Check(subject, Result.VERIFIED)


def _anchors(seen: Seen, means: Means) -> tuple[x509.Certificate, ...]:
    if means.anchors is not None:
        return means.anchors
    url = seen.entry.exchange.url
    return tuple(load_certificates([a.certificate for a in seen.run.anchors if a.url == url]))


def _check_transaction(seen: Seen, message: PKIMessage) -> None:
    """Check 2."""
    own = message.header.transaction_id
    if own != seen.entry.transaction:
        raise _Wrong(f"the line says {_hex(seen.entry.transaction)}, the message {_hex(own)}")
    if seen.is_second:
        raise _Wrong("the record has another answer to the same request")
    if seen.entry.direction is Direction.RECEIVED:
        request = _request_of(seen)
        if own != request.header.transaction_id:
            raise _Wrong(f"expected {_hex(request.header.transaction_id)}, got {_hex(own)}")


def _request_of(seen: Seen) -> PKIMessage:
    if seen.request is None or seen.request.message is None:
        raise _Unknown("its request is not in the record, or cannot be read")
    return seen.request.message


class _Nonces:
    """Check 3, from message to message of a transaction."""

    def __init__(self) -> None:
        self._received: bytes | None = None
        self._first: bytes | None = None
        self._sent: dict[bytes, bytes | None] = {}

    def check(self, seen: Seen, message: PKIMessage) -> None:
        """Check a message's recipNonce, and remember its senderNonce."""
        header = message.header
        if seen.entry.direction is Direction.SENT:
            # What is sent again, after a run was cut off, has the nonces that it had.
            expected = self._sent.setdefault(seen.entry.data, self._received)
            self._first = self._first or header.sender_nonce
            _check_nonce((expected,), header.recip_nonce)
            return
        self._received = header.sender_nonce
        request = _request_of(seen)
        wanted = {request.header.sender_nonce}
        if _body_of(request) == "pollReq" and _body_of(message) != "pollRep":
            wanted.add(self._first)
        _check_nonce(tuple(wanted), header.recip_nonce)


def _check_nonce(expected: tuple[bytes | None, ...], got: bytes | None) -> None:
    if got not in expected:
        raise _Wrong(f"recipNonce: expected {' or '.join(map(_hex, expected))}, got {_hex(got)}")


def _body_of(message: PKIMessage) -> str:
    return str(message.body.type or getattr(message.body.content, "name", ""))


def _check_protection(
    seen: Seen, message: PKIMessage, anchors: tuple[x509.Certificate, ...], means: Means
) -> None:
    """Check 4."""
    if message.header.protection_alg is None or message.protection is None:
        raise _Wrong("it is not protected")
    if is_mac(message):
        _check_mac(message, means.secrets)
        return
    others = load_certificates(message.extra_certs)
    signer = find_signer(message, (*others, *anchors))
    verify_signature(message, signer.public_key())
    check_signer(signer)
    if not anchors:
        raise _Unknown("the signature is right; there is no CA certificate to trace its signer to")
    verify_chain(signer, anchors, (*others, *means.links), seen.entry.time)


def _check_mac(message: PKIMessage, secrets: tuple[bytes, ...]) -> None:
    if not secrets:
        raise _Unknown("MAC not checked: no secret")
    for number, secret in enumerate(secrets, 1):
        try:
            # What is verified here is what was taken then; MAC=PBM-SHA1 takes SHA-1.
            verify_mac(message, secret, accepts_sha1=True)
        except CMPError:
            if number == len(secrets):
                raise
        else:
            return


def _check_possession(request: CertReqMsg) -> None:
    """Check 5."""
    pop, key = request.pop, request.template.public_key
    if pop.kind is not PopoKind.SIGNATURE or pop.algorithm is None or pop.signature is None:
        raise _Unknown(f"it is not proved by a signature: {pop.kind}")
    if key is None:
        raise _Wrong("the request has no public key")
    verify_raw(
        load_der_public_key(key),
        pop.algorithm,
        pop.signature,
        pop.poposk_input or request.cert_request,
    )


def _check_pkcs10(content: Pkcs10Request) -> None:
    """Check 5 of a p10cr: the request signs for itself (RFC 2986 4.2)."""
    if not x509.load_der_x509_csr(content.der).is_signature_valid:
        raise _Wrong("the request's signature is wrong")


def _check_certificate(
    seen: Seen,
    der: bytes,
    anchors: tuple[x509.Certificate, ...],
    links: tuple[x509.Certificate, ...],
) -> None:
    """Check 6."""
    certificate = load_certificate(der)
    content = _request_of(seen).body.content
    asked = _keys_of(content)
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if asked and spki not in asked:
        raise _Wrong("it is for another key than the request's")
    if not anchors:
        raise _Unknown("no CA certificate that it could lead to is recorded")
    message = seen.message
    others = () if message is None else load_certificates(message.extra_certs)
    at = _begun(certificate, seen.entry.time)
    verify_chain(certificate, anchors, (*others, *links), at)


def _keys_of(content: BodyContent) -> list[bytes]:
    """The public keys that a request asks certificates for; none where the CA makes them."""
    match content:
        case CertReqMessages():
            keys = [request.template.public_key for request in content.requests]
            return [key for key in keys if key is not None]
        case Pkcs10Request(der=der):
            public_key = x509.load_der_x509_csr(der).public_key()
            return [public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)]
        case _:
            return []


def _begun(certificate: x509.Certificate, at: datetime) -> datetime:
    """The time to check at: a CA's clock may be a little ahead."""
    begins = certificate.not_valid_before_utc
    return begins if at < begins <= at + CLOCK_TOLERANCE else at


def _hex(octets: bytes | None) -> str:
    return "none" if octets is None else octets.hex() or "an empty one"

"""An OCSPRequest in, the OCSPResponse out (RFC 6960, RFC 9654, and RFC 9919, which replaces RFC 5019).

One response speaks for one CA, whose responder signs it: whoever asks about two at once, or about somebody
else's certificates, hears unauthorized (RFC 9919 3.2.3). Signatures of requests are not looked at.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ...cmp.codec.der import NULL
from ...cmp.codec.general import read_sequence
from ...cmp.codec.ocsp import (
    NONCE,
    CertID,
    OCSPRequest,
    Revoked,
    SingleResponse,
    encode_ocsp_failure,
    encode_ocsp_response,
    encode_response_data,
    read_nonce,
    read_ocsp_request,
)
from ...cmp.codec.tlv import content_of
from ...cmp.errors import MalformedMessage
from ...cmp.signatures import sign, signature_algorithm
from ..ledger.reasons import REASONS
from ..ledger.standing import Revocation, revocation_of
from ..requests.desk import Desk
from .authority import Authority
from .certified_key import CertifiedKey

VALIDITY = timedelta(hours=1)
"""How long an answer may be kept: who tests revocation does not want to wait for long."""

_MALFORMED_REQUEST, _UNAUTHORIZED = 1, 6  # OCSPResponseStatus, RFC 6960 4.2.1
_LONGEST_NONCE = 128  # bytes, RFC 9654 2.1
# No request needs more; each certificate costs work.
_MOST_CERTIFICATES = 256
_HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_CODES = {name: code for code, name in REASONS.items()}


@dataclass(frozen=True, slots=True)
class OCSPAnswer:
    """An OCSPResponse; the times are of the status in it, if it has any."""

    der: bytes
    this_update: datetime | None = None
    next_update: datetime | None = None


def answer_ocsp(desk: Desk, data: bytes) -> OCSPAnswer:
    """The answer to an OCSPRequest. That there is none is an answer, too."""
    try:
        request = read_ocsp_request(data)
        nonce = _check(request)
    except MalformedMessage:
        return OCSPAnswer(encode_ocsp_failure(_MALFORMED_REQUEST))
    cas = [_issuer(desk.authority, cert_id) for cert_id in request.cert_ids]
    ca = cas[0]
    if ca is None or any(other is not ca for other in cas):
        return OCSPAnswer(encode_ocsp_failure(_UNAUTHORIZED))
    responder = desk.responders.of(ca, desk.now)
    begins = desk.now.replace(microsecond=0)
    ends = begins + VALIDITY
    signed = encode_response_data(
        responder_key_hash=_key_hash(responder, "sha1"),
        produced_at=begins,
        responses=[_single(desk, ca, cert_id, begins, ends) for cert_id in request.cert_ids],
        nonce=nonce,
    )
    response = encode_ocsp_response(
        signed,
        signature_algorithm(responder.key),
        sign(responder.key, signed),
        [responder.certificate.public_bytes(Encoding.DER)],
    )
    return OCSPAnswer(response, begins, ends)


def _check(request: OCSPRequest) -> bytes | None:
    """The nonce of a request that keeps the rules.

    Raises:
        MalformedMessage: if the request does not.
    """
    if request.version != 0:  # RFC 6960 4.1.1: v1
        raise MalformedMessage("the version is not known")
    if len(request.cert_ids) > _MOST_CERTIFICATES:
        raise MalformedMessage(f"more than {_MOST_CERTIFICATES} certificates at once")
    for algorithm in (cert_id.hash_algorithm for cert_id in request.cert_ids):
        # RFC 5754 2, RFC 3370 2.1. The answer repeats the CertID, and would be one that cannot be read.
        if algorithm.oid in _HASHES and algorithm.parameters not in (None, NULL):
            raise MalformedMessage("a hash has parameters")
    known = [extension for extension in request.extensions if extension.oid == NONCE]
    others = {*request.extensions, *request.single_extensions} - {*known}
    if any(extension.critical for extension in others):  # RFC 6960 4.1.2
        raise MalformedMessage("a critical extension is not known")
    if len(known) > 1:  # RFC 5280 4.2
        raise MalformedMessage("there are two nonces")
    if not known:
        return None
    nonce = read_nonce(known[0].value)
    if not 1 <= len(nonce) <= _LONGEST_NONCE:  # RFC 9654 2.1
        raise MalformedMessage(f"a nonce has 1 to {_LONGEST_NONCE} bytes")
    return nonce


def _issuer(authority: Authority, cert_id: CertID) -> CertifiedKey | None:
    """Which CA a CertID means (RFC 6960 4.1.1); None if it is none of ours."""
    name = _HASHES.get(cert_id.hash_algorithm.oid)
    if name is None:
        return None
    for ca in authority.cas:
        name_hash = hashlib.new(name, ca.name.public_bytes(), usedforsecurity=False).digest()
        if (name_hash, _key_hash(ca, name)) == (cert_id.issuer_name_hash, cert_id.issuer_key_hash):
            return ca
    return None


def _key_hash(pair: CertifiedKey, algorithm: str) -> bytes:
    """Over the public key, without tag, length and unused bits (RFC 6960 4.1.1)."""
    spki = pair.certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    _, bits = read_sequence(spki)
    return hashlib.new(algorithm, content_of(bits)[1:], usedforsecurity=False).digest()


def _single(
    desk: Desk, ca: CertifiedKey, cert_id: CertID, begins: datetime, ends: datetime
) -> SingleResponse:
    entry = desk.ledger.find(f"{cert_id.serial_number:x}")
    if entry is not None and entry.certificate.issuer != ca.name:
        entry = None
    known = entry is not None or _is_own(desk, ca, cert_id.serial_number)
    revocation = None if entry is None else revocation_of(entry)
    revoked = None if revocation is None else _revoked(revocation)
    return SingleResponse(cert_id, known, revoked, begins, ends)


def _is_own(desk: Desk, ca: CertifiedKey, serial_number: int) -> bool:
    """Whether it is a certificate of the CA's own, which is in no ledger and is not revoked."""
    authority = desk.authority
    own = [
        *authority.certificates,
        *(pair.certificate for pair in authority.cas),
        authority.signer.certificate,
        desk.responders.of(ca, desk.now).certificate,
    ]
    return any(one.serial_number == serial_number and one.issuer == ca.name for one in own)


def _revoked(revocation: Revocation) -> Revoked:
    """RFC 5280 5.3.1: unspecified is said by leaving the reason out."""
    return Revoked(revocation.time, _CODES[revocation.reason] or None)

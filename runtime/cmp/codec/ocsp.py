"""OCSP (RFC 6960 4): requests as DER in, what they ask out; and what is answered in, DER out.

`cryptography` reads and writes OCSP for one certificate at a time; a request may ask about several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..errors import MalformedMessage
from ..model import AlgorithmIdentifier, Extension
from . import der
from .crmf import extensions
from .fields import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    Fields,
    explicit,
    inside,
    read_fields,
    read_sequence,
    values,
)
from .tlv import tlv
from .values import algorithm, integer

BASIC = "1.3.6.1.5.5.7.48.1.1"  # id-pkix-ocsp-basic
NONCE = "1.3.6.1.5.5.7.48.1.2"  # id-pkix-ocsp-nonce


@dataclass(frozen=True, slots=True)
class CertID:
    """Which certificate is meant (RFC 6960 4.1.1); `der` is the CertID as it came."""

    hash_algorithm: AlgorithmIdentifier
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int
    der: bytes


@dataclass(frozen=True, slots=True)
class OCSPRequest:
    """What is asked; `single_extensions` are those of each certificate in it, one after the other.

    Who asks, and a signature, are not looked at.
    """

    version: int
    cert_ids: tuple[CertID, ...]
    extensions: tuple[Extension, ...]
    single_extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True)
class Revoked:
    """RevokedInfo: `reason` is the number of a CRLReason, if one is given."""

    time: datetime
    reason: int | None


@dataclass(frozen=True, slots=True)
class SingleResponse:
    """What is answered about one certificate: good if it is `known` and not `revoked`."""

    cert_id: CertID
    known: bool
    revoked: Revoked | None
    this_update: datetime
    next_update: datetime


def read_ocsp_request(data: bytes) -> OCSPRequest:
    """An OCSPRequest.

    Raises:
        MalformedMessage: if it is none, or is about no certificate.
    """
    return read_sequence(data, _signed_request)


def read_nonce(value: bytes) -> bytes:
    """What stands in the nonce extension (RFC 9654 2.1): an OCTET STRING in its extnValue.

    Raises:
        MalformedMessage: if it is none.
    """
    return inside(value, OCTET_STRING)


def _signed_request(fields: Fields) -> OCSPRequest:
    request = read_fields(fields.one(SEQUENCE), _tbs_request)
    fields.maybe(explicit(0))  # optionalSignature
    return request


def _tbs_request(fields: Fields) -> OCSPRequest:
    version = fields.tagged(0, INTEGER)
    fields.maybe(explicit(1))  # requestorName
    requests = [read_sequence(item, _request) for item in values(fields.one(SEQUENCE))]
    if not requests:
        raise MalformedMessage("the request is about no certificate")
    general = fields.tagged(2, SEQUENCE)
    return OCSPRequest(
        0 if version is None else integer(version),
        tuple(cert_id for cert_id, _ in requests),
        () if general is None else extensions(general),
        tuple(extension for _, single in requests for extension in single),
    )


def _request(fields: Fields) -> tuple[CertID, tuple[Extension, ...]]:
    data = fields.any()
    cert_id = read_sequence(data, lambda inner: _cert_id(inner, data))
    found = fields.tagged(0, SEQUENCE)
    return cert_id, () if found is None else extensions(found)


def _cert_id(fields: Fields, data: bytes) -> CertID:
    return CertID(
        algorithm(fields.one(SEQUENCE)),
        fields.one(OCTET_STRING),
        fields.one(OCTET_STRING),
        integer(fields.one(INTEGER)),
        data,
    )


def encode_response_data(
    *,
    responder_key_hash: bytes,
    produced_at: datetime,
    responses: Sequence[SingleResponse],
    nonce: bytes | None,
) -> bytes:
    """ResponseData (RFC 6960 4.2.1), the part that is signed; the responder is named by its key's SHA-1."""
    extensions = b""
    if nonce is not None:
        extension = der.sequence(der.oid(NONCE), der.octets(der.octets(nonce)))
        extensions = der.tagged(1, der.sequence(extension))
    return der.sequence(
        der.tagged(2, der.octets(responder_key_hash)),
        der.generalized_time(produced_at),
        der.sequence_of(map(_single_response, responses)),
        extensions,
    )


def encode_ocsp_response(
    data: bytes, algorithm: AlgorithmIdentifier, signature: bytes, certificates: Sequence[bytes]
) -> bytes:
    """A successful OCSPResponse: ResponseData, its signature, and certificates to check that with."""
    certs = der.tagged(0, der.sequence_of(certificates))
    basic = der.sequence(data, der.algorithm(algorithm), der.bits(signature), certs)
    return der.sequence(
        tlv(0x0A, b"\x00"), der.tagged(0, der.sequence(der.oid(BASIC), der.octets(basic)))
    )


def encode_ocsp_failure(status: int) -> bytes:
    """An OCSPResponse that says only why there is no answer: an OCSPResponseStatus."""
    return der.sequence(tlv(0x0A, bytes([status])))


def _single_response(response: SingleResponse) -> bytes:
    if response.revoked is not None:
        time = der.generalized_time(response.revoked.time)
        reason = b""
        if response.revoked.reason is not None:
            reason = der.tagged(0, tlv(0x0A, bytes([response.revoked.reason])))
        status = der.tagged(1, time + reason)
    elif response.known:
        status = tlv(0x80, b"")
    else:
        status = tlv(0x82, b"")
    return der.sequence(
        response.cert_id.der,
        status,
        der.generalized_time(response.this_update),
        der.tagged(0, der.generalized_time(response.next_update)),
    )

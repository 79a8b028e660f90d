# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""OCSP (RFC 6960 4): requests as DER in, what they ask out; and what is answered in, DER out.

`cryptography` reads and writes OCSP for one certificate at a time; a request may ask about several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pyasn1.type import namedtype, univ
from pyasn1_modules import rfc5280

from ..errors import MalformedMessage
from ..model import AlgorithmIdentifier, Extension
from . import der, schema
from .algorithms import algorithm, integer
from .reading import decode_value
from .tlv import tlv

BASIC = "1.3.6.1.5.5.7.48.1.1"  # id-pkix-ocsp-basic
NONCE = "1.3.6.1.5.5.7.48.1.2"  # id-pkix-ocsp-nonce

_EXTENSIONS = schema.list_of(rfc5280.Extension())
_CERT_ID = univ.Sequence(
    componentType=namedtype.NamedTypes(
        namedtype.NamedType("hashAlgorithm", rfc5280.AlgorithmIdentifier()),
        namedtype.NamedType("issuerNameHash", univ.OctetString()),
        namedtype.NamedType("issuerKeyHash", univ.OctetString()),
        namedtype.NamedType("serialNumber", univ.Integer()),
    )
)
_REQUEST = univ.Sequence(
    componentType=namedtype.NamedTypes(
        namedtype.NamedType("reqCert", univ.Any()),
        namedtype.OptionalNamedType("singleRequestExtensions", schema.explicit_any(0)),
    )
)
_TBS_REQUEST = univ.Sequence(
    componentType=namedtype.NamedTypes(
        namedtype.OptionalNamedType("version", schema.explicit_any(0)),
        namedtype.OptionalNamedType("requestorName", schema.explicit_any(1)),
        namedtype.NamedType("requestList", schema.list_of(_REQUEST)),
        namedtype.OptionalNamedType("requestExtensions", schema.explicit_any(2)),
    )
)
_SIGNED_REQUEST = univ.Sequence(
    componentType=namedtype.NamedTypes(
        namedtype.NamedType("tbsRequest", _TBS_REQUEST),
        namedtype.OptionalNamedType("optionalSignature", schema.explicit_any(0)),
    )
)


@dataclass(frozen=True, slots=True)
class CertID:
    """Which certificate is meant (RFC 6960 4.1.1); `der` is the CertID as it came."""

    hash_algorithm: str
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
    value = decode_value(data, _SIGNED_REQUEST)["tbsRequest"]
    version = value["version"]
    cert_ids: list[CertID] = []
    single: list[Extension] = []
    for request in value["requestList"]:
        cert_ids.append(_cert_id(bytes(request["reqCert"])))
        single += _extensions(request["singleRequestExtensions"])
    if not cert_ids:
        raise MalformedMessage("the request is about no certificate")
    return OCSPRequest(
        integer(decode_value(bytes(version), univ.Integer())) if version.isValue else 0,
        tuple(cert_ids),
        _extensions(value["requestExtensions"]),
        tuple(single),
    )


def read_nonce(value: bytes) -> bytes:
    """What stands in the nonce extension (RFC 9654 2.1): an OCTET STRING in its extnValue.

    Raises:
        MalformedMessage: if it is none.
    """
    nonce = bytes(decode_value(value, univ.OctetString()))
    if value != der.octets(nonce):
        raise MalformedMessage("the nonce is no OCTET STRING")
    return nonce


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


def _extensions(value) -> tuple[Extension, ...]:
    """Extensions, none if they are absent."""
    if not value.isValue:
        return ()
    return tuple(
        Extension(str(one["extnID"]), bool(one["critical"]), bytes(one["extnValue"]))
        for one in decode_value(bytes(value), _EXTENSIONS)
    )


def _cert_id(data: bytes) -> CertID:
    value = decode_value(data, _CERT_ID)
    return CertID(
        algorithm(value["hashAlgorithm"]).oid,
        bytes(value["issuerNameHash"]),
        bytes(value["issuerKeyHash"]),
        integer(value["serialNumber"]),
        data,
    )


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

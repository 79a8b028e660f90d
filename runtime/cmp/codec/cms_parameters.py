# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""The parameters of CMS algorithms in, data out; and what key derivation is fed with, as DER."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyasn1.codec.der.decoder import decode as der_decode
from pyasn1.codec.der.encoder import encode as der_encode
from pyasn1.type import namedtype, univ
from pyasn1_modules import rfc5280

from ..cms_model import OAEPParameters, PBKDF2Parameters
from ..errors import MalformedMessage
from ..model import AlgorithmIdentifier
from .algorithms import algorithm, integer
from .der import algorithm as encode_algorithm
from .schema import _explicit, _maybe, _one, _sequence
from .tlv import tlv

_SHA1 = "1.3.14.3.2.26"
_MGF1 = "1.2.840.113549.1.1.8"
_PSPECIFIED = "1.2.840.113549.1.1.9"
_GCM_TAG_SIZE = 12  # bytes, if the parameters do not say (RFC 5084 3.2)

_GCM = _sequence(
    _one("nonce", univ.OctetString()),
    namedtype.DefaultedNamedType("icvLen", univ.Integer(_GCM_TAG_SIZE)),
)
# The salt may come from elsewhere, by an AlgorithmIdentifier; nobody has defined any such source.
_PBKDF2 = _sequence(
    _one("salt", univ.OctetString()),
    _one("iterationCount", univ.Integer()),
    _maybe("keyLength", univ.Integer()),
    _maybe("prf", rfc5280.AlgorithmIdentifier()),
)
_OAEP = _sequence(
    _maybe("digest", _explicit(rfc5280.AlgorithmIdentifier(), 0)),
    _maybe("mask", _explicit(rfc5280.AlgorithmIdentifier(), 1)),
    _maybe("source", _explicit(rfc5280.AlgorithmIdentifier(), 2)),
)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever pyasn1 runs into on garbage into MalformedMessage."""
    try:
        yield
    except MalformedMessage:
        raise
    except Exception as error:
        raise MalformedMessage(f"no {what}: {type(error).__name__}") from error


def whole(data: bytes, spec):
    """The one DER value in `data`."""
    value, rest = der_decode(data, asn1Spec=spec)
    if rest:
        raise MalformedMessage(f"{len(rest)} bytes follow the end of a value")
    return value


def decode_algorithm(der: bytes | None) -> AlgorithmIdentifier:
    """An AlgorithmIdentifier that is the parameter of another one (key wrap, RFC 5753; RFC 3211 2.3).

    Raises:
        MalformedMessage: if it is none.
    """
    with reading("AlgorithmIdentifier"):
        return algorithm(whole(der or b"", rfc5280.AlgorithmIdentifier()))


def decode_octets(der: bytes | None) -> bytes:
    """An OCTET STRING: the initialisation vector of AES-CBC (RFC 3565 4.1).

    Raises:
        MalformedMessage: if it is none.
    """
    with reading("OCTET STRING"):
        return bytes(whole(der or b"", univ.OctetString()))


def decode_oid(der: bytes) -> str:
    """An OBJECT IDENTIFIER: the value of the contentType attribute (RFC 5652 11.1).

    Raises:
        MalformedMessage: if it is none.
    """
    with reading("OBJECT IDENTIFIER"):
        return str(whole(der, univ.ObjectIdentifier()))


def decode_gcm_parameters(der: bytes | None) -> tuple[bytes, int]:
    """Nonce and size of the tag in bytes (RFC 5084 3.2).

    Raises:
        MalformedMessage: if they are none.
    """
    with reading("GCMParameters"):
        value = whole(der or b"", _GCM)
        return bytes(value["nonce"]), integer(value["icvLen"])


def decode_pbkdf2_parameters(der: bytes | None) -> PBKDF2Parameters:
    """RFC 8018 A.2.

    Raises:
        MalformedMessage: if they are none.
    """
    with reading("PBKDF2-params"):
        value = whole(der or b"", _PBKDF2)
        return PBKDF2Parameters(
            bytes(value["salt"]),
            integer(value["iterationCount"]),
            integer(value["keyLength"]) if value["keyLength"].isValue else None,
            algorithm(value["prf"]) if value["prf"].isValue else None,
        )


def decode_oaep_parameters(der: bytes | None) -> OAEPParameters:
    """RFC 4055 4.1: where a field is left out, SHA-1, MGF1 with SHA-1, and the empty label are meant.

    Raises:
        MalformedMessage: if they are none, or a mask is not made with MGF1.
    """
    with reading("RSAES-OAEP-params"):
        value = whole(b"\x30\x00" if der in (None, b"\x05\x00") else der, _OAEP)
        digest, mask_digest, label = _SHA1, _SHA1, b""
        if value["digest"].isValue:
            digest = str(value["digest"]["algorithm"])
        if value["mask"].isValue:
            mask = algorithm(value["mask"])
            if mask.oid != _MGF1:
                raise MalformedMessage(f"{mask.oid} is no mask generation function of RSAES-OAEP")
            mask_digest = decode_algorithm(mask.parameters).oid
        if value["source"].isValue:
            source = algorithm(value["source"])
            if source.oid != _PSPECIFIED:
                raise MalformedMessage(f"{source.oid} is no source of an RSAES-OAEP label")
            label = decode_octets(source.parameters)
        return OAEPParameters(digest, mask_digest, label)


def encode_ecc_shared_info(wrap: AlgorithmIdentifier, ukm: bytes | None, kek_length: int) -> bytes:
    """ECC-CMS-SharedInfo (RFC 5753 7.2), which binds the agreed key to its use; the length is in bytes."""
    entity_info = b"" if ukm is None else tlv(0xA0, tlv(0x04, ukm))
    length = tlv(0xA2, tlv(0x04, (8 * kek_length).to_bytes(4, "big")))
    return tlv(0x30, encode_algorithm(wrap) + entity_info + length)


def encode_kem_other_info(wrap: AlgorithmIdentifier, kek_length: int, ukm: bytes | None) -> bytes:
    """CMSORIforKEMOtherInfo (RFC 9629 5); the length is in bytes."""
    keying = b"" if ukm is None else tlv(0xA0, tlv(0x04, ukm))
    return tlv(0x30, encode_algorithm(wrap) + der_encode(univ.Integer(kek_length)) + keying)

# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""The values of general messages (RFC 9810 5.3.19, RFC 9483 4.3): as DER, and as what they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from pyasn1.type import namedtype, univ
from pyasn1_modules import rfc5280

from ..model import AlgorithmIdentifier
from . import schema
from .algorithms import algorithm, integer
from .reading import decode_value
from .tlv import tlv
from .writing import encode_time

_ALGORITHM_CONTROL = "1.3.6.1.5.5.7.5.1.11"  # id-regCtrl-algId
_RSA_LENGTH_CONTROL = "1.3.6.1.5.5.7.5.1.12"  # id-regCtrl-rsaKeyLen

# Of strings by their tags; the others are UTF-8, or a part of it.
_ENCODINGS = {0x14: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}

_UPDATE = univ.Sequence(
    componentType=namedtype.NamedTypes(
        namedtype.NamedType("newWithNew", univ.Any()),
        namedtype.OptionalNamedType("newWithOld", schema.explicit_any(0)),
        namedtype.OptionalNamedType("oldWithNew", schema.explicit_any(1)),
    )
)
_TEMPLATE = univ.Sequence(
    componentType=namedtype.NamedTypes(
        namedtype.NamedType("certTemplate", schema.TEMPLATE),
        namedtype.OptionalNamedType("keySpec", schema.list_of(schema.CONTROL)),
    )
)


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """CertReqTemplateContent: `subject` holds (OID, text) pairs, with an empty text for what is to be filled.

    `extensions` are dotted OIDs, `rsa_lengths` bits; `algorithms` are those of keys that the CA takes.
    """

    subject: tuple[tuple[str, str], ...] | None
    has_issuer: bool
    has_validity: bool
    extensions: tuple[str, ...]
    algorithms: tuple[AlgorithmIdentifier, ...]
    rsa_lengths: tuple[int, ...]


def read_sequence(der: bytes) -> tuple[bytes, ...]:
    """The DER of each value in a SEQUENCE OF: certificates of caCerts, lists of crls.

    Raises:
        MalformedMessage: if it is none.
    """
    return tuple(bytes(item) for item in decode_value(der, schema.list_of(univ.Any())))


def read_root_update(der: bytes) -> tuple[bytes, bytes | None, bytes | None]:
    """newWithNew, newWithOld and oldWithNew of a RootCaKeyUpdateContent (RFC 9483 4.3.2), as DER.

    Raises:
        MalformedMessage: if it is none.
    """
    value = decode_value(der, _UPDATE)
    old, new = (
        bytes(value[name]) if value[name].isValue else None for name in ("newWithOld", "oldWithNew")
    )
    return bytes(value["newWithNew"]), old, new


def read_algorithms(der: bytes) -> tuple[AlgorithmIdentifier, ...]:
    """The algorithms of signKeyPairTypes or encKeyPairTypes (RFC 9810 5.3.19.2 and 3).

    Raises:
        MalformedMessage: if they are none.
    """
    return tuple(map(algorithm, decode_value(der, schema.list_of(rfc5280.AlgorithmIdentifier()))))


def read_template(der: bytes) -> TemplateContent:
    """What a CA wants in requests (certReqTemplate, RFC 9483 4.3.3).

    Raises:
        MalformedMessage: if it is none.
    """
    value = decode_value(der, _TEMPLATE)
    template = value["certTemplate"]
    algorithms: list[AlgorithmIdentifier] = []
    lengths: list[int] = []
    for control in value["keySpec"] if value["keySpec"].isValue else ():
        content = bytes(control["value"])
        if str(control["type"]) == _ALGORITHM_CONTROL:
            algorithms.append(algorithm(decode_value(content, rfc5280.AlgorithmIdentifier())))
        elif str(control["type"]) == _RSA_LENGTH_CONTROL:
            lengths.append(integer(decode_value(content, univ.Integer())))
    extensions = template["extensions"] if template["extensions"].isValue else ()
    subject = template["subject"]
    return TemplateContent(
        _attributes(bytes(subject)) if subject.isValue else None,
        template["issuer"].isValue,
        template["validity"].isValue,
        tuple(str(extension["extnID"]) for extension in extensions),
        tuple(algorithms),
        tuple(lengths),
    )


def encode_crl_status(issuer: x509.Name, this_update: datetime | None) -> bytes:
    """The value of crlStatusList (RFC 9483 4.3.4) for one issuer, and the time of the list already held."""
    names = tlv(0x30, tlv(0xA4, issuer.public_bytes()))  # GeneralNames
    status = tlv(0xA1, names)
    if this_update is not None:
        status += encode_time(this_update)
    return tlv(0x30, tlv(0x30, status))


def _attributes(der: bytes) -> tuple[tuple[str, str], ...]:
    name = decode_value(der, rfc5280.RDNSequence())
    return tuple(
        (str(attribute["type"]), _text(bytes(attribute["value"])))
        for rdn in name
        for attribute in rdn
    )


def _text(der: bytes) -> str:
    """A DirectoryString, whose tag and length are whole (RFC 5280 4.1.2.4)."""
    long = der[1] & 0x7F if der[1] & 0x80 else 0  # bytes that the length takes
    return der[2 + long :].decode(_ENCODINGS.get(der[0], "utf-8"), "replace")

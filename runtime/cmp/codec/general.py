"""The values of general messages (RFC 9810 5.3.19, RFC 9483 4.3): as DER, and as what they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ..model import AlgorithmIdentifier
from .crmf import controls, template_parts
from .fields import INTEGER, OID, SEQUENCE, SET, Fields, explicit, inside, items, values
from .fields import read_sequence as read
from .tlv import tlv
from .values import algorithm, integer, oid
from .writing import encode_time

_ALGORITHM_CONTROL = "1.3.6.1.5.5.7.5.1.11"  # id-regCtrl-algId
_RSA_LENGTH_CONTROL = "1.3.6.1.5.5.7.5.1.12"  # id-regCtrl-rsaKeyLen

# Of strings by their tags; the others are UTF-8, or a part of it.
_ENCODINGS = {0x14: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}


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
    return tuple(items(der))


def read_root_update(der: bytes) -> tuple[bytes, bytes | None, bytes | None]:
    """newWithNew, newWithOld and oldWithNew of a RootCaKeyUpdateContent (RFC 9483 4.3.2), as DER.

    Raises:
        MalformedMessage: if it is none.
    """
    return read(
        der, lambda fields: (fields.any(), fields.maybe(explicit(0)), fields.maybe(explicit(1)))
    )


def read_algorithms(der: bytes) -> tuple[AlgorithmIdentifier, ...]:
    """The algorithms of signKeyPairTypes or encKeyPairTypes (RFC 9810 5.3.19.2 and 3).

    Raises:
        MalformedMessage: if they are none.
    """
    return tuple(algorithm(inside(item, SEQUENCE)) for item in items(der))


def read_template(der: bytes) -> TemplateContent:
    """What a CA wants in requests (certReqTemplate, RFC 9483 4.3.3).

    Raises:
        MalformedMessage: if it is none.
    """
    return read(der, _template)


def _template(fields: Fields) -> TemplateContent:
    template = template_parts(fields.one(SEQUENCE))
    algorithms: list[AlgorithmIdentifier] = []
    lengths: list[int] = []
    for kind, value in controls(fields.maybe(SEQUENCE) or b""):
        if kind == _ALGORITHM_CONTROL:
            algorithms.append(algorithm(inside(value, SEQUENCE)))
        elif kind == _RSA_LENGTH_CONTROL:
            lengths.append(integer(inside(value, INTEGER)))
    return TemplateContent(
        None if template.subject is None else _attributes(template.subject),
        template.issuer is not None,
        template.validity is not None,
        tuple(extension.oid for extension in template.extensions),
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
    """The attributes of a Name (RFC 5280 4.1.2.4), which may be empty where `cryptography` takes none."""
    return tuple(
        read(attribute, _attribute) for rdn in items(der) for attribute in values(inside(rdn, SET))
    )


def _attribute(fields: Fields) -> tuple[str, str]:
    return oid(fields.one(OID)), _text(fields.any())


def _text(der: bytes) -> str:
    """A DirectoryString, whose tag and length are whole (RFC 5280 4.1.2.4)."""
    long = der[1] & 0x7F if der[1] & 0x80 else 0  # bytes that the length takes
    return der[2 + long :].decode(_ENCODINGS.get(der[0], "utf-8"), "replace")

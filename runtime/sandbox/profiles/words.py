"""The words of a profile in, what they stand for out: durations, kinds of keys, usages, patterns.

Each function raises a ValueError that says what was expected.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta

from cryptography import x509

from ....compiler.key_types import KEY_TYPES, is_key_type
from ...cmp.signatures import MAX_RSA, MIN_RSA
from .model import ATTRIBUTES, NameKind, Network
from .section import meant

_UNITS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}
_LONGEST = timedelta(days=100 * 365)  # nothing outlives the CA, which has ten years

# Characters: RFC 5280 A.1, ub-common-name and the like.
_LENGTHS = {
    "CN": (1, 64),
    "C": (2, 2),
    "O": (1, 64),
    "OU": (1, 64),
    "L": (1, 128),
    "ST": (1, 128),
    "serialNumber": (1, 64),
    "title": (1, 64),
    "emailAddress": (1, 255),
}

_ASCII = ("C", "serialNumber", "DC", "emailAddress")

USAGE_BITS = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
)
"""The bits of KeyUsage (RFC 5280 4.2.1.3) that certificates of end entities may have here."""
_CA_BITS = ("keyCertSign", "cRLSign")
PURPOSES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
    "ipsecIKE": "1.3.6.1.5.5.7.3.17",
    "cmcCA": "1.3.6.1.5.5.7.3.27",
    "cmcRA": "1.3.6.1.5.5.7.3.28",
    "cmcArchive": "1.3.6.1.5.5.7.3.29",
    "cmKGA": "1.3.6.1.5.5.7.3.32",
}
"""Purposes of ExtendedKeyUsage by their names (RFC 5280 4.2.1.12, RFC 4945, RFC 6402, RFC 9810 4.5)."""
_NAME = re.compile(r"[A-Za-z0-9._~-]{1,64}")
# The first two numbers are below 40 and 3; the largest is what DER readers take without question.
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,9})){1,19}")


def profile_name(word: str) -> str:
    """The name of a profile: what a segment of a URL's path can be as it stands (RFC 3986 2.3)."""
    if not _NAME.fullmatch(word) or word in (".", ".."):
        raise ValueError(
            "a name of letters, digits, '-', '.', '_' and '~' was expected, 64 at the most:"
            " it is a part of URLs"
        )
    return word


def duration(word: str) -> timedelta:
    """A whole number and a unit: `90d`."""
    match = re.fullmatch(r"([1-9][0-9]{0,9})(s|min|h|d|w|y)", word)
    if match is None:
        raise ValueError(
            "a whole number with one of the units s, min, h, d, w and y was expected,"
            f" such as '90d', not {word[:64]!r}"
        )
    number, unit = int(match[1]), _UNITS[match[2]]
    if number > _LONGEST // unit:
        raise ValueError(f"100y at the most was expected, not {word!r}")
    return number * unit


def key_kind(word: str) -> str:
    """A kind of key as csc spells it; RSA with any number of bits that it can have."""
    if match := re.fullmatch(r"rsa:([1-9][0-9]{0,5})", word):
        if not MIN_RSA <= int(match[1]) <= MAX_RSA:
            raise ValueError(f"RSA keys have {MIN_RSA} to {MAX_RSA} bits here, not {match[1]}")
        return word
    if not is_key_type(word):
        # RSA is there with one size only: any is as good.
        known = ["rsa:2048", *(known for known in KEY_TYPES if not known.startswith("rsa:"))]
        raise ValueError(f"{word[:64]!r} is no kind of key; {meant(word.replace('-', ''), known)}")
    return word


def usage_bit(word: str) -> str:
    """A bit of KeyUsage."""
    if word in _CA_BITS:
        raise ValueError(f"{word} is for CAs; these certificates are for end entities")
    if word not in USAGE_BITS:
        raise ValueError(f"{word[:64]!r} is no bit of key usage; {meant(word, USAGE_BITS)}")
    return word


def purpose(word: str) -> str:
    """A purpose by its name or its dotted OID, as OID."""
    if word in PURPOSES:
        return PURPOSES[word]
    if word[:1].isdigit():
        try:
            if _OID.fullmatch(word):
                return x509.ObjectIdentifier(word).dotted_string
        except ValueError:
            pass
        raise ValueError(f"{word[:64]!r} is no object identifier")
    raise ValueError(f"{word[:64]!r} is no purpose, nor a dotted OID; {meant(word, PURPOSES)}")


def attribute(word: str) -> str:
    """An attribute of a subject."""
    if word not in ATTRIBUTES:
        raise ValueError(f"{word[:64]!r} is no attribute of a subject; {meant(word, ATTRIBUTES)}")
    return word


def fixed_attribute(word: str, value: str) -> tuple[str, str]:
    """An attribute of a subject and its value."""
    name = attribute(word)
    if problem := value_problem(name, value):
        raise ValueError(problem)
    return name, value


def value_problem(name: str, value: str) -> str | None:
    """What is wrong with an attribute's value (RFC 5280 A.1), as far as it is limited here."""
    least, most = _LENGTHS.get(name, (1, 32_768))
    if not value:
        return f"{name} is empty"
    if not least <= len(value) <= most:
        known = f"{least} to {most}" if least < most else str(most)
        return f"{name} has {len(value)} characters, and {known} are allowed"
    if name in _ASCII and not value.isascii():
        return f"{name} has characters that are not ASCII"
    return None


def pattern(word: str) -> str:
    """A text in which `*` stands for any characters."""
    if not word:
        raise ValueError("a pattern such as '*.example.com' was expected, not an empty text")
    return word


def attribute_pattern(word: str, value: str) -> tuple[str, str]:
    """An attribute of a subject and its pattern."""
    return attribute(word), pattern(value)


def name_kind(word: str) -> NameKind:
    """A kind of GeneralName."""
    if word not in list(NameKind):
        raise ValueError(f"{word[:64]!r} is no kind of name; {meant(word, list(NameKind))}")
    return NameKind(word)


def network(word: str) -> Network:
    """Addresses with a common beginning, or one address."""
    try:
        return ipaddress.ip_network(word)
    except ValueError:
        raise ValueError(
            f"a network such as '10.0.0.0/8' or '2001:db8::/32' was expected, not {word[:64]!r}"
        ) from None

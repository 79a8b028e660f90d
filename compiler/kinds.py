"""A written value and its kind in; the value as the configuration holds it, or what is wrong with it, out.

Only what the text alone tells. What needs the device (references, files, secrets) is in `values`.
"""

from __future__ import annotations

import re
from typing import assert_never

from ..grammar.frozen import frozen
from .schema.model import (
    Address,
    Boolean,
    Choice,
    DeviceFile,
    DistinguishedName,
    Host,
    Integer,
    ItemKind,
    Ports,
    Reference,
    SecretText,
    Text,
)
from .suggest import did_you_mean


@frozen
class Fault:
    """Why a value does not fit: what it has to be, and the word that was meant."""

    wanted: str
    meant: str | None = None


# What nearly every address is; the others, and what is wrong with them, are ipaddress's to tell.
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PLAIN_ADDRESS = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?"
)
# What cannot be an address object's name, and so has to be an address.
_LITERAL = re.compile(r"[0-9]+\.[0-9].*|.*:.*|[0-9./\-]+")
_NAME = re.compile(r"[^\s/,]+(?:/[^\s/,]+)*")
_NO_HEXADECIMAL = re.compile(r"[^0-9A-Fa-f]")
_PREFIXED = re.compile(r"0[xX]")
_TRUTH = {"yes": "Yes", "true": "Yes", "no": "No", "false": "No"}
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
# RFC 4514, section 3: an attribute by name or OID; a value as hexadecimal, or text with its escapes. The
# names are those that the CMP layer's library knows.
_ATTRIBUTE = (
    r"(?:CN|L|ST|O|OU|C|STREET|DC|UID|[0-9]+(?:\.[0-9]+)+)"
    r"=(?:#(?:[0-9A-Fa-f]{2})+"
    r"|(?:[^\x00-\x1f\x7f,+\"\\<>;# ]|\\(?:[ \"#+,;<=>\\]|[0-9A-Fa-f]{2}))"
    r"(?: *(?:[^\x00-\x1f\x7f,+\"\\<>; ]|\\(?:[ \"#+,;<=>\\]|[0-9A-Fa-f]{2})))*)"
)
_DISTINGUISHED_NAME = re.compile(rf"{_ATTRIBUTE}(?:[,+]{_ATTRIBUTE})*")


def read_item(kind: ItemKind, text: str) -> str | Fault:
    """The one spelling of a single value, or why it is none. References, files and secrets pass."""
    match kind:
        case Text(most):
            fits = most is None or len(text) <= most
            return text if fits else Fault(f"at most {most} characters, and has {len(text)}")
        case Integer(minimum, maximum):
            if _NUMBER.fullmatch(text) and minimum <= int(text) <= maximum:
                return str(int(text))
            return Fault(f"a whole number from {minimum} to {maximum}")
        case Boolean():
            return _TRUTH.get(text.lower()) or Fault("Yes or No")
        case Choice(values):
            if text in values:
                return text
            return Fault("one of " + ", ".join(values), did_you_mean(text, values))
        case Host():
            if is_host(text):
                return text
            return Fault("a host name such as ca.example.com, or an IP address")
        case Address():
            return _read_address(text)
        case Ports():
            return _read_ports(text)
        case DistinguishedName():
            if is_distinguished_name(text):
                return text
            return Fault('a distinguished name such as "CN=gw.example.com,O=Example"')
        case SecretText() | DeviceFile() | Reference():
            return text
        case _:
            assert_never(kind)


def is_host(text: str) -> bool:
    """Whether `text` is a host name or an IP address, without a scope."""
    if ":" in text or re.fullmatch(r"[0-9.]+", text):
        return "%" not in text and _is_address(text)
    return _HOST.fullmatch(text) is not None


def hexadecimal_fault(text: str) -> str | None:
    """What keeps `text` from being bytes in hexadecimal, without a character of it; None if it is."""
    if _NO_HEXADECIMAL.search(text):
        return (
            "begins with 0x" if _PREFIXED.match(text) else "holds what is no digit of 0-9 and a-f"
        )
    if len(text) % 2:
        return "has an odd number of digits: two make a byte"
    return None if text else "is empty"


def is_distinguished_name(text: str) -> bool:
    """Whether `text` is a name as RFC 4514 writes it."""
    return _DISTINGUISHED_NAME.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    from ipaddress import ip_address

    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_literal_address(text: str) -> bool:
    """Whether `text` is meant as an address, not as the name of an address object."""
    return text.startswith("dns:") or _LITERAL.fullmatch(text) is not None


def _read_address(text: str) -> str | Fault:
    """A host, a network `a/len`, a range `a-b`, `dns:NAME`, or the name of an address object."""
    if _PLAIN_ADDRESS.fullmatch(text):
        return text
    if not is_literal_address(text):
        fits = _NAME.fullmatch(text) or text == ""
        return text if fits else Fault("an address, or the name of an address object")
    if text.startswith("dns:"):
        return text if _HOST.fullmatch(text[4:]) else Fault("dns: and a host name")
    from ipaddress import ip_address, ip_network

    try:
        if "/" in text:
            ip_network(text, strict=False)
            return text
        first, dash, last = text.partition("-")
        lower = ip_address(first)
        if dash:
            upper = ip_address(last)
            if lower.version != upper.version or int(lower) > int(upper):
                return Fault("a range from a lower to a higher address of one kind")
    except ValueError:
        return Fault(
            "an IP address, a network such as 10.0.0.0/8, or a range such as 10.0.0.1-10.0.0.9"
        )
    return text


def _read_ports(text: str) -> str | Fault:
    for item in text.split(","):
        match = _PORTS.fullmatch(item)
        lower, upper = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not lower <= upper <= 65535:
            return Fault("ports and ranges of ports such as 80,8000-8010")
    return text

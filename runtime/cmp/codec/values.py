"""The contents of primitive DER values in, what they mean out (X.690 8.2 to 8.23, 11)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509

from ..errors import MalformedMessage
from ..model import AlgorithmIdentifier
from .fields import OID, UTF8_STRING, Fields, inside, read_fields, values
from .tlv import untag

DIRECTORY_NAME = 4  # GeneralName, RFC 5280 4.2.1.6
# Bytes. The longest numbers that RFC 5280 (4.1.2.2) knows are serial numbers of 20 bytes; Python refuses to
# write out numbers of some thousand digits, so that a longer one could not even be named in an error.
_LONGEST_NUMBER = 21
# Bytes. No identifier that anybody registered comes near; each arc costs time that grows with its square.
_LONGEST_OID = 128
_GENERALIZED = re.compile(rb"(\d{14})(?:\.(\d{1,6})\d*)?Z")
_UTC = re.compile(rb"\d{12}Z")


def integer(content: bytes) -> int:
    """An INTEGER.

    Raises:
        MalformedMessage: if it is none, or longer than any that means something; here and below.
    """
    if not content:
        raise MalformedMessage("an INTEGER is empty")
    if len(content) > _LONGEST_NUMBER:
        raise MalformedMessage(f"a number has {8 * len(content)} bits")
    if len(content) > 1 and (content[0], content[1] >> 7) in ((0x00, 0), (0xFF, 1)):  # X.690 8.3.2
        raise MalformedMessage("an INTEGER takes more bytes than it needs")
    return int.from_bytes(content, "big", signed=True)


def boolean(content: bytes) -> bool:
    """A BOOLEAN."""
    if content not in (b"\x00", b"\xff"):
        raise MalformedMessage("a BOOLEAN is neither true nor false")
    return content == b"\xff"


def octet_bits(content: bytes) -> bytes:
    """A BIT STRING that has to hold whole bytes."""
    if not content or content[0]:
        raise MalformedMessage("a BIT STRING that has to hold bytes does not")
    return content[1:]


def named_bits(content: bytes, most: int) -> frozenset[int]:
    """The numbers of the bits below `most` that are set in a BIT STRING; what lies beyond says nothing."""
    if not content or content[0] > 7 or (len(content) == 1 and content[0]):
        raise MalformedMessage("a BIT STRING is not whole")
    count = min(8 * (len(content) - 1) - content[0], most)
    return frozenset(
        number for number in range(count) if content[1 + number // 8] & 0x80 >> number % 8
    )


@lru_cache(maxsize=512)
def oid(content: bytes) -> str:
    """An OBJECT IDENTIFIER, dotted."""
    if not content or content[-1] & 0x80:
        raise MalformedMessage("an object identifier is cut off")
    if len(content) > _LONGEST_OID:
        raise MalformedMessage(f"an object identifier has {len(content)} bytes")
    arcs: list[int] = []
    arc = 0
    begins = True
    for byte in content:
        if begins and byte == 0x80:
            raise MalformedMessage("an arc of an object identifier begins with nothing")
        arc = arc << 7 | byte & 0x7F
        begins = not byte & 0x80
        if begins:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def text(der: bytes) -> str:
    """A whole UTF8String."""
    try:
        return inside(der, UTF8_STRING).decode()
    except UnicodeDecodeError:
        raise MalformedMessage("a UTF8String is not UTF-8") from None


def texts(content: bytes) -> tuple[str, ...]:
    """The content of a PKIFreeText (RFC 9810 5.1.1)."""
    return tuple(map(text, values(content)))


def generalized_time(content: bytes) -> datetime:
    """A GeneralizedTime (X.690 11.7): in UTC, perhaps with a fraction of a second."""
    match = _GENERALIZED.fullmatch(content)
    if match is None:
        raise MalformedMessage("a GeneralizedTime is not in UTC with seconds")
    fraction = (match[2] or b"0").ljust(6, b"0")
    return _time(match[1]).replace(microsecond=int(fraction))


def utc_time(content: bytes) -> datetime:
    """A UTCTime (RFC 5280 4.1.2.5.1): of 1950 to 2049."""
    if _UTC.fullmatch(content) is None:
        raise MalformedMessage("a UTCTime is not in UTC with seconds")
    century = b"20" if content[:2] < b"50" else b"19"
    return _time(century + content[:12])


def _time(digits: bytes) -> datetime:
    year, *others = int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))
    try:
        return datetime(year, *others, tzinfo=UTC)
    except ValueError:
        raise MalformedMessage("a time has no such month, day, hour, minute or second") from None


def algorithm(content: bytes) -> AlgorithmIdentifier:
    """The content of an AlgorithmIdentifier (RFC 5280 4.1.1.2)."""
    return read_fields(content, _algorithm)


def _algorithm(fields: Fields) -> AlgorithmIdentifier:
    return AlgorithmIdentifier(oid(fields.one(OID)), fields.maybe_any())


def name(der: bytes) -> x509.Name:
    """A whole Name."""
    try:
        return x509.Name.from_bytes(der)
    except (ValueError, TypeError):  # the latter for a BIT STRING where it knows none
        raise MalformedMessage("a name cannot be read") from None


def general_name(der: bytes) -> x509.Name | None:
    """The directoryName in a whole GeneralName, None if it is a name of another kind."""
    number, content = untag(der)
    return name(content) if number == DIRECTORY_NAME else None

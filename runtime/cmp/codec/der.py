"""Small values in, their DER out (X.690 8 and 10); what is encoded already comes as bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from ..model import AlgorithmIdentifier
from .tlv import tlv

NULL = b"\x05\x00"


def sequence(*values: bytes) -> bytes:
    """A SEQUENCE, or SEQUENCE OF, of values that are encoded already."""
    return tlv(0x30, b"".join(values))


def sequence_of(values: Iterable[bytes]) -> bytes:
    """As `sequence`."""
    return tlv(0x30, b"".join(values))


def tagged(number: int, value: bytes) -> bytes:
    """A value under the explicit context tag `number`, below 31.

    With what stands inside a constructed value it is that value under an implicit tag.
    """
    return tlv(0xA0 | number, value)


def integer(value: int) -> bytes:
    """An INTEGER."""
    return tlv(0x02, integer_content(value))


def integer_content(value: int) -> bytes:
    """What stands inside an INTEGER."""
    bits = (value if value >= 0 else ~value).bit_length()
    return value.to_bytes(bits // 8 + 1, "big", signed=True)


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    return tlv(0x06, b"".join(map(_base128, (first * 40 + second, *rest))))


def _base128(number: int) -> bytes:
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(0x80 | number & 0x7F)
    return bytes(reversed(parts))


def octets(data: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(0x04, data)


def bits(data: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return tlv(0x03, b"\x00" + data)


def named_bits(numbers: Collection[int]) -> bytes:
    """A named-bit list, at least one set: it ends with its last set bit (X.690 11.2.2)."""
    length = max(numbers) + 1
    unused = -length % 8
    value = sum(1 << (length - 1 - number) for number in numbers) << unused
    return tlv(0x03, bytes([unused]) + value.to_bytes((length + unused) // 8, "big"))


def texts(values: Iterable[str]) -> bytes:
    """A PKIFreeText (RFC 9810 5.1.1): SEQUENCE OF UTF8String."""
    return sequence_of(tlv(0x0C, text.encode()) for text in values)


def generalized_time(time: datetime) -> bytes:
    """A GeneralizedTime in UTC, of whole seconds: CMP has no use for fractions."""
    return tlv(0x18, time.strftime("%Y%m%d%H%M%SZ").encode())


def algorithm(identifier: AlgorithmIdentifier) -> bytes:
    """An AlgorithmIdentifier (RFC 5280 4.1.1.2)."""
    return sequence(oid(identifier.oid), identifier.parameters or b"")

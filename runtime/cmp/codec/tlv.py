"""Tag, length, value: the outermost layer of DER (X.690 8.1), where pyasn1 need not look inside."""

from __future__ import annotations

from ..errors import MalformedMessage


def tlv(first: int, content: bytes) -> bytes:
    """The encoding of a value with the identifier octet `first`."""
    length = len(content)
    if length < 0x80:
        return bytes([first, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([first, 0x80 | size]) + length.to_bytes(size, "big") + content


def untag(der: bytes) -> tuple[int, bytes]:
    """Number and content of a value with a context tag below 31.

    Raises:
        MalformedMessage: if it is none.
    """
    first, length, start = der[0], der[1], 2
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if first & 0xC0 != 0x80 or start + length != len(der):
        raise MalformedMessage("a tagged value was expected")
    return first & 0x1F, der[start:]

"""BER with indefinite lengths in, the same value with definite lengths out (X.690 8.1.3.6).

CMS may be BER (RFC 5652 1), and libraries that write it as a stream use indefinite lengths. pyasn1 reads
those, except in what is to stay opaque. What has definite lengths all through comes back as the bytes it is.
"""

from __future__ import annotations

from ..errors import MalformedMessage
from .tlv import tlv

# CMS, with certificates and names in it, nests about a dozen levels; more is made to exhaust the stack.
MAX_DEPTH = 40
_CONSTRUCTED = 0x20
_MORE_TAG = 0x1F  # the tag goes on in the next octets
_INDEFINITE = 0x80
_END = b"\x00\x00"


def definite_lengths(data: bytes) -> bytes:
    """The one value in `data`, with definite lengths.

    Raises:
        MalformedMessage: if it is not one whole BER value.
    """
    try:
        value, end = _value(data, 0, len(data), 0)
    except IndexError:
        raise MalformedMessage("a value ends before its length says") from None
    if end != len(data):
        raise MalformedMessage(f"{len(data) - end} bytes follow the end of a value")
    return value


def _value(data: bytes, start: int, limit: int, depth: int) -> tuple[bytes, int]:
    """The value that begins at `start`, and where it ends."""
    if depth > MAX_DEPTH:
        raise MalformedMessage(f"values are nested deeper than {MAX_DEPTH} levels")
    at = start + 1
    if data[start] & _MORE_TAG == _MORE_TAG:
        while data[at] & 0x80:
            at += 1
        at += 1
    tag = data[start:at]
    length = data[at]
    at += 1
    constructed = bool(tag[0] & _CONSTRUCTED)
    if length == _INDEFINITE:
        if not constructed:
            raise MalformedMessage("a primitive value has no length")
        parts: list[bytes] = []
        while data[at : at + 2] != _END:
            part, at = _value(data, at, limit, depth + 1)
            parts.append(part)
        if at + 2 > limit:
            raise MalformedMessage("a value goes on after its container")
        return _encoding(tag, b"".join(parts)), at + 2
    if length > _INDEFINITE:
        size = length & 0x7F
        length = int.from_bytes(data[at : at + size], "big")
        at += size
    end = at + length
    if end > limit:
        raise MalformedMessage("a value goes on after its container")
    if not constructed:
        return data[start:end], end
    parts = []
    inner = at
    while inner < end:
        part, inner = _value(data, inner, end, depth + 1)
        parts.append(part)
    content = b"".join(parts)
    return (data[start:end] if content == data[at:end] else _encoding(tag, content)), end


def _encoding(tag: bytes, content: bytes) -> bytes:
    return tag[:-1] + tlv(tag[-1], content)

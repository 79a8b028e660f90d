"""Tag, length, value: the outermost layer of DER (X.690 8.1), where pyasn1 need not look inside."""

from __future__ import annotations

from ..errors import MalformedMessage

_INTEGER = 0x02


def tlv(first: int, content: bytes) -> bytes:
    """The encoding of a value with the identifier octet `first`."""
    length = len(content)
    if length < 0x80:
        return bytes([first, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([first, 0x80 | size]) + length.to_bytes(size, "big") + content


def content_of(der: bytes) -> bytes:
    """What stands inside the outermost value of `der`, which is known to be whole."""
    return der[_content_start(der, 0, len(der)) :]


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


def value_end(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the value that begins at `at` begins, and where it ends.

    Raises:
        MalformedMessage: if it is cut off, or its length is not DER's.
    """
    start = _content_start(der, at, len(der))
    end = start + _length(der, at + 1, start)
    if end > len(der):
        raise MalformedMessage("a value is longer than what it stands in")
    return start, end


def measure(der: bytes, most: int, deepest: int) -> None:
    """Check that a DER value has at most `most` values in it, nested at most `deepest` deep.

    This looks at tags and lengths only, so that whoever reads the values afterwards can do it by recursion.

    Raises:
        MalformedMessage: if it has more, or lengths do not fit (X.690 10.1: all are definite, and
            as short as can be).
    """
    start = _content_start(der, 0, len(der))
    end = start + _length(der, 1, start)
    if end < len(der):
        raise MalformedMessage(f"{len(der) - end} bytes follow the end of a value")
    ends = [len(der)]
    at, count = 0, 0
    while at < len(der):
        while at == ends[-1]:
            ends.pop()
        count += 1
        if count > most or len(ends) > deepest:
            raise MalformedMessage(
                f"the message is made of more than {most} values, or nested more than {deepest} deep"
            )
        first, limit = der[at], ends[-1]
        if at + 1 < limit and der[at + 1] < 0x80 and first and first & 0x1F != 0x1F:
            start = at + 2  # as most are: this loop sees every value of a message
            end = start + der[at + 1]
        else:
            start = _content_start(der, at, limit)
            end = start + _length(der, at + 1, start)
        if end > limit:
            raise MalformedMessage("a value is longer than what it stands in")
        if first == _INTEGER and end == start:  # X.690 8.3.1; pyasn1 reads it as 0
            raise MalformedMessage("an INTEGER is empty")
        if first & 0x20 and end > start:
            ends.append(end)
            at = start
        else:
            at = end


def _content_start(der: bytes, at: int, end: int) -> int:
    if at + 1 >= end or der[at] == 0 or der[at] & 0x1F == 0x1F:
        raise MalformedMessage("a value is cut off, or has a tag that is none, or beyond 30")
    size = der[at + 1] & 0x7F if der[at + 1] >= 0x80 else 0
    if der[at + 1] == 0x80 or size > 4 or at + 2 + size > end:
        raise MalformedMessage("a length is indefinite, cut off, or beyond all measure")
    if size and (der[at + 2] == 0 or (size == 1 and der[at + 2] < 0x80)):
        raise MalformedMessage("a length takes more bytes than it needs")
    return at + 2 + size


def _length(der: bytes, at: int, start: int) -> int:
    return der[at] if start == at + 1 else int.from_bytes(der[at + 1 : start], "big")

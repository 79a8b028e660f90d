"""DER of SEQUENCEs in, their values one after the other out (X.690 8.9, 8.10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import MalformedMessage
from .tlv import value_end

_T = TypeVar("_T")

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x0C, 0x17, 0x18, 0x30, 0x31


def explicit(number: int) -> int:
    """The identifier octet of a constructed value under the context tag `number`, below 31."""
    return 0xA0 | number


def implicit(number: int) -> int:
    """The identifier octet of a primitive value under the implicit context tag `number`, below 31."""
    return 0x80 | number


def inside(der: bytes, first: int) -> bytes:
    """What stands inside the one value that fills `der` and has the identifier octet `first`.

    Raises:
        MalformedMessage: if there is no such value, or something follows it; here and below.
    """
    if not der or der[0] != first:
        raise MalformedMessage(
            f"a value with the identifier octet {first:02x} was expected, not {der[:1].hex() or 'nothing'}"
        )
    start, end = value_end(der, 0)
    if end != len(der):
        raise MalformedMessage(f"{len(der) - end} bytes follow the end of a value")
    return der[start:]


def values(content: bytes) -> list[bytes]:
    """The DER of each value that stands in the content of a constructed one."""
    found: list[bytes] = []
    at = 0
    while at < len(content):
        _, end = value_end(content, at)
        found.append(content[at:end])
        at = end
    return found


def items(der: bytes) -> list[bytes]:
    """The DER of each value in a SEQUENCE OF."""
    return values(inside(der, SEQUENCE))


class Fields:
    """The values of a SEQUENCE, taken one after the other in the order of its definition.

    A value is asked for by its identifier octet, and handed over without it. `end` has to follow.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def one(self, first: int) -> bytes:
        """What stands inside the next value, which has to be there."""
        found = self.maybe(first)
        if found is None:
            came = self._content[self._at : self._at + 1].hex() or "nothing"
            raise MalformedMessage(
                f"a field with the identifier octet {first:02x} was expected, not {came}"
            )
        return found

    def maybe(self, first: int) -> bytes | None:
        """What stands inside the next value, None if that is another one, or there is none."""
        at, content = self._at, self._content
        if at >= len(content) or content[at] != first:
            return None
        start, self._at = value_end(content, at)
        return content[start : self._at]

    def tagged(self, number: int, first: int) -> bytes | None:
        """As `maybe`, for a value under the explicit context tag `number`."""
        found = self.maybe(explicit(number))
        return None if found is None else inside(found, first)

    def any(self) -> bytes:
        """The DER of the next value, whatever it is."""
        if self._at >= len(self._content):
            raise MalformedMessage("a field is missing")
        at = self._at
        _, self._at = value_end(self._content, at)
        return self._content[at : self._at]

    def maybe_any(self) -> bytes | None:
        """As `any`; None if there is none."""
        return self.any() if self._at < len(self._content) else None

    def end(self) -> None:
        """Check that nothing is left."""
        if self._at < len(self._content):
            raise MalformedMessage(
                f"a field with the identifier octet {self._content[self._at]:02x} was not expected"
            )


def read_fields(content: bytes, read: Callable[[Fields], _T]) -> _T:
    """What `read` makes of the fields in the content of a SEQUENCE; it has to take them all."""
    fields = Fields(content)
    found = read(fields)
    fields.end()
    return found


def read_sequence(der: bytes, read: Callable[[Fields], _T]) -> _T:
    """As `read_fields`, for the whole SEQUENCE."""
    return read_fields(inside(der, SEQUENCE), read)

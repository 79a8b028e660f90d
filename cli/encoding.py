"""The bytes of a script in; its text, and what is to be said of its encoding, out."""

from __future__ import annotations

import codecs

from ..compiler import rules
from ..compiler.diagnostics import Diagnostic, finding
from ..grammar.ast import Span

BOM = "\ufeff"
# UTF-32 stands first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# How much of a file without a mark is looked at for one NUL in two bytes.
_LOOKED_AT = 64


def decode(name: str, data: bytes) -> tuple[str, Diagnostic | None]:
    """The text of the file `name`; a finding, too, if it is not UTF-8.

    The text is then only for showing the place: what cannot be read is replaced in it.
    """
    encoding = _of_wide_characters(data)
    if encoding is not None:
        text = data.decode(encoding, errors="replace")
        return text, _is_wide(name, encoding)
    try:
        return data.decode(), None
    except UnicodeDecodeError as error:
        return data.decode(errors="replace"), _not_utf8(name, data, error.start)


def _of_wide_characters(data: bytes) -> str | None:
    """UTF-16 or UTF-32, told by the mark, or by the NULs that plain text has in it then."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    start = data[: min(_LOOKED_AT, len(data) // 2 * 2)]
    for number, encoding in enumerate(("UTF-16BE", "UTF-16LE")):
        nulls, characters = start[number::2], start[1 - number :: 2]
        if len(start) >= 4 and not any(nulls) and all(characters):
            return encoding
    return None


def _is_wide(name: str, encoding: str) -> Diagnostic:
    return finding(
        rules.UNREADABLE_SOURCE,
        f"the script is {encoding} text, not UTF-8",
        Span(name, 1, 1, 1),
        f"from here on, {'four' if encoding == 'UTF-32' else 'two'} bytes for a character",
        help=f"save it as UTF-8; from {encoding}: `iconv -f {encoding.lower()} -t utf-8 OLD > NEW`",
    )


def _not_utf8(name: str, data: bytes, start: int) -> Diagnostic:
    before = data[:start].decode().removeprefix(BOM)
    column = len(before) - (before.rfind("\n") + 1) + 1
    return finding(
        rules.UNREADABLE_SOURCE,
        "the script is not UTF-8 text",
        Span(name, before.count("\n") + 1, column, 1),
        f"the byte 0x{data[start]:02x} is not UTF-8",
        help="save it as UTF-8; from Latin-1: `iconv -f latin1 -t utf-8 OLD > NEW`",
    )

"""A script's text in, findings for characters that nobody sees or that only look like others out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

from ..grammar.ast import Span
from ..grammar.script import Script
from . import rules
from .diagnostics import Applicability, Diagnostic, Edit, Fix, finding

# Everything but plain text of ASCII is looked at; most scripts hold nothing else.
_UNUSUAL = re.compile(r"\r(?!\n)|[^\t\r\n\x20-\x7e]")
_RETURN = re.compile(r"\r(?!\n)")
# What word processors and web pages put in place of a blank.
_BLANKS = frozenset("\xa0\u2007\u202f\u2009\u2002\u2003\u3000")
# What turns the direction of text: it can make a script look like another (CVE-2021-42574).
_BIDIRECTIONAL = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
)
_ZERO_WIDTH = frozenset("\u200b\u200c\u200d\u2060\ufeff\xad")
_LONE_RETURN = "a carriage return without a line feed"
# More than so many in one script say nothing new.
_MOST = 100


def check_characters(script: Script) -> Iterator[Diagnostic]:
    """Find control characters, and blanks and marks that are invisible."""
    reported = 0
    for match in _UNUSUAL.finditer(script.text):
        fault = _fault(match[0])
        if fault is None:
            continue
        what, replacement = fault
        reported += 1
        if reported > _MOST:
            return
        yield _found(script, match, what, replacement)


def check_line_ends(script: Script) -> Iterator[Diagnostic]:
    """Find carriage returns that end no line: nobody can tell which lines such a script has."""
    for match in islice(_RETURN.finditer(script.text), _MOST):
        yield _found(script, match, _LONE_RETURN, None)


def fault_in(text: str) -> tuple[str, str] | None:
    """The first character of a value that nobody sees: what it is, and its code."""
    for match in _UNUSUAL.finditer(text):
        fault = _fault(match[0])
        if fault is not None:
            return fault[0], f"U+{ord(match[0]):04X}"
    return None


def _found(script: Script, match: re.Match[str], what: str, replacement: str | None) -> Diagnostic:
    span = script.locate(match.start(), 1)
    fix = None
    if replacement is not None:
        title = "leave it out" if replacement == "" else "write a blank"
        fix = Fix(title, (Edit(span, replacement),), Applicability.UNSAFE)
    return finding(
        rules.INVISIBLE_CHARACTER,
        f"{what} (U+{ord(match[0]):04X}) stands in the script",
        span,
        "not to be seen here",
        help=_way_out(match[0]),
        fix=fix,
    )


def _way_out(character: str) -> str:
    if character == "\r":
        return "end lines with a line feed"
    return "write a plain blank" if character in _BLANKS else "leave it out"


def _fault(character: str) -> tuple[str, str | None] | None:
    """What is wrong with a character, and what to put in its place."""
    if character == "\r":
        return _LONE_RETURN, None
    if character in _BLANKS:
        return "a blank that is no blank to a device", " "
    if character in _BIDIRECTIONAL:
        return "a mark that turns the direction of text", ""
    if character in _ZERO_WIDTH:
        return "a character without width", ""
    category = unicodedata.category(character)
    if category == "Cc":
        return "a control character", None
    if category in ("Zl", "Zp"):
        return "a line separator", None
    return None


def without_consequences(
    findings: Iterable[Diagnostic], invisible: Iterable[Diagnostic]
) -> list[Diagnostic]:
    """`findings` without those that an invisible character has caused: about the word with it in it, or about
    what a carriage return has joined to its line."""
    places = [found.primary.span for found in invisible]
    returns = [f.primary.span for f in invisible if f.help == _way_out("\r")]

    def is_caused(span: Span) -> bool:
        return any(
            at.file == span.file
            and at.line == span.line
            and span.column <= at.column < span.column + span.length
            for at in places
        ) or any(
            at.file == span.file and at.line == span.line and at.column < span.column
            for at in returns
        )

    return [found for found in findings if not is_caused(found.primary.span)]

"""The syntax tree of a script: commands with their arguments, each with its place in the source.

Nodes are data. Spans, and how a value was quoted, take no part in comparison: two scripts are equal
if they say the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a source, always within one line.

    `line` and `column` count from 1; `column` and `length` are in characters (code points).
    """

    file: str
    line: int
    column: int
    length: int

    def part(self, start: int, length: int) -> Span:
        """The span of `length` characters that begins `start` characters into this one."""
        return Span(self.file, self.line, self.column + start, length)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Word:
    """A bare or quoted word: verb, type, name, `..`."""

    text: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Property:
    """`Name=value`, split at its first `=`. `value` has quotes and escapes resolved."""

    name: str
    value: str
    span: Span = field(compare=False)

    @property
    def name_span(self) -> Span:
        """Where the name stands."""
        return self.span.part(0, len(self.name))

    @property
    def value_span(self) -> Span:
        """Where the value stands, quotes included; the `=` itself if the value is empty."""
        start = len(self.name) + 1
        if self.span.length == start:
            return self.span.part(start - 1, 1)
        return self.span.part(start, self.span.length - start)


@dataclass(frozen=True, slots=True)
class Option:
    """`-name` or `-name=value`; `value` is None without an `=`."""

    name: str
    value: str | None
    span: Span = field(compare=False)

    @property
    def name_span(self) -> Span:
        """Where the name stands, dash included."""
        return self.span.part(0, len(self.name) + 1)

    @property
    def value_span(self) -> Span:
        """Where the value stands, quotes included; the `=` if it is empty, the name without one."""
        start = len(self.name) + 2
        if self.span.length < start:
            return self.name_span
        if self.span.length == start:
            return self.span.part(start - 1, 1)
        return self.span.part(start, self.span.length - start)


Argument = Word | Property | Option


@dataclass(frozen=True, slots=True)
class Prompt:
    """A pasted prompt, `System:/CertificateStore/cmp>`: the device's name and its path."""

    device: str
    path: tuple[str, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment line, from its `#` on."""

    text: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Command:
    """One command, folded lines joined. `verb` is None for a prompt with nothing after it.

    `is_orphan`: the lines are indented as if they went on with a command, but none stands above.
    """

    prompt: Prompt | None
    verb: Argument | None
    arguments: tuple[Argument, ...]
    is_orphan: bool = False


class SyntaxProblemKind(StrEnum):
    """What can be wrong with the characters alone."""

    UNTERMINATED_QUOTE = "unterminated-quote"
    STRAY_BACKSLASH = "stray-backslash"


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """A malformed place that the parser read past."""

    kind: SyntaxProblemKind
    span: Span


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed source: commands and comments in order, and what was malformed."""

    file: str
    text: str = field(compare=False, repr=False)
    commands: tuple[Command, ...]
    comments: tuple[Comment, ...]
    problems: tuple[SyntaxProblem, ...]


_ESCAPE_OR_QUOTE = re.compile(r'\\(.)|"', re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def unquote(raw: str) -> str:
    r"""The text of `raw` without quotes, its escapes resolved (`\n`, `\r`, `\t`, else literal).

    Documented are `\"`, `\n` and `\r` (CLI Reference Guide, chapter 1). A bare value is read alike.
    """
    if '"' not in raw and "\\" not in raw:
        return str(raw)
    return _ESCAPE_OR_QUOTE.sub(
        lambda m: "" if m[1] is None else _ESCAPES.get(m[1], m[1]),
        raw,
    )

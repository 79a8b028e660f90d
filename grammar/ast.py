"""The syntax tree of a script: commands with their arguments, each with its place in the source.

Nodes are data. Spans, and how a value was quoted, take no part in comparison: two commands are equal
if they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .quoting import Parameters


class Span(NamedTuple):
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
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class Property:
    """`Name=value`, split at its first `=`. `value` has quotes and escapes resolved.

    `value_at` is where the value stands if that is not behind the name.
    """

    name: str
    value: str
    span: Span = field(compare=False)
    parameters: Parameters = ()
    value_at: Span | None = field(default=None, compare=False)

    @property
    def name_span(self) -> Span:
        """Where the name stands."""
        return self.span.part(0, len(self.name))

    @property
    def value_span(self) -> Span:
        """Where the value stands, quotes included; the `=` itself if the value is empty."""
        if self.value_at is not None:
            return self.value_at
        start = len(self.name) + 1
        if self.span.length == start:
            return self.span.part(start - 1, 1)
        return self.span.part(start, self.span.length - start)


@dataclass(frozen=True, slots=True)
class Option:
    """`-name` or `-name=value`; `value` is None without an `=`. `value_at`: see `Property`."""

    name: str
    value: str | None
    span: Span = field(compare=False)
    parameters: Parameters = ()
    value_at: Span | None = field(default=None, compare=False)

    @property
    def name_span(self) -> Span:
        """Where the name stands, dash included."""
        return self.span.part(0, len(self.name) + 1)

    @property
    def value_span(self) -> Span:
        """Where the value stands, quotes included; the `=` if it is empty, the name without one."""
        if self.value_at is not None:
            return self.value_at
        start = len(self.name) + 2
        if self.span.length < start:
            return self.name_span
        if self.span.length == start:
            return self.span.part(start - 1, 1)
        return self.span.part(start, self.span.length - start)


Argument = Word | Property | Option


def goes_on(previous: Property | Option, word: Word) -> bool:
    """Whether `word` goes on with `Name=`, or with a list that ends in a comma, on the same line."""
    is_open = previous.value == "" and previous.value_span.length == 1
    is_open = is_open or (previous.value or "").endswith(",")
    return is_open and previous.span.line == word.span.line


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

    @property
    def last_span(self) -> Span:
        """Where the last part of the command stands."""
        parts = (self.verb, *self.arguments)
        spans = [part.span for part in parts if part is not None]
        if not spans and self.prompt is not None:
            return self.prompt.span
        return spans[-1]


class SyntaxProblemKind(StrEnum):
    """What can be wrong with the characters alone."""

    UNTERMINATED_QUOTE = "unterminated-quote"
    STRAY_BACKSLASH = "stray-backslash"
    TOO_MANY_LINES = "too-many-lines"


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """A malformed place that the parser read past."""

    kind: SyntaxProblemKind
    span: Span

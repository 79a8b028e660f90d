"""The syntax tree of a script: commands with their arguments, each with its place in the source.

Nodes are data. Spans, and how a value was quoted, take no part in comparison: two commands are equal
if they say the same.
"""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum
from typing import NamedTuple

from .frozen import frozen
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


@frozen
class Filling:
    """A value from outside that stands in a text in the place of a script parameter, which is at `span`.

    It begins at `start` and has `length` characters.
    """

    start: int
    length: int
    span: Span


Fillings = tuple[Filling, ...]


@frozen
class Word:
    """A bare or quoted word: verb, type, name, `..`. `fillings` are what has taken the parameters' places."""

    text: str
    span: Span = field(compare=False)
    parameters: Parameters = ()
    fillings: Fillings = field(default=(), compare=False)


@frozen
class Property:
    """`Name=value`, split at its first `=`. `value` has quotes and escapes resolved.

    `value_at` is where the value stands if that is not behind the name. `fillings`: see `Word`.
    """

    name: str
    value: str
    span: Span = field(compare=False)
    parameters: Parameters = ()
    value_at: Span | None = field(default=None, compare=False)
    fillings: Fillings = field(default=(), compare=False)

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


@frozen
class Option:
    """`-name` or `-name=value`; `value` is None without an `=`. `value_at`, `fillings`: see `Property`."""

    name: str
    value: str | None
    span: Span = field(compare=False)
    parameters: Parameters = ()
    value_at: Span | None = field(default=None, compare=False)
    fillings: Fillings = field(default=(), compare=False)

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
    is_open = is_open or ((previous.value or "").endswith(",") and not _ends_filled(previous))
    return is_open and previous.span.line == word.span.line


def _ends_filled(argument: Property | Option) -> bool:
    """Whether the last character of the value came from outside: it is no part of the language."""
    last = argument.fillings[-1] if argument.fillings else None
    return last is not None and last.start + last.length == len(argument.value or "")


def value_part(argument: Property | Option, start: int, length: int) -> Span:
    """Where `length` characters of the value stand, from `start` on.

    What came from outside stands where its parameter does. Quotes and escapes hide the parts of a value: then
    it is the whole.
    """
    text = argument.value or ""
    if not argument.fillings:
        whole = argument.value_span
        return whole.part(start, length) if whole.length == len(text) else whole
    touched = [
        f
        for f in argument.fillings
        if f.start < start + max(length, 1) and start < f.start + max(f.length, 1)
    ]
    if touched:
        first, last = touched[0].span, touched[-1].span
        return first.part(0, last.column + last.length - first.column)
    behind_name = replace(argument, value_at=None).value_span
    grown = sum(f.span.length - f.length for f in argument.fillings)
    if behind_name.length != len(text) + grown:
        return behind_name
    moved = sum(f.span.length - f.length for f in argument.fillings if f.start <= start)
    return behind_name.part(start + moved, length)


@frozen
class Prompt:
    """A pasted prompt, `System:/CertificateStore/cmp>`: the device's name and its path."""

    device: str
    path: tuple[str, ...]
    span: Span = field(compare=False)


@frozen
class Comment:
    """A comment line, from its `#` on."""

    text: str
    span: Span = field(compare=False)


@frozen
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


@frozen
class SyntaxProblem:
    """A malformed place that the parser read past."""

    kind: SyntaxProblemKind
    span: Span

"""A parsed source: its logical lines, and the nodes that stand in them.

Lines keep every character, so a script gives its source back. Nodes are made when they are asked for: a large
script costs little until it is read.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from .ast import Command, Comment, Span, SyntaxProblem, SyntaxProblemKind
from .lexer import MOST_LINES
from .lines import LogicalLine
from .reading import read_command, read_comments, read_problems

_LINE_END = re.compile("\n")


@dataclass(frozen=True)
class Script:
    """What `file` says: `lines` cover its `text`, but for blanks at the end and what is beyond all limits.

    Two scripts are equal if their commands and comments say the same.
    """

    file: str
    text: str = field(repr=False)
    lines: tuple[LogicalLine, ...] = field(repr=False)

    @property
    def commands(self) -> Iterator[Command]:
        """The commands, in order; each iteration makes them anew."""
        for line in self.lines:
            command = read_command(self.text, line, self.locate)
            if command is not None:
                yield command

    @property
    def last_command(self) -> Command | None:
        """The last of the commands."""
        for line in reversed(self.lines):
            command = read_command(self.text, line, self.locate)
            if command is not None:
                return command
        return None

    @property
    def comments(self) -> Iterator[Comment]:
        """The comments, in order."""
        for line in self.lines:
            yield from read_comments(self.text, line, self.locate)

    @property
    def problems(self) -> Iterator[SyntaxProblem]:
        """What is malformed, in order."""
        if '"' in self.text or "\\" in self.text:
            for line in self.lines:
                said = self.text[line.start : line.end]
                if '"' in said or "\\" in said:
                    yield from read_problems(self.text, line, self.locate)
        if len(self.lines) == MOST_LINES and self.text[self.lines[-1].end :].strip(" \t\r\n\\"):
            place = self.locate(self.lines[-1].end, 0)
            yield SyntaxProblem(SyntaxProblemKind.TOO_MANY_LINES, place)

    def locate(self, start: int, length: int) -> Span:
        """The span of `length` characters from the offset `start` on."""
        line = bisect_right(self._line_starts, start)
        return Span(self.file, line, start - self._line_starts[line - 1] + 1, length)

    @cached_property
    def _line_starts(self) -> array[int]:
        starts = array("q", (0,))
        starts.extend(match.end() for match in _LINE_END.finditer(self.text))
        return starts

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Script):
            return NotImplemented
        mine, others = (
            (list(script.commands), [comment.text for comment in script.comments])
            for script in (self, other)
        )
        return mine == others

    __hash__ = None  # pyright: ignore[reportAssignmentType]

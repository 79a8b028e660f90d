"""Script text in, logical lines out: the parser proper, Lark's LALR."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, cast

import lark
from lark import Lark, Token, Transformer
from lark.visitors import v_args  # pyright: ignore[reportUnknownVariableType]

from . import tables
from .garbage import collector_paused
from .lexer import LineLexer, argument_pattern

_GRAMMAR = Path(__file__).with_name("cos.lark")


class LogicalLine(NamedTuple):
    """A command with the lines folded into it, or a comment; with the blanks before it.

    `start` and `end` are offsets in the source. `kind` is its terminal in the grammar: COMMAND, PROMPTED,
    ORPHAN or COMMENT.
    """

    start: int
    end: int
    kind: str


def read_lines(text: str) -> tuple[LogicalLine, ...]:
    """The logical lines of `text`, one behind the other; only blanks stand behind the last."""
    with collector_paused():
        lines = _lark().parse(text, start="script")  # pyright: ignore[reportUnknownMemberType]
    return cast("tuple[LogicalLine, ...]", lines)


@cache
def argument() -> re.Pattern[str]:
    """What finds the arguments within a logical line (see `argument_pattern`)."""
    return argument_pattern(_pattern)


@cache
def prompt() -> re.Pattern[str]:
    """What finds the prompt of a logical line."""
    return re.compile(_pattern("PROMPT"))


def _pattern(terminal: str) -> str:
    return _lark().get_terminal(terminal).pattern.to_regexp()


@cache
def _lark() -> Lark:
    # Lark takes longer to make its tables than to read a script of a thousand lines.
    if made_of() != tables.MADE_OF:
        return make_parser()
    return Lark._load_from_dict(tables.DATA, tables.MEMO, transformer=_Lines())  # pyright: ignore


def made_of() -> tuple[str, str]:
    """Whose tables the parser has: Lark's version, and the grammar's digest."""
    return lark.__version__, sha256(_GRAMMAR.read_bytes()).hexdigest()


def make_parser() -> Lark:
    """The parser, made of the grammar."""
    return Lark.open(  # pyright: ignore[reportUnknownMemberType]
        str(_GRAMMAR),
        parser="lalr",
        lexer=LineLexer,
        start=["script", "command"],
        maybe_placeholders=False,
        transformer=_Lines(),
    )


@v_args(inline=True)
class _Lines(Transformer[Token, "tuple[LogicalLine, ...]"]):
    """Lark's callbacks, one for each rule."""

    def script(self, *tokens: Token) -> tuple[LogicalLine, ...]:
        return tuple([LogicalLine(t.start_pos or 0, t.end_pos or 0, t.type) for t in tokens])

"""Script text in, syntax tree out.

Parsing never fails: what is malformed comes back in `Script.problems`, and the rest is read.
"""

from __future__ import annotations

import re
import sys
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import cast

from lark import Lark, Token, Transformer
from lark.visitors import v_args  # pyright: ignore[reportUnknownVariableType]

from .ast import (
    Argument,
    Command,
    Comment,
    Option,
    Prompt,
    Property,
    Script,
    Span,
    SyntaxProblem,
    SyntaxProblemKind,
    Word,
    unquote,
)

_PROMPT = re.compile(r"([^:]+):/([^>]*)>[ \t]*(#.*)?")
_WELL_QUOTED = re.compile(r'(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*+")*+')


@dataclass(slots=True)
class _Parse:
    """What one run of the parser gathers beside the commands."""

    file: str
    comments: list[Comment] = field(default_factory=list[Comment])
    problems: list[SyntaxProblem] = field(default_factory=list[SyntaxProblem])


# Lark makes the nodes while it parses, and its callbacks take no argument of ours.
_parse: ContextVar[_Parse] = ContextVar("_parse")


def parse(text: str, file: str = "<script>") -> Script:
    """Parse `text`; `file` is the name that spans carry."""
    state = _Parse(file)
    mark = _parse.set(state)
    try:
        commands = cast("list[Command]", _lark().parse(text))  # pyright: ignore[reportUnknownMemberType]
    finally:
        _parse.reset(mark)
    return Script(file, text, tuple(commands), tuple(state.comments), tuple(state.problems))


@cache
def _lark() -> Lark:
    return Lark.open(  # pyright: ignore[reportUnknownMemberType]
        "cos.lark",
        rel_to=__file__,
        parser="lalr",
        lexer="contextual",
        start="script",
        maybe_placeholders=False,
        transformer=_Nodes(),
        lexer_callbacks={"COMMENT": _note_comment, "STRAY": _note_stray},
    )


def _span(token: Token, skip: int = 0) -> Span:
    """Where `token` stands, without its first `skip` characters."""
    return Span(_parse.get().file, token.line or 1, (token.column or 1) + skip, len(token) - skip)


def _check_quotes(raw: str, span: Span) -> None:
    if '"' in raw and not _WELL_QUOTED.fullmatch(raw):
        problem = SyntaxProblem(SyntaxProblemKind.UNTERMINATED_QUOTE, span)
        _parse.get().problems.append(problem)


def _note_comment(token: Token) -> Token:
    indent = len(token) - len(token.lstrip(" \t"))
    text = token[indent:].rstrip("\r")
    _parse.get().comments.append(Comment(text, _span(token, indent).part(0, len(text))))
    return token


def _note_stray(token: Token) -> Token:
    problem = SyntaxProblem(SyntaxProblemKind.STRAY_BACKSLASH, _span(token))
    _parse.get().problems.append(problem)
    return token


@v_args(inline=True)
class _Nodes(Transformer[Token, "list[Command]"]):
    """Lark's callbacks: upper case for tokens, lower case for rules."""

    def PROPERTY(self, token: Token) -> Property:  # noqa: N802
        span = _span(token)
        _check_quotes(token, span)
        name, _, raw = token.partition("=")
        return Property(sys.intern(name), unquote(raw), span)

    def OPTION(self, token: Token) -> Option:  # noqa: N802
        span = _span(token)
        _check_quotes(token, span)
        name, equals, raw = token[1:].partition("=")
        return Option(name, unquote(raw) if equals else None, span)

    def WORD(self, token: Token) -> Word:  # noqa: N802
        span = _span(token)
        _check_quotes(token, span)
        return Word(unquote(token), span)

    def HEAD(self, token: Token) -> Word:  # noqa: N802
        indent = len(token) - len(token.lstrip(" \t"))
        span = _span(token, indent)
        _check_quotes(token, span)
        return Word(unquote(token[indent:]), span)

    def PROMPT(self, token: Token) -> Prompt:  # noqa: N802
        match = _PROMPT.fullmatch(token)
        assert match is not None  # noqa: S101  (the terminal is the stricter pattern)
        if match[3] is not None:
            _parse.get().comments.append(Comment(match[3], _span(token, match.start(3))))
        device = match[1].lstrip(" \t")
        indent = len(match[1]) - len(device)
        path = tuple(segment for segment in match[2].split("/") if segment)
        span = _span(token, indent).part(0, match.end(2) + 1 - indent)
        return Prompt(device, path, span)

    def script(self, *commands: Command) -> list[Command]:
        return list(commands)

    def orphan(self, *arguments: Argument) -> Command:
        return Command(None, arguments[0], arguments[1:], is_orphan=True)

    def prompted(self, prompt: Prompt, *arguments: Argument) -> Command:
        return Command(prompt, arguments[0] if arguments else None, arguments[1:])

    def command(self, head: Word, *arguments: Argument) -> Command:
        return Command(None, head, arguments)

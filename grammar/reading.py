"""A logical line in, the nodes that stand in it out."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator

from .ast import (
    Argument,
    Command,
    Comment,
    Option,
    Prompt,
    Property,
    Span,
    SyntaxProblem,
    SyntaxProblemKind,
    Word,
)
from .lines import LogicalLine, argument, prompt
from .quoting import ends_in_backslash, is_closed, shifted, unquote

# The span of so many characters that begin at an offset into the source.
Locate = Callable[[int, int], Span]

_COMMENT_LINE = re.compile(r"\n(?:[ \t\r]|\\\r?\n)*+(#[^\n]*+)")


def read_command(text: str, line: LogicalLine, locate: Locate) -> Command | None:
    """The command that `line` of the source `text` holds; None if it holds none."""
    match line.kind:
        case "COMMENT":
            return None
        case "PROMPTED":
            found = _prompt_of(text, line)
            arguments = _read_arguments(text, found.end(), line.end, locate)
            shown = _read_prompt(found, locate)
        case _:
            arguments = _read_arguments(text, line.start, line.end, locate)
            shown = None
    if shown is None and not arguments:
        return None
    verb = arguments[0] if arguments else None
    if line.kind != "ORPHAN" and isinstance(verb, Property | Option):
        verb = _as_word(verb)
    return Command(shown, verb, tuple(arguments[1:]), line.kind == "ORPHAN")


def read_comments(text: str, line: LogicalLine, locate: Locate) -> Iterator[Comment]:
    """The comments of a line: itself, or those between its folded lines."""
    start = line.start
    if line.kind == "COMMENT":
        yield _comment(text, text.index("#", start), line.end, locate)
        return
    if "#" not in text[start : line.end]:
        return
    if line.kind == "PROMPTED":
        found = _prompt_of(text, line)
        start, behind = found.end(), text.find("#", found.start(), found.end())
        if behind >= 0:
            yield _comment(text, behind, start, locate)
    for found in argument().finditer(text, start, line.end):
        for comment in _COMMENT_LINE.finditer(
            text, found.start(), found.start(found.lastindex or 0)
        ):
            yield _comment(text, comment.start(1), comment.end(1), locate)


def read_problems(text: str, line: LogicalLine, locate: Locate) -> Iterator[SyntaxProblem]:
    """What is malformed in a line."""
    if line.kind == "COMMENT":
        return
    start = _prompt_of(text, line).end() if line.kind == "PROMPTED" else line.start
    for found in argument().finditer(text, start, line.end):
        raw = found[found.lastindex or 0]
        if not is_closed(raw):
            place = locate(found.end() - len(raw), len(raw))
            yield SyntaxProblem(SyntaxProblemKind.UNTERMINATED_QUOTE, place)
        elif ends_in_backslash(raw):
            yield SyntaxProblem(SyntaxProblemKind.STRAY_BACKSLASH, locate(found.end() - 1, 1))


def _prompt_of(text: str, line: LogicalLine) -> re.Match[str]:
    found = prompt().search(text, line.start, line.end)
    assert found is not None  # noqa: S101  (the line's kind says so)
    return found


def _read_prompt(found: re.Match[str], locate: Locate) -> Prompt:
    device, _, path = found[0].partition(":/")
    path = path.partition(">")[0]
    span = locate(found.start(), len(device) + len(path) + 3)
    return Prompt(device, tuple(segment for segment in path.split("/") if segment), span)


def _comment(text: str, start: int, end: int, locate: Locate) -> Comment:
    shown = text[start:end].rstrip("\r")
    return Comment(shown, locate(start, len(shown)))


def _read_arguments(text: str, start: int, end: int, locate: Locate) -> list[Argument]:
    found = argument().finditer(text, start, end)
    return [part for match in found if (part := read_argument(match, locate)) is not None]


def read_argument(found: re.Match[str], locate: Locate) -> Argument | None:
    """The argument that a match of `lines.argument` is; None for a lone backslash at the source's end."""
    kind = found.lastgroup or ""
    raw = found[kind]
    if raw == "\\":  # a problem, and no argument
        return None
    span = locate(found.start(kind), len(raw))
    if kind == "WORD":
        word, parameters = unquote(raw)
        return Word(word, span, parameters)
    name, equals, value = raw.partition("=")
    value, parameters = unquote(value)
    if kind == "PROPERTY":
        return Property(sys.intern(name), value, span, parameters)
    return Option(name[1:], value if equals else None, span, parameters)


def _as_word(argument: Property | Option) -> Word:
    """What begins a command is a word, whatever it looks like."""
    before = argument.name if isinstance(argument, Property) else f"-{argument.name}"
    before += "=" if argument.value is not None else ""
    parameters = shifted(argument.parameters, len(before), len(before))
    return Word(before + (argument.value or ""), argument.span, parameters)

"""A script in, its canonical layout out.

The layout, which `docs/formatting.md` shows:

1. A command stands on one line if it fits. If not, or if comments stand between its arguments, its verb and
   words come first, and each property or option has a line of its own. Words stay behind the argument before
   them, for one at the start of a line could read as a command.
2. Quotes and escapes only where they are needed, one blank between arguments, no prompts.
3. Comments stay where they are: on lines of their own, between the same arguments.
4. One empty line where there were any, none at the start and the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from .ast import Argument, Comment, Option, Property, Word, goes_on
from .lines import LogicalLine, prompt
from .quoting import quote, quote_word
from .reading import read_command, read_comments
from .script import Script

WIDTH = 100
_INDENT = "    "
_JOIN = re.compile(r"\\\r?\n")

# Arguments and the comments between them, in order.
_Part = Argument | Comment


def format_script(script: Script, width: int = WIDTH) -> str:
    """The script in lines of at most `width` characters, but for what cannot be folded.

    It has to be free of syntax problems, and of carriage returns within a line.
    """
    written: list[str] = []
    for is_apart, line, parts in _commands(script):
        block = _fold(line, parts, width)
        if block:
            written += ([""] if is_apart and written else []) + block
    return "".join(f"{line}\n" for line in written)


def format_for_device(script: Script) -> str:
    """The script with one command a line, as devices are known to read it; comments stand above."""
    written: list[str] = []
    for is_apart, line, parts in _commands(script):
        arguments = [part for part in parts if not isinstance(part, Comment)]
        block = [part.text.rstrip() for part in parts if isinstance(part, Comment)]
        if arguments:
            block.append(_on_one_line(line, arguments))
        if block:
            written += ([""] if is_apart and written else []) + block
    return "".join(f"{line}\n" for line in written)


def _commands(script: Script) -> Iterator[tuple[bool, LogicalLine, list[_Part]]]:
    """Each logical line with what stands in it, and whether an empty line stands before."""
    is_apart = False
    for line in script.lines:
        is_apart = is_apart or _is_apart(script.text, line)
        parts: list[_Part] = list(read_comments(script.text, line, script.locate))
        command = read_command(script.text, line, script.locate)
        if command is not None and command.verb is not None:
            parts += (command.verb, *command.arguments)
            parts.sort(key=lambda part: part.span[1:3])
        if parts:
            yield is_apart, line, parts
            is_apart = False


def _is_apart(text: str, line: LogicalLine) -> bool:
    """Whether an empty line stands before a logical line, whose blanks in front include it."""
    lead = _JOIN.sub("", text[line.start : line.end])
    lead = lead[: len(lead) - len(lead.lstrip(" \t\r\n"))]
    return lead.count("\n") > 1 or (line.start == 0 and "\n" in lead)


def _fold(line: LogicalLine, parts: list[_Part], width: int) -> list[str]:
    """The lines of a command or comment."""
    above = list(takewhile(lambda part: isinstance(part, Comment), parts))
    parts = parts[len(above) :]
    comments = [part.text.rstrip() for part in above if isinstance(part, Comment)]
    return comments + (_fold_command(line, parts, width) if parts else [])


def _fold_command(line: LogicalLine, parts: list[_Part], width: int) -> list[str]:
    arguments = [part for part in parts if not isinstance(part, Comment)]
    breaks = _breaks(parts)
    if len(arguments) == len(parts):
        whole = _on_one_line(line, arguments)
        if len(whole) <= width and not breaks:
            return [whole]
    # Each line in pieces: one may hold very many words.
    lines = [[_INDENT if line.kind == "ORPHAN" else ""]]
    for number, part in enumerate(parts):
        follows = parts[number + 1] if number + 1 < len(parts) else None
        if isinstance(part, Comment):
            lines.append([_INDENT, part.text.rstrip()])
        elif number == 0:
            lines[-1].append(_first(line, part, follows))
        elif isinstance(part, Word) and number not in breaks:
            lines[-1] += (" ", quote_word(part.text, part.parameters))
        else:
            lines.append([_INDENT, _at_start(part, follows)])
    return ["".join(pieces) for pieces in lines]


def _on_one_line(line: LogicalLine, arguments: list[Argument]) -> str:
    follow = [*arguments[1:], None]
    first = _first(line, arguments[0], follow[0])
    rest = (_write(a, f) for a, f in zip(arguments[1:], follow[1:], strict=True))
    return (_INDENT if line.kind == "ORPHAN" else "") + " ".join((first, *rest))


def _first(line: LogicalLine, argument: Argument, follows: _Part | None) -> str:
    """What begins a logical line."""
    if not isinstance(argument, Word):
        return _write(argument, follows)
    if line.kind == "ORPHAN":
        return _at_start(argument, follows)
    written = quote(argument.text, argument.parameters)
    # A prompt may have blanks in it: the ">" that ends it can stand in an argument behind.
    is_plain = not written.startswith("#") and not prompt().match(f"{written}>")
    return written if is_plain else f'"{written}"'


def _at_start(argument: Argument, follows: _Part | None) -> str:
    """An argument that begins a folded line; a word there must not read as a command."""
    written = _write(argument, follows)
    if isinstance(argument, Word) and not written.startswith('"'):
        return f'"{written}"'
    return written


def _write(argument: Argument, follows: _Part | None) -> str:
    """An argument as it is written in front of `follows`."""
    match argument:
        case Word(text=text):
            return quote_word(text, argument.parameters)
        case Property(name=name, value=value):
            before = f"{name}="
        case Option(name=name, value=None):
            return f"-{name}"
        case Option(name=name, value=value):
            before = f"-{name}="
    is_torn = value == "" and isinstance(follows, Word) and goes_on(argument, follows)
    return before if is_torn else before + quote(value or "", argument.parameters)


def _breaks(parts: list[_Part]) -> set[int]:
    """Where words stand that have to stay on another line than what is before.

    On the same line they would go on with a list that ends in a comma, or that torn words lead up to.
    """
    breaks: set[int] = set()
    head: Property | Option | None = None  # what the next word may go on with
    for number, part in enumerate(parts):
        match part:
            case Comment():
                continue
            case Property() | Option():
                head = part
            case Word(text=text):
                if number and isinstance(parts[number - 1], Comment):
                    breaks.add(number)
                if head is not None and goes_on(head, part) and text.endswith(","):
                    head = replace(head, value=text)
                    continue
                if head is not None and not goes_on(head, part) and (head.value or "")[-1:] == ",":
                    breaks.add(number)
                head = None
    return breaks

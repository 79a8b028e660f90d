"""Texts made to be slow or deep to read: what is in them is found all the same.

Each is so large that reading it in linear time takes a moment, and in quadratic time does not end.
"""

from typing import NamedTuple

import pytest
from csc.cli.views.source_text import masked_lines
from csc.grammar.ast import SyntaxProblemKind
from csc.grammar.formatting import format_for_device, format_script
from csc.grammar.parser import parse
from csc.grammar.quoting import Parameter

# Characters of one word or one run of blanks, and lines or arguments, which cost more.
MANY = 200_000
LINES = 10_000


class Found(NamedTuple):
    """What a text holds; `problem` is the kind, line, column and length of its last problem."""

    commands: int
    arguments: int = 0
    comments: int = 0
    problems: int = 0
    problem: tuple[str, int, int, int] | None = None


def unclosed(line: int, column: int, length: int) -> tuple[str, int, int, int]:
    return (SyntaxProblemKind.UNTERMINATED_QUOTE, line, column, length)


def stray(line: int, column: int) -> tuple[str, int, int, int]:
    return (SyntaxProblemKind.STRAY_BACKSLASH, line, column, 1)


def numbered(form: str) -> str:
    return "".join(form.format(number) for number in range(LINES))


TEXTS = {
    # One word, however long.
    "a word": ("a" * MANY, Found(1)),
    "quotes": ('"' * MANY, Found(1)),
    "quotes, the last unclosed": (
        '"' * (MANY + 1),
        Found(1, problems=1, problem=unclosed(1, 1, MANY + 1)),
    ),
    "backslashes": ("\\" * MANY, Found(1)),
    "backslashes, the last stray": (
        "\\" * (MANY + 1),
        Found(1, problems=1, problem=stray(1, MANY + 1)),
    ),
    "escaped quotes": ('\\"' * MANY, Found(1)),
    "a quote of escaped quotes": (
        '"\\' * MANY,
        Found(1, problems=1, problem=unclosed(1, 1, 2 * MANY)),
    ),
    "equals signs": ("a=" * MANY, Found(1)),
    "options in a word": ("-x=" * MANY, Found(1)),
    "parameters in a word": ("$1" * LINES, Found(1)),
    "brackets": ("([{" * MANY, Found(1)),
    "paths without a prompt's end": ("System:/" * MANY, Found(1)),
    "NULs": ("\0" * MANY, Found(1)),
    # Blanks, and what is none between them.
    "blanks": (" " * MANY, Found(0)),
    "line ends": ("\n" * MANY, Found(0)),
    "carriage returns": ("\r" * MANY, Found(0)),
    "joined empty lines": ("\\\n" * MANY, Found(0)),
    "joined blank lines": (" \\\r\n" * MANY, Found(0)),
    "blanks behind a command": ("a" + " " * MANY, Found(1)),
    "line ends behind a command": ("a" + "\n" * MANY, Found(1)),
    "blanks before a word": ("a" + " " * MANY + "b", Found(1, 1)),
    "blanks before a backslash": ("a" + " " * MANY + "\\b", Found(1, 1)),
    "blanks before a carriage return": ("a" + " " * MANY + "\rb", Found(1, 1)),
    "carriage returns before a word": ("a" + "\r" * MANY + "b", Found(1, 1)),
    "blanks and carriage returns": ("a" + " \r\t" * MANY + "b", Found(1, 1)),
    "joined lines before a comment": ("a\n" + " \\\n" * MANY + "\n#", Found(1, 0, 1)),
    # What may stand between folded lines is looked at once.
    "comments in a command": ("a\n" + "#\n" * LINES + " b=1", Found(1, 1, LINES)),
    "comments behind a command": ("a\n" + "#\n" * LINES + "b", Found(2, 0, LINES)),
    "comments behind each line": ("a\n" + " b\n#\n#\n" * LINES, Found(1, LINES, 2 * LINES)),
    "comments behind each command": ("a\n#\n #\n" * LINES, Found(LINES, 0, 2 * LINES)),
    "empty lines in a command": ("a\n" + "\n" * MANY + " b=1", Found(1, 1)),
    "empty lines in each command": ("a\n\n\n b\n" * LINES, Found(LINES, LINES)),
    "empty lines behind each command": ("a\n\n\n\n" * LINES, Found(LINES)),
    # Many of each.
    "commands": ("a=\n" * LINES, Found(LINES)),
    "commands of old Macs": ("a\r" * LINES, Found(1, LINES - 1)),
    "commands with NULs": ("\0\n" * LINES, Found(LINES)),
    "indented commands": ("\tadd A a\n" * LINES, Found(LINES, 2 * LINES)),
    "indented commands alone": ("  add \n" * LINES, Found(LINES)),
    "contexts": ("cc X y\n" * LINES, Found(LINES, 2 * LINES)),
    "prompts": ("System:/>\n" * LINES, Found(LINES)),
    "prompts in a line": ("System:/x> " * LINES, Found(1, LINES - 2)),
    "prompts in a word": ("System:/x>" * LINES, Found(1)),
    "prompts with comments": ("x:/># c\n" * LINES, Found(LINES, 0, LINES)),
    "prompts without an end": ("x:/ " * LINES, Found(1, LINES - 1)),
    "folded prompts without an end": ("a\n" + " x:/\n" * LINES, Found(1, LINES)),
    "joined prompts without an end": ("a " + "x:/\\\n" * LINES, Found(1, LINES)),
    "properties in a line": ("a " + numbered("P{}=1 "), Found(1, LINES)),
    "properties on folded lines": ("a\n" + numbered("\tP{}=1\n"), Found(1, LINES)),
    "options in a line": ("a " + "-x= " * LINES, Found(1, LINES)),
    "lines without a command": (" a\n" * LINES, Found(1, LINES - 1)),
    "joined lines": ("a \\\n" * LINES, Found(1, LINES - 1)),
    "unclosed quotes": (
        '"\n' * LINES,
        Found(LINES, problems=LINES, problem=unclosed(LINES, 1, 1)),
    ),
    "unclosed quotes before a backslash": (
        '"\\\n' * LINES,
        Found(LINES, problems=LINES, problem=unclosed(LINES, 1, 2)),
    ),
    "quoted blanks": ('" " ' * LINES, Found(1, LINES - 1)),
    "everything in turn": (
        '"\\\n #\n\r x:/ \\"a=\n' * LINES,
        Found(LINES, 2 * LINES, LINES, LINES, unclosed(3 * LINES - 2, 1, 2)),
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_in_it(name: str) -> None:
    text, expected = TEXTS[name]
    script = parse(text)
    commands = list(script.commands)
    problems = list(script.problems)
    last = problems[-1] if problems else None
    assert expected == Found(
        len(commands),
        sum(len(command.arguments) for command in commands),
        sum(1 for _ in script.comments),
        len(problems),
        (last.kind, *last.span[1:]) if last else None,
    )


def test_layout_of_one_long_command() -> None:
    """Words stay on the line of the verb, properties have a line each."""
    words, properties = " w" * LINES, "".join(f"\n    P{n}=1" for n in range(LINES))
    text = f"add A{words}{properties}\n"
    assert format_script(parse(text)) == text
    assert format_for_device(parse(text)) == text.replace("\n    ", " ")


def test_a_word_is_looked_at_once() -> None:
    """Each character of a parameterised word is one parameter: none is read twice."""
    (command,) = parse("$1" * LINES).commands
    assert command.verb is not None
    assert command.verb.parameters == tuple(Parameter(2 * n, "1") for n in range(LINES))


def test_secrets_of_one_line_are_all_masked() -> None:
    text = "set User u" + " Password=geheim" * LINES
    masked = masked_lines([parse(text, "a.cfg")])
    assert masked == {"a.cfg": [text.replace("geheim", "******")]}

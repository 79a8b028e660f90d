"""Script text to syntax tree: every text parses, nothing is lost, each node knows its place."""

import re
from pathlib import Path

import csc.grammar.lines
from csc.grammar.ast import Argument, Command, Option, Prompt, Property, Span, Word
from csc.grammar.lines import made_of, make_parser, read_lines
from csc.grammar.parser import parse
from csc.grammar.quoting import Form, Parameter
from csc.grammar.script import Script
from csc.grammar.tables import MADE_OF
from hypothesis import example, given
from hypothesis import strategies as st
from lark import Lark

GRAMMAR = Path(csc.grammar.lines.__file__).with_name("cos.lark")
ALPHABET = st.sampled_from(
    [*'abc/=-_#:>.,"\\ \t\n\r$1', "add", "cc", "System:/>", "file://", "é", "\0", "${var:x}"]
)
# The grammar's rule of a command, read by Lark's own lexer.
COMMANDS = Lark(
    re.sub(r"script: .*\n%declare .*\n", "", GRAMMAR.read_text()),
    parser="lalr",
    start="command",
)
MADE = make_parser()
TEXTS = st.lists(ALPHABET, max_size=60).map("".join)


def arguments(command: Command) -> list[Argument]:
    return [part for part in (command.verb, *command.arguments) if part is not None]


def pieces(script: Script) -> list[Span]:
    spans: list[Span] = []
    for command in script.commands:
        if command.prompt is not None:
            spans.append(command.prompt.span)
        spans += [part.span for part in arguments(command)]
    return spans + [comment.span for comment in script.comments]


@given(TEXTS)
@example('"' * 200)
@example("\\" * 201)
@example("add X\\")
@example("System:/> System:/>")
def test_every_text_parses(text: str) -> None:
    """No text makes the parser fail, and spans lie within the text, each once."""
    lines = text.split("\n")
    spans = pieces(parse(text))
    for span in spans:
        assert 1 <= span.line <= len(lines)
        assert span.length > 0
        assert span.column - 1 + span.length <= len(lines[span.line - 1])
    assert len({(s.line, s.column) for s in spans}) == len(spans)


def test_tables_are_of_this_grammar() -> None:
    """After a change of the grammar, or of Lark: tests/support/parser_tables.py says how to make them."""
    assert made_of() == MADE_OF


@given(TEXTS)
def test_loaded_tables_read_as_made_ones(text: str) -> None:
    assert MADE.parse(text, start="script") == read_lines(text)


@given(TEXTS)
@example("add A \\\n# no comment")
@example("\\\nadd A")
def test_nothing_is_lost(text: str) -> None:
    """Lines follow each other without a gap; what no node of them covers is blank, or joins lines."""
    script = parse(text)
    end = 0
    for line in script.lines:
        assert line.start == end
        end = line.end
    assert text[end:].replace("\\", "").strip(" \t\r\n") == ""
    covered = [list(line) for line in text.split("\n")]
    for span in pieces(script):
        for column in range(span.column - 1, span.column - 1 + span.length):
            covered[span.line - 1][column] = " "
    rest = "\n".join("".join(line) for line in covered)
    assert rest.replace("\\\r\n", "").replace("\\\n", "").strip(" \t\r\n") in ("", "\\")


@given(TEXTS)
def test_place_takes_no_part_in_comparison(text: str) -> None:
    """The same text further down is the same script."""
    assert parse("\n\n" + text) == parse(text)


@given(TEXTS)
def test_commands_are_what_the_grammar_says(text: str) -> None:
    """Lark, with its own lexer and the grammar's rule for a command, sees the same arguments."""
    for command in parse(text).commands:
        for argument in command.arguments:
            source = text.split("\n")[argument.span.line - 1][argument.span.column - 1 :]
            raw = source[: argument.span.length]
            (token,) = COMMANDS.parse("x " + raw).children[1:]
            assert token.type == type(argument).__name__.upper()
            assert token == raw


def test_kinds_of_arguments() -> None:
    (command,) = parse('System:/A/b> verb word Name=a=b -flag -option="x y" "quoted word"').commands
    assert command.prompt == Prompt("System", ("A", "b"), command.prompt.span)
    assert command.verb == Word("verb", command.verb.span)
    spans = [argument.span for argument in command.arguments]
    assert command.arguments == (
        Word("word", spans[0]),
        Property("Name", "a=b", spans[1]),
        Option("flag", None, spans[2]),
        Option("option", "x y", spans[3]),
        Word("quoted word", spans[4]),
    )


def test_script_parameters() -> None:
    """`$` and digits are a parameter, unless the dollar sign is escaped."""
    (command,) = parse(r'add $0 A=x$1 B=\$1 -c="a \" $12" D=$').commands
    assert [(a.parameters) for a in command.arguments] == [
        (Parameter(0, "0"),),
        (Parameter(1, "1"),),
        (),
        (Parameter(4, "12"),),
        (),
    ]
    assert [a.value for a in command.arguments[1:]] == ["x$1", "$1", 'a " $12', "$"]


def test_variables() -> None:
    """`${var:NAME}` is a parameter, several in one word too, unless the dollar sign is escaped."""
    (command,) = parse(
        r'add a-${var:x}$1 A="b ${var:y}${var:z}" B=\${var:x} C=${env:X} D=${var:x'
    ).commands
    assert [a.parameters for a in command.arguments] == [
        (Parameter(2, "x", Form.VARIABLE), Parameter(10, "1")),
        (Parameter(2, "y", Form.VARIABLE), Parameter(10, "z", Form.VARIABLE)),
        (Parameter(0, "", Form.DOLLAR),),
        (),
        (Parameter(0, "x", Form.OPEN),),
    ]
    assert command.arguments[1].value == "b ${var:y}${var:z}"
    assert command.arguments[2].value == "${var:x}"


def test_what_begins_a_command_is_a_word() -> None:
    (first, second, third) = parse("A=b$1 c\n-option=x\n-flag").commands
    assert first.verb == Word("A=b$1", first.verb.span, (Parameter(3, "1"),))
    assert (second.verb.text, third.verb.text) == ("-option=x", "-flag")


def test_spans_count_from_one_in_characters() -> None:
    script = parse('é add\n\tadd Type name Comments="ü"', "file.cfg")
    first, second = script.commands
    assert first.verb.span == Span("file.cfg", 1, 1, 1)
    assert second.verb.span == Span("file.cfg", 2, 2, 3)
    comments = second.arguments[2]
    assert comments.name_span == Span("file.cfg", 2, 16, 8)
    assert comments.value_span == Span("file.cfg", 2, 25, 3)


def test_continuation_joins_what_is_indented() -> None:
    script = parse("add A a\n\tx=1\n\n   # comment\n  y=2 \\\nz=3\n  set A a\nother")
    assert [len(command.arguments) for command in script.commands] == [5, 2, 0]
    assert [comment.text for comment in script.comments] == ["# comment"]

"""Script text to syntax tree: every text parses, each node knows its place."""

from csc.grammar.ast import Option, Prompt, Property, Script, Span, Word, unquote
from csc.grammar.parser import parse
from hypothesis import example, given
from hypothesis import strategies as st

ALPHABET = st.sampled_from([*'abc/=-_#:>.,"\\ \t\n\r$', "add", "cc", "file://", "é", "\0"])
TEXTS = st.lists(ALPHABET, max_size=60).map("".join)


def pieces(script: Script) -> list[Span]:
    spans: list[Span] = []
    for command in script.commands:
        if command.prompt is not None:
            spans.append(command.prompt.span)
        spans += [p.span for p in (command.verb, *command.arguments) if p is not None]
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


@given(TEXTS)
def test_nothing_is_lost(text: str) -> None:
    """What no node covers is blank, or a backslash at the end of a line or of the text."""
    covered = [list(line) for line in text.split("\n")]
    for span in pieces(parse(text)):
        for column in range(span.column - 1, span.column - 1 + span.length):
            covered[span.line - 1][column] = " "
    rest = "\n".join("".join(line) for line in covered)
    assert rest.replace("\\", "").strip(" \t\r\n") == ""


@given(TEXTS)
def test_place_takes_no_part_in_comparison(text: str) -> None:
    """The same text further down is the same script."""
    assert parse("\n\n" + text).commands == parse(text).commands


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n\r\t")))
def test_quoted_text_comes_back(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert unquote(quoted) == text


def test_kinds_of_arguments() -> None:
    command = parse('System:/A/b> verb word Name=a=b -flag -option="x y" "quoted word"').commands[0]
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

"""The canonical layout: it says the same, is stable, and is what stands in the files beside the scripts."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from csc.compiler.arguments import Arguments, sort_out
from csc.grammar.ast import Command
from csc.grammar.formatting import WIDTH, format_for_device, format_script
from csc.grammar.parser import parse
from csc.grammar.script import Script
from hypothesis import assume, example, given
from hypothesis import strategies as st
from strategies import layouts, scripts
from support.command import REPOSITORY

FORMATS = REPOSITORY / "tests" / "formats"
ALPHABET = st.sampled_from(
    [
        *'abc/=-_#:>.,"\\ \t\n$1',
        "${var:x}",
        "\r\n",
        " A=",
        " -o=",
        "\n  ",
        "add",
        "cc",
        "System:/>",
        "\n# c\n",
        "é",
    ]
)
TEXTS = st.lists(ALPHABET, max_size=60).map("".join) | scripts() | scripts().flatmap(layouts)
WIDTHS = st.sampled_from((40, 60, WIDTH))


def well_formed(text: str) -> Script:
    script = parse(text)
    assume(not list(script.problems))
    # Below a command nothing is without one (docs/language.md). The grammar finds such a line behind an empty
    # line that ends in a backslash and a comment; no layout but that very one says so.
    kinds = [line.kind for line in script.lines if line.kind != "COMMENT"]
    assume("ORPHAN" not in kinds[1:])
    return script


def said(script: Script) -> tuple[list[Command], list[str]]:
    """What a script says, its prompts left out."""
    commands = [replace(c, prompt=None) for c in script.commands if c.verb is not None]
    return commands, [comment.text.rstrip() for comment in script.comments]


@given(TEXTS, WIDTHS)
@example('add A "add" "cc"\n  "set"', 40)
@example("add A x=1,\n  y", 40)
@example("add A x=\n  y", 40)
@example("add A x= y", 40)
@example('a=b\n-c\n"#d"\n"System:/>"', 40)
@example("System:/> # c\n  A=b", 40)
@example("a:/\n  >", 40)
@example("a:/b\n  c=d>", 40)
@example('  orphan\n  # c\n  "cc"', 40)
def test_formatted_it_says_the_same(text: str, width: int) -> None:
    script = well_formed(text)
    assert said(parse(format_script(script, width))) == said(script)


def meant(script: Script) -> list[Arguments]:
    """What its commands get, values that blanks have torn put together."""
    return [sort_out(c.arguments)[0] for c in script.commands if c.verb is not None]


@given(TEXTS, WIDTHS)
@example("add A x=1,\n  y", 40)
@example("add A x=1, 2,\n  y", 40)
@example("add A x= 1,\n  y", 40)
@example("add A x=1, 2,\n  # c\n  y, z", 40)
@example('add A x= ""\n  y', 40)
def test_formatted_torn_values_stay_as_they_are(text: str, width: int) -> None:
    script = well_formed(text)
    assert meant(parse(format_script(script, width))) == meant(script)


@given(TEXTS, WIDTHS)
def test_formatted_twice_is_formatted_once(text: str, width: int) -> None:
    once = format_script(well_formed(text), width)
    assert format_script(parse(once), width) == once


@given(TEXTS)
@example("a:/\n  >")
def test_for_a_device_it_says_the_same(text: str) -> None:
    script = well_formed(text)
    written = format_for_device(script)
    again = parse(written)
    assert said(again)[0] == said(script)[0]
    assert sorted(said(again)[1]) == sorted(said(script)[1])
    assert format_for_device(again) == written


@given(TEXTS)
def test_for_a_device_each_line_is_whole(text: str) -> None:
    """Every line is a command, a comment or empty; none goes on with the one above."""
    for line in format_for_device(well_formed(text)).split("\n"):
        commands = list(parse(line).commands)
        assert len(commands) == (0 if line == "" or line.startswith("#") else 1)


@given(TEXTS, WIDTHS)
def test_what_can_be_folded_fits(text: str, width: int) -> None:
    """A line that is too long holds a comment, or no argument that could stand on a line of its own."""
    for line in format_script(well_formed(text), width).split("\n"):
        if len(line) > width and not line.lstrip().startswith("#"):
            begin, *rest = parse("x " + line.strip()).commands
            foldable = [a for a in begin.arguments[1:] if hasattr(a, "value")]
            assert not rest
            assert not foldable


@given(TEXTS)
def test_nothing_but_the_layout_is_left(text: str) -> None:
    written = format_script(well_formed(text))
    assert written == "" or written.endswith("\n")
    assert not written.startswith("\n")
    assert "\n\n\n" not in written
    assert not written.endswith("\n\n")
    assert all(line == line.rstrip(" \t") for line in written.split("\n"))


@pytest.mark.parametrize("path", sorted(FORMATS.glob("*.cfg")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """`NAME.formatted` is the layout of `NAME.cfg`, `NAME.device` that for a device."""
    script = parse(path.read_bytes().decode(), path.name)
    assert not list(script.problems)
    for suffix, layout in ((".formatted", format_script), (".device", format_for_device)):
        expected = path.with_suffix(suffix)
        if os.environ.get("CSC_REGENERATE") and (suffix == ".formatted" or expected.exists()):
            expected.write_text(layout(script), encoding="utf-8")
        assert not expected.exists() or expected.read_text(encoding="utf-8") == layout(script)
    assert path.with_suffix(".formatted").exists()

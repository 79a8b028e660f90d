"""Comments that silence findings: `# csc: ignore[key-lost-at-restart] bound by hand at the console`.

A script in; its silences out, with the lines that each acts on, and findings about comments that are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..grammar.ast import Comment, Span
from ..grammar.frozen import frozen
from ..grammar.lines import LogicalLine
from ..grammar.reading import read_command, read_comments
from ..grammar.script import Script
from . import rules
from .diagnostics import Applicability, Diagnostic, Rule, finding
from .policy import RULE_OF
from .suggest import did_you_mean
from .values import replacement

_MARK = re.compile(r"#[ \t]*+csc:")
_SILENCE = re.compile(
    r"#[ \t]*+csc:[ \t]*+ignore(?P<file>-file)?[ \t]*+\[(?P<names>[^\]]*+)\](?P<reason>.*+)"
)
_NAME = re.compile(r"[^,\s](?:[^,]*[^,\s])?")
_BLANKS = re.compile(r"(?:[ \t\r\n]|\\\r?\n)*+")
_FORM = "write `# csc: ignore[NAME] why`, with the name or code of each rule between the brackets"


@frozen
class Name:
    """A word between the brackets, and the rule that it names, if there is one."""

    text: str
    span: Span
    rule: Rule | None


@frozen
class Silence:
    """One comment. It acts on findings whose primary place is in the lines `first` to `last`, or in the file.

    `list` is where the names stand.
    """

    comment: Comment
    list: Span
    names: tuple[Name, ...]
    reason: str
    is_file_wide: bool
    first: int
    last: int


def read_silences(script: Script) -> tuple[list[Silence], list[Diagnostic]]:
    """The silences of a script, in order, and findings about what only looks like one."""
    silences: list[Silence] = []
    found: list[Diagnostic] = []
    if "csc:" not in script.text:
        return silences, found
    for comment, first, last, is_above_all in _places(script):
        if not _MARK.match(comment.text):
            continue
        match = _SILENCE.fullmatch(comment.text)
        fault = _fault(comment, match, is_above_all=is_above_all)
        if match is None or fault is not None:
            found += [fault] if fault else []
            continue
        listed = comment.span.part(match.start("names"), len(match["names"]))
        silences.append(
            Silence(
                comment,
                listed,
                tuple(_names(match["names"], listed)),
                match["reason"].strip(" \t:-–—"),
                match["file"] is not None,
                first,
                last,
            )
        )
    return silences, found


def _places(script: Script) -> Iterator[tuple[Comment, int, int, bool]]:
    """Each comment with the lines that it acts on, and whether no command stands above it."""
    waiting: list[tuple[Comment, int, bool]] = []
    is_above_all = True
    for line in script.lines:
        begin = script.locate(_begin(script.text, line), 0).line
        waiting += (
            (comment, min(begin, comment.span.line), is_above_all)
            for comment in read_comments(script.text, line, script.locate)
        )
        command = read_command(script.text, line, script.locate)
        if command is None:
            continue
        is_above_all = False
        if command.verb is None:  # a prompt alone: the command is still to come
            continue
        end = script.locate(line.end, 0).line
        yield from ((comment, first, end, above) for comment, first, above in waiting)
        waiting.clear()
    yield from ((comment, first, comment.span.line, above) for comment, first, above in waiting)


def _begin(text: str, line: LogicalLine) -> int:
    """Where a logical line begins, the blanks before it left out."""
    match = _BLANKS.match(text, line.start, line.end)
    return match.end() if match else line.start


def _names(listed: str, span: Span) -> Iterator[Name]:
    for match in _NAME.finditer(listed):
        yield Name(match[0], span.part(match.start(), len(match[0])), RULE_OF.get(match[0]))


def _fault(
    comment: Comment, match: re.Match[str] | None, *, is_above_all: bool
) -> Diagnostic | None:
    """Why a comment that begins like a silence is none."""
    if match is None:
        message, way_out = "this comment silences nothing: it is not well formed", _FORM
    elif not match["names"].strip(" \t,"):
        message, way_out = "this comment silences nothing: it names no rule", _FORM
    elif match["file"] and not is_above_all:
        message = "a silence for the whole file stands above the first command"
        way_out = "move it to the top, or write `ignore` for the next command alone"
    else:
        return None
    return finding(
        rules.MALFORMED_SILENCE, message, comment.span, "not taken as a silence", help=way_out
    )


def unknown(name: Name) -> Diagnostic:
    """The finding about a name that no rule has."""
    meant = did_you_mean(name.text, RULE_OF)
    return finding(
        rules.UNKNOWN_SILENCE,
        f"there is no rule `{name.text}`",
        name.span,
        "unknown rule",
        help=f"did you mean `{meant}`?" if meant else "docs/diagnostics.md lists all rules",
        # What is to be hidden, only a person can know.
        fix=replacement(name.span, meant, Applicability.UNSAFE) if meant else None,
    )

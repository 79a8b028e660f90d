"""A baseline file and findings in, those that are new out: what was there when the file was written is known.

A finding is told by its rule, its file and what its command says, in whatever layout and line. Equal ones are
counted. Secrets are left out of the command, for a digest would let short ones be guessed.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..compiler.diagnostics import Diagnostic
from ..compiler.policy import RULE_OF
from ..compiler.secrets import secret_spans
from ..grammar.ast import Argument, Option, Span, Word
from ..grammar.frozen import frozen
from ..grammar.lines import LogicalLine
from ..grammar.quoting import quote, quote_word
from ..grammar.reading import read_command
from ..grammar.script import Script
from ..runtime.files import write_atomically
from .exits import USAGE, Failure
from .views.source_text import to_json

SCHEMA = "csc/baseline/1"
_HIDDEN = "…"
# Of a comment only what it silences tells it from others.
_SILENCE = re.compile(r"\s*(#[ \t]*csc:[ \t]*[a-z-]+\[[^\]\n]*\])")


class Print(NamedTuple):
    """What a finding is told by; `file` is a path from the baseline's folder."""

    code: str
    file: str
    command: str


@frozen
class Baseline:
    """A baseline file: how often each finding is known."""

    path: Path
    counts: Mapping[Print, int]


def write(path: Path, scripts: Sequence[Script], found: Sequence[Diagnostic]) -> None:
    """Make the findings known.

    Raises:
        Failure: if the file cannot be written.
    """
    counts = Counter(_prints(path, scripts, found))
    document = {
        "schema": SCHEMA,
        "findings": [
            {
                "code": print_.code,
                "name": RULE_OF[print_.code].name,
                "file": print_.file,
                "command": print_.command,
                "count": count,
            }
            for print_, count in sorted(counts.items())
        ],
    }
    try:
        target = path.resolve()  # a link stays one
        write_atomically(target, (to_json(document) + "\n").encode(), 0o644)
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}", "check its folder's permissions"
        ) from None


def read(path: Path) -> Baseline:
    """The baseline that the file holds.

    Raises:
        Failure: if the file cannot be read, or is no baseline.
    """
    again = "write it again with --write-baseline"
    try:
        document = json.loads(path.read_bytes())
        if document["schema"] != SCHEMA:
            raise ValueError
        counts: Counter[Print] = Counter()
        for entry in document["findings"]:
            print_ = Print(str(entry["code"]), str(entry["file"]), str(entry["command"]))
            counts[print_] += int(entry["count"])
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}", again, USAGE) from None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise Failure(f"{path} is not a baseline ({SCHEMA})", again, USAGE) from None
    return Baseline(path, counts)


def only_new(
    known: Baseline, scripts: Sequence[Script], found: Sequence[Diagnostic]
) -> tuple[tuple[Diagnostic, ...], int]:
    """The findings that are not known, in order; and how many known ones of these scripts are gone."""
    left = Counter(known.counts)
    new: list[Diagnostic] = []
    for diagnostic, print_ in zip(found, _prints(known.path, scripts, found), strict=True):
        if left[print_] > 0:
            left[print_] -= 1
        else:
            new.append(diagnostic)
    checked = {_relative(known.path, script.file) for script in scripts}
    gone = sum(count for print_, count in left.items() if print_.file in checked and count > 0)
    return tuple(new), gone


def _prints(path: Path, scripts: Sequence[Script], found: Sequence[Diagnostic]) -> list[Print]:
    concerned = {diagnostic.primary.span.file for diagnostic in found}
    command_at = {s.file: _commands(s) for s in scripts if s.file in concerned}
    return [
        Print(d.rule.code, _relative(path, span.file), command_at[span.file](span.line))
        for d in found
        for span in (d.primary.span,)
    ]


def _relative(path: Path, file: str) -> str:
    """A script's path from the baseline's folder: the same from wherever `csc` is run."""
    if file.startswith("<"):
        return file
    folder = os.path.abspath(path.parent)  # noqa: PTH100  (`resolve` would follow links)
    return Path(os.path.relpath(os.path.abspath(file), folder)).as_posix()  # noqa: PTH100


def _commands(script: Script) -> Callable[[int], str]:
    """What tells the command at each line of a script."""
    secret = frozenset(secret_spans(script))
    ends = [script.locate(line.end, 0).line for line in script.lines]
    texts: dict[int, str] = {}

    def command_at(number: int) -> str:
        place = bisect_right(ends, number - 1)
        if place >= len(script.lines):
            return ""
        if place not in texts:
            texts[place] = _text(script, script.lines[place], secret)
        return texts[place]

    return command_at


def _text(script: Script, line: LogicalLine, secret: frozenset[Span]) -> str:
    command = read_command(script.text, line, script.locate)
    if command is None:
        match = _SILENCE.match(script.text, line.start, line.end)
        return match[1] if match else ""
    parts = [part for part in (command.verb, *command.arguments) if part is not None]
    return " ".join(_part(part, secret) for part in parts)


def _part(part: Argument, secret: frozenset[Span]) -> str:
    if isinstance(part, Word):
        return _HIDDEN if part.span in secret else quote_word(part.text, part.parameters)
    sign = "-" if isinstance(part, Option) else ""
    if part.value is None:
        return f"{sign}{part.name}"
    value = _HIDDEN if part.value_span in secret else quote(part.value, part.parameters)
    return f"{sign}{part.name}={value}"

"""Scripts in, their lines as people may see them out: secrets masked, nothing that drives a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from ...compiler.secrets import secret_spans
from ...grammar.ast import Span
from ...grammar.script import Script

MASK = "*"
_UNUSUAL = re.compile(r"[^\n\x20-\x7e]")
_TAB = "    "

# Lines of each file, by file name.
Lines = Mapping[str, Sequence[str]]


def masked_lines(
    scripts: Sequence[Script], secret: frozenset[str] = frozenset(), others: Lines | None = None
) -> Lines:
    """The lines of each script, every character of a secret replaced; and `others`, which hold none.

    `secret` are the properties that hold one by their schema.
    """
    return _Masked({script.file: script for script in scripts}, secret, others or {})


class _Masked(Mapping[str, Sequence[str]]):
    """A script's lines are masked when they are asked for: most runs show none."""

    def __init__(
        self, scripts: Mapping[str, Script], secret: frozenset[str], others: Lines
    ) -> None:
        self._scripts = scripts
        self._secret = secret
        self._lines = dict(others)

    def __getitem__(self, file: str) -> Sequence[str]:
        if file not in self._lines:
            self._lines[file] = _masked(self._scripts[file], self._secret)
        return self._lines[file]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._scripts, **self._lines})

    def __len__(self) -> int:
        return len({**self._scripts, **self._lines})


def _masked(script: Script, secret: frozenset[str]) -> Sequence[str]:
    lines = script.text.split("\n")
    for number, spans in groupby(secret_spans(script, secret), key=lambda span: span.line):
        lines[number - 1] = _mask(lines[number - 1], spans)
    return lines


def _mask(line: str, spans: Iterable[Span]) -> str:
    """A line with all its secrets replaced at once: a long one may hold very many."""
    parts: list[str] = []
    end = 0
    for span in spans:
        start = span.column - 1
        parts += (line[end:start], MASK * span.length)
        end = start + span.length
    return "".join((*parts, line[end:]))


def printable(text: str) -> str:
    """`text` with every control character replaced, so that no script or peer drives the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def to_json(document: object) -> str:
    """A JSON document with every character that nobody sees escaped."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return _UNUSUAL.sub(lambda m: m[0] if m[0].isprintable() else _escaped(m[0]), text)


def _escaped(character: str) -> str:
    # DEL is the one that json leaves as it is.
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]


def expand(line: str, column: int, length: int) -> tuple[str, int, int]:
    """A line with its tabs as blanks, and where a place of it has moved to (columns count from 1)."""

    def wide(text: str) -> str:
        return printable(text.rstrip("\r").replace("\t", _TAB).replace("\ufeff", ""))

    start = len(wide(line[: column - 1]))
    marked = len(wide(line[column - 1 : column - 1 + length]))
    return wide(line), start + 1, max(marked, 1)

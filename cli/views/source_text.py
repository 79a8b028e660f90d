"""Scripts in, their lines as people may see them out: secrets masked, nothing that drives a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...compiler.secrets import secret_spans
from ...grammar.script import Script

MASK = "*"
_TAB = "    "

# Lines of each file, by file name.
Lines = Mapping[str, Sequence[str]]


def masked_lines(scripts: Sequence[Script]) -> Lines:
    """The lines of each script, every character of a secret replaced."""
    masked: dict[str, Sequence[str]] = {}
    for script in scripts:
        lines = script.text.split("\n")
        for span in secret_spans(script):
            line = lines[span.line - 1]
            start, end = span.column - 1, span.column - 1 + span.length
            lines[span.line - 1] = line[:start] + MASK * (end - start) + line[end:]
        masked[script.file] = lines
    return masked


def printable(text: str) -> str:
    """`text` with every control character replaced, so that no script or peer drives the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def expand(line: str, column: int, length: int) -> tuple[str, int, int]:
    """A line with its tabs as blanks, and where a place of it has moved to (columns count from 1)."""

    def wide(text: str) -> str:
        return printable(text.rstrip("\r").replace("\t", _TAB).replace("\ufeff", ""))

    start = len(wide(line[: column - 1]))
    marked = len(wide(line[column - 1 : column - 1 + length]))
    return wide(line), start + 1, max(marked, 1)

"""A script and its new text in, the difference as people may see it out."""

from __future__ import annotations

from difflib import unified_diff

import click

from ...grammar.parser import parse
from ...grammar.script import Script
from .source_text import masked_lines, printable

_NO_LINE_END = "\n\\ No newline at end of file"
_COLORS = {"+": "green", "-": "red", "@": "cyan"}


def diff(script: Script, text: str, mark: str = "") -> str:
    """A unified diff, secrets masked; `mark` is the byte order mark that the script had.

    It is empty if nothing changes, or only how a secret is written.
    """
    lines = unified_diff(
        _shown(script, mark),
        _shown(parse(text, script.file), ""),
        printable(script.file),
        printable(script.file),
        lineterm="",
    )
    return "".join(f"{click.style(line, fg=_COLORS.get(line[:1]))}\n" for line in lines)


def _shown(script: Script, mark: str) -> list[str]:
    lines = list(masked_lines([script])[script.file])
    is_ended = lines[-1] == ""  # behind the last line's end there is none
    if is_ended:
        lines.pop()
    if mark:
        lines[:1] = [mark + "".join(lines[:1])]
    shown = [printable(line.replace("\t", "→   ").replace("\r", "␍")) for line in lines]
    if not is_ended:
        shown[-1] += _NO_LINE_END
    return shown

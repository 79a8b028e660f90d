"""A script and its new layout in, the difference as people may see it out."""

from __future__ import annotations

from difflib import unified_diff

import click

from ...grammar.parser import parse
from ...grammar.script import Script
from .source_text import masked_lines, printable

_COLORS = {"+": "green", "-": "red", "@": "cyan"}


def diff(script: Script, layout: str) -> str:
    """A unified diff, secrets masked; empty if nothing changes."""
    lines = unified_diff(
        _shown(script),
        _shown(parse(layout, script.file)),
        printable(script.file),
        printable(script.file),
        lineterm="",
    )
    return "".join(f"{click.style(line, fg=_COLORS.get(line[:1]))}\n" for line in lines)


def _shown(script: Script) -> list[str]:
    lines = list(masked_lines([script])[script.file])
    if lines and lines[-1] == "":  # behind the last line's end there is none
        lines.pop()
    return [printable(line.replace("\t", "→   ").replace("\r", "␍")) for line in lines]

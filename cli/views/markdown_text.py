"""Markdown as pages of rules are written in; plain text for a terminal out.

Known are headlines, paragraphs, lists and fenced blocks. Whatever stands within a line stays as it is.
"""

from __future__ import annotations

import re
from textwrap import fill, indent

import click

_WIDTH = 80
_BLOCK = re.compile(
    r"^```[^\n]*\n(?P<code>.*?)^```$|^#+ (?P<head>[^\n]+)$|(?P<text>[^\n]+(?:\n(?!```|#+ |- )[^\n]+)*)",
    re.MULTILINE | re.DOTALL,
)
_ITEM = "- "


def render(markdown: str) -> str:
    """The text, its lines at most 80 characters long unless an example's are longer."""
    text = ""
    was_item = False
    for match in _BLOCK.finditer(markdown):
        block = match["text"] or ""
        is_item = block.startswith(_ITEM)
        text += "\n" if not text or (is_item and was_item) else "\n\n"
        was_item = is_item
        if match["code"] is not None:
            text += indent(match["code"].rstrip("\n"), "    ")
        elif match["head"]:
            text += click.style(match["head"], bold=True)
        else:
            text += _filled(block, "  " if is_item else "")
    return text.lstrip("\n")


def _filled(paragraph: str, indentation: str) -> str:
    return fill(
        " ".join(paragraph.split()),
        _WIDTH,
        subsequent_indent=indentation,
        break_long_words=False,
        break_on_hyphens=False,
    )

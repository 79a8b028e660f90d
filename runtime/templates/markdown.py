"""Texts in; Markdown that reads well as it is, and in which none of them means anything, out."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What stands in a code span as it is; in a table, a pipe ends a cell even there.
_NOT_IN_A_SPAN = re.compile(r"[`|\\]")
_SPECIAL = re.compile(r"[!-+:<>?@\[-`{-~]|(?<=[wW])\.")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?: [A-Za-z0-9]+)*")
# Columns are as wide as their widest cell, but no wider than this: one long list must not widen every row.
_WIDEST = 40


def code(text: object) -> str:
    """The text as code, for a line or a cell: Markdown, HTML and those who look for names find nothing in it.

    Line ends and whatever drives a terminal are replaced.
    """
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))
    if not shown:
        return ""
    if _NOT_IN_A_SPAN.search(shown) is None:
        return f"`{shown}`"
    return f"<code>{_SPECIAL.sub(lambda m: f'&#{ord(m[0])};', shown)}</code>"


def table(columns: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """A table of texts, with aligned columns; heads that are plain words stay so.

    Raises:
        ValueError: if a row has not as many cells as there are columns.
    """
    heads = [text if _WORD.fullmatch(text) else code(text) for text in map(str, columns)]
    cells = [heads, *([code(cell) for cell in row] for row in rows)]
    widths = [min(max(map(len, column), default=0), _WIDEST) for column in zip(*cells, strict=True)]
    head, *lines = (
        f"| {' | '.join(f'{c:<{w}}' for c, w in zip(row, widths, strict=True))} |" for row in cells
    )
    return "\n".join((head, f"|{'|'.join('-' * (width + 2) for width in widths)}|", *lines))

"""A source text and fixes in, the fixed text out."""

from __future__ import annotations

from collections.abc import Iterable

from .diagnostics import Edit, Fix


def apply_fixes(text: str, fixes: Iterable[Fix]) -> tuple[str, int]:
    """The text with as many fixes as do not overlap, each whole or not at all; and how many those are.

    A line that an edit empties goes with what stood in it.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    line_starts = [0]
    for line in text.split("\n"):
        line_starts.append(line_starts[-1] + len(line) + 1)

    def place(edit: Edit) -> tuple[int, int]:
        begin, next_line = line_starts[edit.span.line - 1], line_starts[edit.span.line]
        start = begin + edit.span.column - 1
        end = start + edit.span.length
        rest = text[begin:start] + text[end:next_line]
        if edit.span.length and not edit.replacement and not rest.strip(" \t\r\n"):
            return begin, min(next_line, len(text))
        return start, end

    taken: dict[tuple[int, int], str] = {}
    applied = 0
    for fix in fixes:
        places = [place(edit) for edit in fix.edits]
        if any(_overlaps(a, b) for a in places for b in taken):
            continue
        taken.update(zip(places, (edit.replacement for edit in fix.edits), strict=True))
        applied += 1
    for (start, end), replacement in sorted(taken.items(), reverse=True):
        text = text[:start] + replacement.replace("\n", line_end) + text[end:]
    return text, applied


def _overlaps(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a == b or (a[0] < b[1] and b[0] < a[1])

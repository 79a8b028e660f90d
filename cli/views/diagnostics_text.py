"""Findings in, text with carets into the source out."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ...compiler.diagnostics import Diagnostic, Label, Severity
from ...grammar.ast import Span
from .headline import COLORS, headline
from .source_text import Lines, expand, printable

# A longer line is shown only around the place that it is about.
_WIDEST = 160
_AROUND = 60


def render(diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """All findings, one block each."""
    return "\n".join(_block(d, lines) for d in diagnostics)


def count(diagnostics: Sequence[Diagnostic]) -> str:
    """How many of each severity: `2 errors, 1 warning`."""
    numbers = {s: sum(d.severity is s for d in diagnostics) for s in Severity}
    parts = [f"{n} {s}{'s' if n > 1 else ''}" for s, n in numbers.items() if n]
    return ", ".join(parts) or "no findings"


def _block(diagnostic: Diagnostic, lines: Lines) -> str:
    color = COLORS[diagnostic.severity]
    head = headline(diagnostic.rule, diagnostic.severity)
    message = click.style(printable(diagnostic.message), bold=True)
    labels = [(diagnostic.primary, True), *((label, False) for label in diagnostic.secondary)]
    width = max(len(str(label.span.line)) for label, _ in labels)
    gutter = " " * width + _dim(" |")
    out = [f"{head}: {message}"]
    by_file: dict[str, list[tuple[Label, bool]]] = {}
    for label, is_primary in labels:
        by_file.setdefault(label.span.file, []).append((label, is_primary))
    for file, of_file in by_file.items():
        first = next((label for label, is_primary in of_file if is_primary), of_file[0][0])
        arrow = "-->" if file == diagnostic.primary.span.file else ":::"
        place = f"{printable(file)}:{first.span.line}:{first.span.column}"
        out.append(f"{' ' * width}{_dim(arrow)} {place}")
        out.append(gutter)
        previous = None
        for label, is_primary in sorted(of_file, key=lambda item: item[0].span.line):
            number = label.span.line
            text, column, length = _cropped(lines, label.span)
            if previous is not None and number > previous + 1:
                out.append(f"{' ' * width}{_dim('...')}")
            if number != previous:
                out.append(f"{_dim(f'{number:>{width}} |')} {text}")
            mark = click.style(
                ("^" if is_primary else "-") * length,
                fg=color if is_primary else "blue",
                bold=True,
            )
            words = f" {printable(label.text)}" if label.text else ""
            out.append(f"{gutter} {' ' * (column - 1)}{mark}{words}")
            previous = number
    tail = [f"note: {printable(note)}" for note in diagnostic.notes]
    if diagnostic.help:
        tail.append(f"help: {printable(diagnostic.help)}")
    if tail:
        out.append(gutter)
        out.extend(f"{' ' * width} {_dim('=')} {line}" for line in tail)
    return "\n".join(out) + "\n"


def _cropped(lines: Lines, span: Span) -> tuple[str, int, int]:
    """The line of a place, cut around it if it is very long."""
    of_file = lines.get(span.file, ())
    line = of_file[span.line - 1] if span.line <= len(of_file) else ""
    column, length = span.column, span.length
    if len(line) > _WIDEST:
        start = max(0, column - 1 - _AROUND)
        length = min(length, _AROUND)
        end = column - 1 + length + _AROUND
        cut = ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
        column = column - start + (1 if start else 0)
        line = cut
    return expand(line, column, length)


def _dim(text: str) -> str:
    return click.style(text, fg="blue", bold=True)

"""Findings in, workflow commands of GitHub Actions out, which show them at the lines of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from ...compiler.diagnostics import Diagnostic, Severity
from .reported import errors_first, portable
from .source_text import Lines, printable

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
# How many annotations of each severity GitHub shows of a step. The rest stands only in the step's log.
_SHOWN = 10


def render(diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """One line each, errors first; then one that counts what GitHub will not show."""
    del lines
    ordered = errors_first(diagnostics)
    notes = [d for d in ordered if d.severity is Severity.NOTE]
    others = ordered[: len(ordered) - len(notes)]
    hidden = {s: max(0, sum(d.severity is s for d in others) - _SHOWN) for s in Severity}
    if any(hidden.values()) or len(notes) > _SHOWN:
        # The count is a notice itself: of notes, one fewer has room, and what follows it would hide it.
        hidden[Severity.NOTE] = max(0, len(notes) - (_SHOWN - 1))
        notes = notes[: _SHOWN - 1]
    out = [_command(d) for d in (*others, *notes)]
    if any(hidden.values()):
        out.append(_count(hidden))
    return "\n".join(out)


def _count(hidden: dict[Severity, int]) -> str:
    counted = ", ".join(f"{n} {s}{'s' if n > 1 else ''}" for s, n in hidden.items() if n)
    return f"::notice title=csc::{counted} more than GitHub shows of a step: see `csc validate`"


def _command(diagnostic: Diagnostic) -> str:
    span = diagnostic.primary.span
    text = diagnostic.message + (f"\n{diagnostic.help}" if diagnostic.help else "")
    properties = {
        "file": portable(span.file),
        "line": str(span.line),
        "col": str(span.column),
        "endColumn": str(span.column + span.length),
        "title": f"{diagnostic.rule.code} {diagnostic.rule.name}",
    }
    joined = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[diagnostic.severity]} {joined}::{_escape(text)}"


def _escape(text: str) -> str:
    """As the runner's toolkit does it: percent sign and line breaks."""
    lines = (printable(line).replace("%", "%25") for line in text.split("\n"))
    return "%0A".join(lines)


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")

"""Findings in, workflow commands of GitHub Actions out, which show them at the lines of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from ...compiler.diagnostics import Diagnostic, Severity
from .source_text import Lines, printable

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """One line each."""
    del lines
    return "\n".join(_command(d) for d in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    span = diagnostic.primary.span
    text = diagnostic.message + (f"\n{diagnostic.help}" if diagnostic.help else "")
    properties = {
        "file": span.file,
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

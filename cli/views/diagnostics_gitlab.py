"""Findings in, a code quality report as GitLab reads it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...compiler.diagnostics import Diagnostic, Severity
from .reported import errors_first, fingerprints, message, portable
from .source_text import Lines, to_json

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}


def render(diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """The report: a list with an issue for each finding."""
    ordered = errors_first(diagnostics)
    prints = fingerprints(ordered, lines)
    return to_json([_issue(d, prints[number]) for number, d in enumerate(ordered)])


def _issue(diagnostic: Diagnostic, fingerprint: str) -> dict[str, Any]:
    span = diagnostic.primary.span
    return {
        "description": message(diagnostic),
        "check_name": f"{diagnostic.rule.code} {diagnostic.rule.name}",
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[diagnostic.severity],
        "location": {"path": portable(span.file), "lines": {"begin": span.line}},
    }

"""Findings in, one JSON document out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...compiler.diagnostics import Diagnostic, Label
from ...grammar.ast import Span
from .reported import portable
from .source_text import Lines, to_json

SCHEMA = "csc/diagnostics/1"


def render(diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """The document."""
    del lines
    return to_json({"schema": SCHEMA, "diagnostics": [finding_to_json(d) for d in diagnostics]})


def finding_to_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """One finding."""
    fix = diagnostic.fix
    return {
        "code": diagnostic.rule.code,
        "name": diagnostic.rule.name,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "primary": _label(diagnostic.primary),
        "secondary": [_label(label) for label in diagnostic.secondary],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "fix": None
        if fix is None
        else {
            "title": fix.title,
            "applicability": fix.applicability.value,
            "edits": [{**_place(e.span), "replacement": e.replacement} for e in fix.edits],
        },
    }


def _label(label: Label) -> dict[str, Any]:
    return {**_place(label.span), "text": label.text}


def _place(span: Span) -> dict[str, Any]:
    return {
        "file": portable(span.file),
        "line": span.line,
        "column": span.column,
        "length": span.length,
    }

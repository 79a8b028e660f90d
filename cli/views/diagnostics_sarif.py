"""Findings in, a SARIF 2.1.0 log out, as code-scanning services read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from click import unstyle

from ...compiler.diagnostics import Diagnostic, Label, Rule, Severity
from ...compiler.rules import RULES
from ...compiler.rules.page import read_page
from . import markdown_text
from .reported import errors_first, fingerprints, message, portable
from .source_text import Lines, to_json

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
# What a viewer takes for a link (SARIF 2.1.0, 3.11.6), unless a backslash stands before it.
_LINK = re.compile(r"\[(?=[^\]]*\]\()")


def render(diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """The log."""
    ordered = errors_first(diagnostics)
    prints = fingerprints(ordered, lines)
    index = {rule.code: number for number, rule in enumerate(RULES)}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "csc", "rules": list(map(_rule, RULES))}},
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(d, index[d.rule.code], prints[number])
                    for number, d in enumerate(ordered)
                ],
            }
        ],
    }
    return to_json(log)


def _rule(rule: Rule) -> dict[str, Any]:
    page = read_page(rule)
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "help": {"text": unstyle(markdown_text.render(page)), "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(diagnostic: Diagnostic, rule: int, fingerprint: str) -> dict[str, Any]:
    return {
        "ruleId": diagnostic.rule.code,
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": _plain(message(diagnostic))},
        "partialFingerprints": {"cscFinding/v1": fingerprint},
        "locations": [_location(diagnostic.primary)],
        "relatedLocations": [
            {"id": number, **_location(label)} for number, label in enumerate(diagnostic.secondary)
        ],
    }


def _plain(text: str) -> str:
    return _LINK.sub(r"\\[", text)


def _location(label: Label) -> dict[str, Any]:
    span = label.span
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(portable(span.file), errors="surrogateescape")},
            "region": {
                "startLine": span.line,
                "startColumn": span.column,
                "endColumn": span.column + span.length,
            },
        }
    }
    if label.text:
        location["message"] = {"text": _plain(label.text)}
    return location

"""Rules in; a JSON document with their pages out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...compiler.diagnostics import Rule
from ...compiler.rules.page import read_page

SCHEMA = "csc/rules/1"


def document(rules: Sequence[Rule]) -> dict[str, Any]:
    """The rules in order, each with its page as Markdown."""
    return {
        "schema": SCHEMA,
        "rules": [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity.value,
                "summary": rule.summary,
                "page": read_page(rule),
            }
            for rule in rules
        ],
    }

"""Rules in; their table, or the page of one as text for a terminal, out."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ...compiler.diagnostics import Rule
from .headline import headline
from .markdown_text import render
from .table import columns


def overview(rules: Sequence[Rule]) -> str:
    """A line for each rule."""
    rows = [(rule.code, rule.name, rule.severity.value, rule.summary) for rule in rules]
    return columns([("code", "name", "severity", "finds"), *rows])


def page(rule: Rule, markdown: str) -> str:
    """All that is to be said of a rule, under the head that its findings have."""
    summary = click.style(rule.summary, bold=True)
    return f"{headline(rule, rule.severity)}: {summary}\n\n{render(markdown)}"

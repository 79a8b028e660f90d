"""How a finding begins, and the page of its rule: `error[CSC206 dangling-reference]`."""

from __future__ import annotations

import click

from ...compiler.diagnostics import Rule, Severity

COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def headline(rule: Rule, severity: Severity) -> str:
    """Severity, code and name, in the severity's colour."""
    return click.style(f"{severity}[{rule.code} {rule.name}]", fg=COLORS[severity], bold=True)

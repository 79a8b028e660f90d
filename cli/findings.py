"""Findings to whoever asked for them, in the format that they asked for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import click

from ..compiler.diagnostics import Diagnostic, Severity
from .views.source_text import Lines

FORMATS = ("text", "json", "sarif", "github")


def render(form: str, diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """The findings in one of `FORMATS`."""
    view = import_module(f".views.diagnostics_{form}", __package__)
    return view.render(diagnostics, lines)


def show(diagnostics: Sequence[Diagnostic], lines: Lines, *, is_quiet: bool = False) -> None:
    """The findings of a run as text on stderr, and where to read on; quietly, only the errors."""
    shown = [d for d in diagnostics if d.severity is Severity.ERROR or not is_quiet]
    if shown:
        click.echo(render("text", shown, lines), err=True)
    if not is_quiet:
        point_to_pages(shown)


def point_to_pages(diagnostics: Sequence[Diagnostic]) -> None:
    """One line on stderr that tells of `csc explain`, unless there are but notes."""
    grave = [d for d in diagnostics if d.severity is not Severity.NOTE]
    if grave:
        # An error's rule, if there is an error: that is what people have to understand first.
        first = next((d for d in grave if d.severity is Severity.ERROR), grave[0])
        a_finding = "this finding" if len({d.rule for d in grave}) == 1 else "a finding"
        click.echo(f"For more about {a_finding}: `csc explain {first.rule.name}`\n", err=True)

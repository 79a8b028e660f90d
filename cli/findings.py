"""Findings to whoever asked for them, in the format that they asked for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import click

from ..compiler.diagnostics import Diagnostic, Severity
from .views.source_text import Lines

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit")


def render(form: str, diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """The findings in one of `FORMATS`."""
    view = import_module(f".views.diagnostics_{form}", __package__)
    return view.render(diagnostics, lines)


def show(diagnostics: Sequence[Diagnostic], lines: Lines, *, is_quiet: bool = False) -> None:
    """The findings as text on stderr; quietly, only the errors."""
    shown = [d for d in diagnostics if d.severity is Severity.ERROR or not is_quiet]
    if shown:
        click.echo(render("text", shown, lines), err=True)

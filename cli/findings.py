"""Findings to whoever asked for them, in the format that they asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import import_module

import click

from ..compiler.diagnostics import Diagnostic, Severity
from .views.source_text import Lines

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit")
# So many findings of text a person may still read.
MOST = 200
# So many rules the summary of the others names.
_MOST_RULES = 10


def render(form: str, diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """The findings in one of `FORMATS`."""
    view = import_module(f".views.diagnostics_{form}", __package__)
    return view.render(diagnostics, lines)


def show(
    diagnostics: Sequence[Diagnostic], lines: Lines, *, is_quiet: bool = False, most: int = MOST
) -> None:
    """The findings of a run as text on stderr, at most so many, and where to read on.

    Quietly, only the errors.
    """
    shown = [d for d in diagnostics if d.severity is Severity.ERROR or not is_quiet]
    kept = first(shown, most)
    if kept:
        click.echo(render("text", kept, lines), err=True)
    tell_rest(shown, kept)
    if not is_quiet:
        point_to_pages(shown)


def first(diagnostics: Sequence[Diagnostic], most: int) -> Sequence[Diagnostic]:
    """As many findings, in order; errors come before others. 0 means all."""
    if not most or len(diagnostics) <= most:
        return diagnostics
    numbers = range(len(diagnostics))
    severe = [n for n in numbers if diagnostics[n].severity is Severity.ERROR]
    other = [n for n in numbers if diagnostics[n].severity is not Severity.ERROR]
    return [diagnostics[n] for n in sorted((severe + other)[:most])]


def tell_rest(diagnostics: Sequence[Diagnostic], shown: Sequence[Diagnostic]) -> None:
    """On stderr, how many findings of which rules are not among the shown, and how to see them."""
    rest = Counter(d.rule for d in diagnostics)
    rest.subtract(d.rule for d in shown)
    rules = [(rule, count) for rule, count in rest.most_common() if count > 0]
    if not rules:
        return
    counts = [f"{count} {rule.code} {rule.name}" for rule, count in rules[:_MOST_RULES]]
    more = sum(count for _, count in rules[_MOST_RULES:])
    counts += [f"{more} of other rules"] if more else []
    number = rest.total()
    what = f"{number} more finding{'s are' if number > 1 else ' is'} not shown"
    click.echo(f"{what}: {', '.join(counts)}", err=True)
    click.echo("  = help: `csc validate --max-diagnostics 0` shows all", err=True)


def point_to_pages(diagnostics: Sequence[Diagnostic]) -> None:
    """One line on stderr that tells of `csc explain`, unless there are but notes."""
    grave = [d for d in diagnostics if d.severity is not Severity.NOTE]
    if grave:
        # An error's rule, if there is an error: that is what people have to understand first.
        first = next((d for d in grave if d.severity is Severity.ERROR), grave[0])
        a_finding = "this finding" if len({d.rule for d in grave}) == 1 else "a finding"
        click.echo(f"For more about {a_finding}: `csc explain {first.rule.name}`\n", err=True)

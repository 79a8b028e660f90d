"""What checks say in, text out: a line for each finding, and a way out below what is not as it should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from ...runtime.doctor.finding import Finding, Result, Verdict
from .source_text import printable

_COLOURS = {
    Verdict.OK: "green",
    Verdict.SKIPPED: "cyan",
    Verdict.WARNING: "yellow",
    Verdict.FAULT: "red",
}


def render(results: Sequence[Result], *, is_quiet: bool) -> str:
    """All findings; only those that somebody should look at if `is_quiet`, and then no summary."""
    lines = [
        line
        for result in results
        for finding in result.findings
        if not is_quiet or finding.verdict in (Verdict.WARNING, Verdict.FAULT)
        for line in _lines(result.check, finding)
    ]
    if not is_quiet:
        lines.append(summary(results))
    return "\n".join(lines)


def summary(results: Sequence[Result]) -> str:
    """How much there is of what, in a line."""
    counts = Counter(finding.verdict for result in results for finding in result.findings)
    told = [
        f"{counts[verdict]} {word}{'s' if counts[verdict] > 1 else ''}"
        for verdict, word in ((Verdict.FAULT, "fault"), (Verdict.WARNING, "warning"))
        if counts[verdict]
    ]
    return f"{len(results)} checks: {', '.join(told) or 'all is well'}."


def _lines(check: str, finding: Finding) -> list[str]:
    head = click.style(finding.verdict.value, fg=_COLOURS[finding.verdict], bold=True)
    lines = [f"{head}[{check}]: {printable(finding.message)}"]
    if finding.way_out:
        lines.append(f"  = help: {printable(finding.way_out)}")
    return lines

"""Where a plan may be cut off in, text out: what is held where then, and what resuming does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from ...runtime.recovery.crash import Crashes, Point
from .plan_text import title
from .source_text import printable


def render(crashes: Sequence[Crashes]) -> str:
    """A block for each step that talks to a CA."""
    if not crashes:
        return "The plan asks no CA for anything: a run that dies is applied again."
    return "\n\n".join("\n".join(_step(each)) for each in crashes)


def _step(each: Crashes) -> Iterable[str]:
    text = printable(f"{each.step.id} {title(each.step)}, at {each.operation.server.url}")
    yield click.style(text, bold=True)
    for point in each.points:
        yield from _point(point)


def _point(point: Point) -> Iterable[str]:
    waits = " (only if the CA does not decide at once)" if point.is_only_if_waiting else ""
    yield f"  dies in {point.phase.value}{waits}"
    yield f"    vault:    {point.where.vault}"
    yield f"    journal:  {point.where.journal}"
    yield f"    CA:       {point.where.ca}"
    yield f"    resuming: {point.act}: {point.reason}"

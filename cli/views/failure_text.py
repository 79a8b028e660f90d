"""Failed steps in, text out: what failed, at which line of the script, and what was not tried."""

from __future__ import annotations

import click

from ...runtime.errors import ApplyError, StepsFailed
from ...runtime.state.errors import StateError
from .plan_text import title
from .source_text import printable


def render(failed: StepsFailed) -> str:
    """One block for each failure, then what was left undone."""
    out: list[str] = []
    for step, error in failed.failures:
        head = click.style("error", fg="red", bold=True)
        out.append(f"{head}: {step.id} {title(step)} failed: {printable(str(error))}")
        out.append(f"  --> {printable(str(step.span))}")
        way_out = _way_out(error)
        if way_out:
            out.append(f"  = help: {printable(way_out)}")
    if failed.not_tried:
        steps = ", ".join(f"{step.id} {title(step)}" for step in failed.not_tried)
        out.append(f"  = note: not tried: {steps}")
    out.append("  = note: apply the script again once the cause is mended; what is done stays done")
    return "\n".join(out)


def _way_out(error: Exception) -> str:
    if isinstance(error, ApplyError | StateError):
        return error.way_out
    return str(getattr(error, "way_out", ""))

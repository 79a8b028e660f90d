"""Failed steps in, text out: what failed, at which line of the script, and what was not tried."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ...runtime.committing import Remains
from ...runtime.errors import ApplyError, StepsFailed
from ...runtime.state.errors import StateError
from . import activation_text
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
    out += (f"  = note: {printable(text)}" for text in _remains(failed.remains))
    return "\n".join(out)


def _remains(remains: Remains | None) -> Iterator[str]:
    again = "apply the script again once the cause is mended"
    if remains is None:
        yield f"{again}; what is done stays done"
        return
    if remains.rolled_back is not None:
        yield activation_text.rolled_back(remains.rolled_back)
        back = activation_text.committed(remains.version)
        yield f"the device is back to {back}; the vault keeps all that CMP obtained"
    if remains.waiting is not None:
        yield activation_text.waiting(remains.waiting, remains.version)
    if remains.unbound:
        names = ", ".join(address.reference for address in remains.unbound)
        yield f"obtained, not bound: {names}; the script finds it as done, and binds it"
    yield f"{again}; what is {'obtained' if remains.rolled_back else 'done'} stays"


def _way_out(error: Exception) -> str:
    if isinstance(error, ApplyError | StateError):
        return error.way_out
    return str(getattr(error, "way_out", ""))

"""A device and a plan in; what earlier runs left open and the plan does not touch, as a warning, out."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..compiler.plan import CmpOperation, Plan
from ..runtime.recovery.resume import LeftOpen, left_open_on
from ..runtime.state.holding import Held
from .settings import Settings
from .views.source_text import printable

WAY_OUT = "`csc resume` goes on with it, `csc resume --list` says where it stands"


def untouched(held: Held, plan: Plan) -> list[LeftOpen]:
    """The open operations of a device for whose certificates the plan has no operation, oldest first."""
    if held.location.is_new:
        return []
    actions = (step.action for step in plan.steps)
    touched = {action.target.path for action in actions if isinstance(action, CmpOperation)}
    found = left_open_on(held.store, held.device)
    return [each for each in found if each.address.path not in touched]


def tell_untouched(left_open: Sequence[LeftOpen], settings: Settings) -> None:
    """Say in a line what stays open."""
    if not left_open or settings.is_quiet:
        return
    head = click.style("warning", fg="yellow", bold=True)
    named = ", ".join(f"{each.operation} of {each.address.reference}" for each in left_open)
    told = f"left open by an earlier run, and not touched by this one: {named}; {WAY_OUT}"
    click.echo(f"{head}: {printable(told)}", err=True)

"""An activation that has run out in; that it was rolled back, on stderr, out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ..runtime.activation import Activation
from ..runtime.state.activations import find, find_run_out
from ..runtime.state.store import Store
from .settings import Settings
from .views import activation_text

if TYPE_CHECKING:
    from ..runtime.state.holding import Held


def run_out(store: Store, device: str) -> Activation | None:
    """The activation that has run out by now, as rolled back, if nobody has written that down yet."""
    return find_run_out(store, device, datetime.now(UTC))


def tell_waiting(held: Held) -> None:
    """Say until when a `commit` may come, if one is waited for."""
    activation = find(held.store, held.device)
    if activation is not None and activation.rolled_back_at is None:
        version = held.store.version(held.device).number
        click.echo(activation_text.sentence(activation_text.waiting(activation, version)))


def tell_rolled_back(activation: Activation | None, settings: Settings) -> None:
    """Say when the device went back to what is committed, if it did."""
    if activation is None or settings.is_quiet:
        return
    head = click.style("warning", fg="yellow", bold=True)
    click.echo(f"{head}: {activation_text.rolled_back(activation)}", err=True)

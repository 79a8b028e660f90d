"""`csc discard`: drop what is not committed."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ...compiler.differences import differences
from ...compiler.lifecycle import State
from ...runtime.state.activations import discard, find
from ...runtime.state.overview import overviews
from ...runtime.status import status_of
from ...runtime.telemetry.observing import observed
from ...runtime.telemetry.run import Act
from .. import options
from ..exits import DONE, Failure
from ..holding import holding, refuse_if_run_out
from ..scripts import location_of
from ..settings import Settings
from ..terminal import can_ask
from ..views import activation_text, discard_text


@click.command("discard")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.lock_timeout
@click.pass_obj
def command(settings: Settings, /, *, yes: bool, lock_timeout: float) -> int:
    """Go back to the committed configuration. What CMP obtained stays in the vault."""
    location = location_of(settings.state)
    if location.is_new:
        raise Failure("there is no state yet", "apply a script first: `csc apply SCRIPT`")
    with holding(settings, location, settings.device, lock_timeout) as held:
        store, device = held.store, held.device
        state, version = store.load(device), store.version(device).number
        committed = activation_text.committed(version)
        dropped = differences(state.committed, state.candidate)
        is_clean = state.candidate == state.committed == state.active
        if is_clean:
            if not settings.is_quiet:
                click.echo(f"Nothing to discard: the device is at {committed}.")
            return DONE
        if not settings.is_quiet:
            click.echo(discard_text.render(dropped, find(store, device)))
        if not yes and can_ask():
            click.confirm("Drop this?", abort=True)
            refuse_if_run_out(settings, held)
        with observed(store, device, Act("discard")):
            discard(store, device, datetime.now(UTC))
        (overview,) = overviews(store, device)
    certificates = status_of(overview, datetime.now(UTC)).certificates
    unbound = [c.address for c in certificates if c.state is State.OBTAINED]
    if not settings.is_quiet:
        click.echo(f"Done: the device is at {committed}.")
        if unbound:
            click.echo(discard_text.unbound(unbound))
    return DONE

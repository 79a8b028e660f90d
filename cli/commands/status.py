"""`csc status`: how the certificates of a device are, and what is to be done."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ...grammar.garbage import collector_paused
from ...runtime.state.overview import overviews
from ...runtime.status import status_of
from .. import options
from ..exits import DONE, FAILED, Failure
from ..reading import reading
from ..settings import Settings
from ..views import status_json, status_text
from ..views.source_text import to_json


@click.command("status")
@click.option("--all-devices", is_flag=True, help="Every device of the state.")
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 1 if anything is expired, due for an update, or left open.",
)
@options.as_json
@click.pass_obj
def command(settings: Settings, /, *, all_devices: bool, check: bool, as_json: bool) -> int:
    """List the certificates that CMP manages, with what is due, not committed, or left open."""
    with (
        reading(settings.state) as store,
        collector_paused(),
    ):  # it would only cost: nothing is garbage
        found = overviews(store, None if all_devices else settings.device)
    if not found and not all_devices:
        raise Failure(
            f"the state knows no device {settings.device}", "`csc status --all-devices` lists all"
        )
    now = datetime.now(UTC)
    devices = [status_of(overview, now) for overview in found]
    if as_json:
        click.echo(to_json(status_json.document(devices, now)))
    else:
        click.echo(status_text.render(devices))
    return FAILED if check and any(device.needs_care for device in devices) else DONE

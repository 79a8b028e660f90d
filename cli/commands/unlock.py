"""`csc unlock`: take a device away from who holds it."""

from __future__ import annotations

import click

from ...runtime.state.errors import Locked, StateError
from ...runtime.state.unlocking import unlock
from ..exits import DONE, REFUSED, Failure
from ..scripts import location_of
from ..settings import Settings
from ..views.source_text import printable


@click.command("unlock")
@click.argument("device")
@click.option("--force", "by_force", is_flag=True, help="Also if its owner lives, or may live.")
@click.pass_obj
def command(settings: Settings, /, *, device: str, by_force: bool) -> int:
    """Remove the lease of DEVICE, whose owner then writes no more. A dead owner's goes by itself."""
    location = location_of(settings.state)
    try:
        unlock(location, device, by_force=by_force)
    except Locked as error:
        raise Failure(str(error), error.way_out, REFUSED) from None
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    except OSError as error:
        raise Failure(
            f"the state in {location.folder} cannot be used: {error.strerror}",
            "check the path, its permissions and the disk",
        ) from None
    if not settings.is_quiet:
        click.echo(f"Device {printable(device)} is unlocked.")
    return DONE

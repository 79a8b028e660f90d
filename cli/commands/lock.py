"""`csc lock`: list who holds which device."""

from __future__ import annotations

import click

from ...runtime.state.errors import StateError
from ...runtime.state.unlocking import look
from .. import options
from ..exits import DONE, Failure
from ..scripts import location_of
from ..settings import Settings
from ..views import lock_json, lock_text
from ..views.source_text import to_json


@click.command("lock")
@options.as_json
@click.pass_obj
def command(settings: Settings, /, *, as_json: bool) -> int:
    """List which devices of the state are locked, by whom, since when, and whether the owner runs."""
    try:
        seen = look(location_of(settings.state))
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    click.echo(to_json(lock_json.document(seen)) if as_json else lock_text.render(seen))
    return DONE

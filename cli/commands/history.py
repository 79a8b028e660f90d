"""`csc history`: list the committed versions of a device."""

from __future__ import annotations

import click

from ...runtime.state.versions import versions
from .. import options
from ..exits import DONE
from ..reading import reading
from ..rolled_back import run_out, tell_rolled_back
from ..settings import Settings
from ..views import history_json, history_text
from ..views.source_text import to_json


@click.command("history")
@options.as_json
@click.pass_obj
def command(settings: Settings, /, *, as_json: bool) -> int:
    """List the committed versions, newest first: when, by which script, by whom."""
    with reading(settings.state) as store:
        tell_rolled_back(run_out(store, settings.device), settings)
        found = versions(store, settings.device)
    if as_json:
        click.echo(to_json(history_json.document(settings.device, found)))
    else:
        click.echo(history_text.render(settings.device, found))
    return DONE

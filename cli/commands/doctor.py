"""`csc doctor`: look at the state, and say what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ...runtime.doctor.examining import examine
from ...runtime.doctor.finding import Verdict
from .. import options
from ..exits import DONE, FAILED
from ..scripts import location_of
from ..settings import Settings
from ..views import doctor_json, doctor_text
from ..views.source_text import to_json


@click.command("doctor")
@options.as_json
@click.pass_obj
def command(settings: Settings, /, *, as_json: bool) -> int:
    """Look at the state and all beside it, change nothing, and say what is wrong and what to do.

    The exit code is 1 if there is a fault.
    """
    results = examine(location_of(settings.state), datetime.now(UTC))
    if as_json:
        click.echo(to_json(doctor_json.document(results)))
    elif text := doctor_text.render(results, is_quiet=settings.is_quiet):
        click.echo(text)
    is_faulty = any(result.verdict is Verdict.FAULT for result in results)
    return FAILED if is_faulty else DONE

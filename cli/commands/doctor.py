"""`csc doctor`: look at the state, and say what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ...runtime.doctor.examining import examine
from ...runtime.doctor.finding import Verdict
from .. import options
from ..exits import DONE, FAILED, Failure
from ..scripts import location_of
from ..settings import Settings
from ..views import doctor_json, doctor_text
from ..views.source_text import printable, to_json


@click.command("doctor")
@click.option(
    "--salvage",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Put what can be read of a damaged state into a new one in this folder, which is made.",
)
@options.as_json
@click.pass_obj
def command(settings: Settings, /, *, folder: Path | None, as_json: bool) -> int:
    """Look at the state and all beside it, change nothing, and say what is wrong and what to do.

    The exit code is 1 if there is a fault.
    """
    if folder is not None:
        if as_json:
            raise click.UsageError(f"--salvage writes its document to {folder / 'report.json'}")
        return _salvage(settings, folder)
    results = examine(location_of(settings.state), datetime.now(UTC))
    if as_json:
        click.echo(to_json(doctor_json.document(results)))
    elif text := doctor_text.render(results, is_quiet=settings.is_quiet):
        click.echo(text)
    is_faulty = any(result.verdict is Verdict.FAULT for result in results)
    return FAILED if is_faulty else DONE


def _salvage(settings: Settings, folder: Path) -> int:
    from ...runtime.doctor.salvage import salvage
    from ...runtime.state.errors import StateError

    try:
        saved = salvage(location_of(settings.state), folder)
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    except OSError as error:
        raise Failure(
            f"{folder} cannot be written: {error.strerror}", "name a folder on another disk"
        ) from None
    for lost in saved.lost:
        click.echo(f"lost: {printable(lost)}")
    if not settings.is_quiet:
        kept = ", ".join(f"{table} {count}" for table, count in saved.kept.items() if count)
        click.echo(f"The new state is {folder / 'state.db'}; its rows: {kept or 'none'}.")
    return FAILED if saved.lost else DONE

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
@click.option(
    "--against-ca",
    is_flag=True,
    help="Compare with what the CA has issued in our names: the sandbox, or --ca-list.",
)
@click.option(
    "--ca-list",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What another CA has issued: certificates in PEM, or JSON as `csc sandbox ledger --json` prints.",
)
@click.option(
    "--crl",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What the CA has revoked, in PEM or DER.",
)
@click.option("--adopt", metavar="SERIAL", help="Record this certificate, whose key is here.")
@click.option("--revoke", metavar="SERIAL", help="Have the CA revoke it, signed with its own key.")
@options.as_json
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    folder: Path | None,
    against_ca: bool,
    ca_list: Path | None,
    crl: Path | None,
    adopt: str | None,
    revoke: str | None,
    as_json: bool,
) -> int:
    """Look at the state and all beside it, change nothing, and say what is wrong and what to do.

    The exit code is 1 if there is a fault.
    """
    if folder is not None:
        if as_json:
            raise click.UsageError(f"--salvage writes its document to {folder / 'report.json'}")
        return _salvage(settings, folder)
    if against_ca:
        if adopt is not None and revoke is not None:
            raise click.UsageError("--adopt and --revoke exclude each other")
        from ..reconciling import Asked, reconcile

        return reconcile(settings, Asked(ca_list, crl, adopt, revoke), as_json=as_json)
    if any(value is not None for value in (ca_list, crl, adopt, revoke)):
        raise click.UsageError("--ca-list, --crl, --adopt and --revoke go with --against-ca")
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

"""`csc log`: who did what, when, from which script, and how it ended."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ...runtime.runs import Query, find_runs
from ...runtime.state.audit import verify
from ...runtime.state.audit_chain import devices, has, newest
from ...runtime.state.errors import StateError
from ...runtime.state.owner import Life
from ...runtime.state.store import Store
from ...runtime.state.unlocking import look
from .. import options
from ..exits import DONE, FAILED, Failure
from ..reading import reading
from ..scripts import location_of
from ..settings import Settings
from ..views import log_json, log_text
from ..views.source_text import to_json

_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command("log")
@click.option("--all-devices", is_flag=True, help="Every device of the state.")
@click.option("--since", metavar="TIME", type=_TIME, help="Runs that began then or later (UTC).")
@click.option("--until", metavar="TIME", type=_TIME, help="Runs that began before (UTC).")
@click.option("--run", "run_id", metavar="ID", default="", help="This run, with its events.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="At most N runs; 0: all.",
)
@click.option(
    "--verify",
    "is_verified",
    is_flag=True,
    help="Look for entries that were changed, removed or added, in the logs of all devices.",
)
@click.option(
    "--contains",
    metavar="HASH",
    default="",
    help="With --verify: the log has to hold the entry with this hash.",
)
@options.as_json
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    all_devices: bool,
    since: datetime | None,
    until: datetime | None,
    run_id: str,
    limit: int,
    is_verified: bool,
    contains: str,
    as_json: bool,
) -> int:
    """List what was done, newest first: when, by whom, from which script, and how it ended."""
    if contains and not is_verified:
        raise click.UsageError("--contains needs --verify")
    with reading(settings.state) as store:
        if is_verified:
            return _verify(store, contains, as_json=as_json)
        query = Query(
            None if all_devices else settings.device, _utc(since), _utc(until), run_id, limit
        )
        try:
            runs = find_runs(store, query, _alive(settings.state))
            if as_json:
                text = to_json(log_json.document(runs))
            else:
                shows_events = settings.is_verbose or bool(run_id)
                text = log_text.render(runs, shows_events=shows_events, shows_devices=all_devices)
        except (ValueError, TypeError, KeyError, AttributeError):  # csc wrote none of it so
            raise Failure(
                "the audit log is damaged", "`csc log --verify` says which entries"
            ) from None
    if run_id and not runs:
        raise Failure(f"the audit log has no run {run_id}", "`csc log --limit 0` lists all")
    click.echo(text)
    return DONE


def _verify(store: Store, contains: str, *, as_json: bool) -> int:
    with store.database.snapshot():
        faults = verify(store)
        ends = {device: newest(store, device) for device in devices(store)}
        is_missing = bool(contains) and not has(store, contains.lower())
    missing = contains if is_missing else None
    if as_json:
        click.echo(to_json(log_json.verification(faults, ends, missing)))
    else:
        click.echo(log_text.verification(faults, ends, missing))
    return FAILED if faults or is_missing else DONE


def _alive(url: str) -> dict[str, tuple[str, int]]:
    """Who holds which device at the moment, as user@host and process."""
    try:
        seen = look(location_of(url))
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    return {
        found.lease.device: (
            f"{found.lease.owner.user}@{found.lease.owner.host}",
            found.lease.owner.pid,
        )
        for found in seen
        if found.life is not Life.GONE
    }


def _utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)

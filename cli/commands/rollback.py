"""`csc rollback`: make an earlier version the committed configuration again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ...compiler.diagnostics import Diagnostic
from ...compiler.plan import Plan
from ...compiler.rollback import plan_rollback
from ...compiler.rollback_findings import check_rollback
from ...compiler.selection import COMMAND_LINE
from ...compiler.serialize import plan_to_json
from ...grammar.ast import Span
from ...grammar.frozen import frozen
from .. import findings, options
from ..exits import DONE, Failure
from ..holding import holding, refuse_if_run_out
from ..reading import reading
from ..rolled_back import tell_rolled_back
from ..scripts import location_of
from ..settings import Settings
from ..terminal import can_ask
from ..views import plan_text
from ..views.source_text import to_json

if TYPE_CHECKING:
    from ...runtime.state.holding import Held
    from ...runtime.state.store import Store

_NUMBER = click.IntRange(0, 2**31 - 1)  # as far as databases count
_COMMAND = "csc rollback "


@click.command("rollback")
@click.argument("number", metavar="[N]", required=False, type=_NUMBER)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show the plan, and change nothing.")
@options.as_json
@options.lock_timeout
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    number: int | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    lock_timeout: float,
) -> int:
    """Commit what version N was as a new version; without N, what was before the newest one.

    What is not committed goes. Version 0 is a new device.
    """
    if dry_run:
        with reading(settings.state) as store, store.database.snapshot():
            _show(settings, _prepare(settings, store, number), as_json)
        return DONE
    location = location_of(settings.state)
    if location.is_new:
        raise _nothing_committed(settings.device)
    with holding(settings, location, settings.device, lock_timeout) as held:
        prepared = _prepare(settings, held.store, number)
        _show(settings, prepared, as_json)
        if prepared.plan.is_empty:
            return DONE
        if not yes and can_ask():
            click.confirm("Carry this out?", abort=True, err=as_json)
            refuse_if_run_out(settings, held)
        _carry_out(settings, held, prepared, as_json)
    return DONE


@frozen
class _Prepared:
    """The version to go back to, and what that means."""

    number: int
    newest: int
    plan: Plan
    found: tuple[Diagnostic, ...]
    is_dirty: bool


def _prepare(settings: Settings, store: Store, number: int | None) -> _Prepared:
    from ...runtime.restoring import known_certificates, missing_files
    from ...runtime.state.activations import load_as_of

    device, now = settings.device, datetime.now(UTC)
    newest = store.version(device).number
    if newest == 0:
        raise _nothing_committed(device)
    if number is None:
        number = newest - 1
    wanted = store.version(device, number).configuration
    missing = missing_files(store, wanted)
    if missing:
        raise Failure(
            f"version {number} cannot be brought back: the state lacks {', '.join(missing)}",
            "restore the state from a backup that has it",
        )
    base, run_out = load_as_of(store, device, now)
    tell_rolled_back(run_out, settings)
    place = Span(COMMAND_LINE, 1, len(_COMMAND) + 1, len(str(number)))
    known = known_certificates(store, device)
    return _Prepared(
        number,
        newest,
        plan_rollback(base, number, wanted, place),
        check_rollback(base, number, wanted, known, now, place),
        base.candidate != base.committed or base.active != base.committed,
    )


def _show(settings: Settings, prepared: _Prepared, as_json: bool) -> None:
    number, plan = prepared.number, prepared.plan
    lines = {COMMAND_LINE: [f"{_COMMAND}{number}"]}
    findings.show(prepared.found, lines, is_quiet=settings.is_quiet)
    if as_json:
        click.echo(to_json(plan_to_json(plan)))
    elif settings.is_quiet:
        pass
    elif not plan.is_empty:
        click.echo(plan_text.render(plan))
    else:
        same = "" if number == prepared.newest else f", which is as version {number}"
        click.echo(f"Nothing to do: version {prepared.newest} is committed{same}.")
        if prepared.is_dirty:
            click.echo("What is not committed stays; `csc discard` drops it.")


def _carry_out(settings: Settings, held: Held, prepared: _Prepared, as_json: bool) -> None:
    from ...runtime.restoring import restore
    from ...runtime.session import committer_of
    from ...runtime.state.owner import this_process
    from ...runtime.telemetry.observing import observed
    from ...runtime.telemetry.run import act_of

    by, number = committer_of(this_process()), prepared.number
    act = act_of(prepared.plan, "rollback", {"version": number})
    with observed(held.store, held.device, act) as run:
        new = run.version = restore(held.store, held.device, number, datetime.now(UTC), by)
    if not settings.is_quiet:
        click.echo(f"Done: version {new} is committed, as version {number} was.", err=as_json)


def _nothing_committed(device: str) -> Failure:
    return Failure(
        f"nothing is committed on device {device} yet", "`csc discard` drops what is not committed"
    )

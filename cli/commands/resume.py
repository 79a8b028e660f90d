"""`csc resume`: finish what runs left open, without their scripts, or give it up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from ...runtime.errors import ApplyError
from ...runtime.recovery.destination import fits
from ...runtime.recovery.ending import operation_of
from ...runtime.recovery.resume import End, LeftOpen, Resumed, left_open_on, plan_of, resume
from ...runtime.recovery.unbound import Unbound, unbound_on
from ...runtime.session import open_session
from ...runtime.state import journal
from ...runtime.state.errors import StateError
from ...runtime.state.holding import Held
from ...runtime.state.journal import OpenOperation
from ...runtime.state.opening import open_to_read
from ...runtime.state.store import Store
from ...runtime.telemetry.observing import FAILED as RUN_FAILED
from ...runtime.telemetry.observing import observed
from ...runtime.telemetry.run import act_of
from .. import options
from ..exits import DONE, FAILED, USAGE, Failure
from ..holding import holding
from ..observing import Logging, observers
from ..scripts import location_of
from ..settings import Settings
from ..terminal import can_ask
from ..views import resume_json, resume_text
from ..views.source_text import printable, to_json

_ALL = ""


@click.command("resume")
@click.option("--list", "is_list", is_flag=True, help="Only list what is open; nothing is done.")
@click.option(
    "--give-up",
    "given_up",
    metavar="[ADDR]",
    is_flag=False,
    flag_value=_ALL,
    help="End what is open, or what is open for this certificate: what the CA issued is rejected or"
    " revoked.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.sandbox
@options.lock_timeout
@options.as_json
@options.logs
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    is_list: bool,
    given_up: str | None,
    yes: bool,
    sandbox: bool,
    lock_timeout: float,
    as_json: bool,
    log_file: Path | None,
    log_format: str,
    log_level: str,
) -> int:
    """Go on with every certificate operation that was cut off on the device, to its end."""
    if is_list and given_up is not None:
        raise click.UsageError("--list and --give-up exclude each other")
    location = location_of(settings.state)
    log = Logging(log_file, log_format, log_level)
    try:
        left_open, unbound = _look(settings)
        if is_list or not left_open:
            _check_known(given_up, left_open)
            _show(settings, left_open, [], unbound, as_json=as_json)
            return DONE
        _check_known(given_up, left_open)
        if given_up is not None and not yes and can_ask():
            click.confirm("What the CA issued for it is rejected or revoked. Go on?", abort=True)
        with holding(settings, location, settings.device, lock_timeout) as held:
            done = _resume(settings, held, given_up, log, uses_sandbox=sandbox)
            left_open = left_open_on(held.store, settings.device)
            unbound = unbound_on(held.store, settings.device)
    except (ApplyError, StateError) as error:
        raise Failure(str(error), error.way_out) from None
    _show(settings, left_open, done, unbound, as_json=as_json)
    return FAILED if any(each.end is End.OPEN for each in done) else DONE


def _look(settings: Settings) -> tuple[list[LeftOpen], list[Unbound]]:
    """What is open and what is not bound, read without the lock."""
    store: Store | None = open_to_read(location_of(settings.state))
    if store is None:
        return [], []
    try:
        return left_open_on(store, settings.device), unbound_on(store, settings.device)
    finally:
        store.close()


def _check_known(given_up: str | None, left_open: list[LeftOpen]) -> None:
    """Refuse an address for which nothing is open: it may be a slip."""
    names = [name for each in left_open for name in (each.address.reference, each.address.path)]
    if given_up and given_up not in names:
        raise Failure(
            f"nothing is open for {given_up}", "`csc resume --list` lists what is open", USAGE
        )


def _resume(
    settings: Settings, held: Held, given_up: str | None, log: Logging, *, uses_sandbox: bool
) -> list[Resumed]:
    with open_session(held, plan_of([]), (), uses_sandbox=False) as session:
        found = journal.open_operations(held.store, held.device)
        asked = [
            operation_of(each, session.surroundings)
            for each in found
            if each.ends is None and fits(each, is_sandbox=uses_sandbox)
        ]
    plan = plan_of([each for each in asked if each is not None])

    def gives_up(entry: OpenOperation) -> bool:
        names = (_ALL, entry.path, resume_text.name_of(entry.path))
        return given_up is not None and given_up in names

    def tell(entry: OpenOperation, text: str) -> None:
        if not settings.is_quiet:
            click.echo(printable(f"{resume_text.title_of(entry)}: {text}"), err=True)

    options = {"sandbox": True} if uses_sandbox else {}
    if given_up is not None:
        options |= {"give-up": given_up or "all"}
    with (
        open_session(held, plan, settings.routes, uses_sandbox=uses_sandbox) as session,
        observers(settings, log) as told,
        observed(held.store, held.device, act_of(plan, "resume", options), told) as run,
    ):
        done = resume(run.around(session.surroundings), gives_up, tell, run.watch)
        run.counts = Counter(f"{each.left_open.operation} {each.end}" for each in done)
        if any(each.end is End.OPEN for each in done):
            run.outcome = RUN_FAILED
        return done


def _show(
    settings: Settings,
    left_open: list[LeftOpen],
    done: list[Resumed],
    unbound: list[Unbound],
    *,
    as_json: bool,
) -> None:
    if as_json:
        click.echo(to_json(resume_json.document(settings.device, left_open, done, unbound)))
    elif done:
        click.echo(resume_text.render_done(done))
    else:
        click.echo(resume_text.render_list(settings.device, left_open, unbound))

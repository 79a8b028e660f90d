"""`csc apply`: plan, then do it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from ...compiler.plan import Step
from ...compiler.selection import Selection
from ...runtime.errors import ApplyError, Interrupted, StepsFailed
from ...runtime.execution import Interrupts, Materials, OnError, execute
from ...runtime.execution.loop import FAILURES
from ...runtime.recovery.resume import LeftOpen
from ...runtime.report import Report
from ...runtime.session import open_session
from ...runtime.state.holding import Held
from ...runtime.state.vault.opening import open_keys
from ...runtime.telemetry.observing import observed
from ...runtime.telemetry.run import act_of
from .. import findings, options, planfile
from ..config import make_policy
from ..exits import DONE, FAILED, INTERRUPTED, Failure
from ..holding import holding, refuse_if_run_out
from ..left_open import WAY_OUT, tell_untouched, untouched
from ..observing import Logging, both, observers
from ..planning import Planned, Request, make_plan
from ..recording import keep_anchors, open_run
from ..rolled_back import tell_waiting
from ..scripts import location_of
from ..settings import Settings
from ..terminal import can_ask
from ..variables import Variables
from ..views import apply_text, plan_text
from ..views.apply_json import EventStream
from ..views.progress import Display, displayed


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a plan is carried out: the options of apply that say nothing of what is done."""

    parallel: int
    per_server: int | None
    on_error: OnError
    record: Path | None
    commit_timeout: timedelta
    log: Logging
    is_json: bool


@click.command("apply")
@options.scripts
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--parallel",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="How many certificate operations run at once.",
)
@click.option(
    "--per-server",
    metavar="N",
    type=click.IntRange(1, 64),
    help="How many of them at one CMP server.  [default: all, but for one kept free for each other]",
)
@click.option(
    "--on-error",
    type=click.Choice([choice.value for choice in OnError]),
    default=OnError.FINISH_INDEPENDENT.value,
    show_default=True,
    help="What a failed step does to those that do not depend on it.",
)
@click.option(
    "--record",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep every CMP message in this file, for `csc replay`; a record that is there is added to.",
)
@options.lock_timeout
@options.commit_timeout
@click.option(
    "--json", "is_json", is_flag=True, help="Print events, one JSON object a line, and no text."
)
@options.sandbox
@options.strict
@options.files
@options.schemas
@options.parameters
@options.policy
@options.selection
@options.logs
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    scripts: tuple[str, ...],
    yes: bool,
    parallel: int,
    per_server: int | None,
    on_error: str,
    record: Path | None,
    lock_timeout: float,
    commit_timeout: int,
    is_json: bool,
    sandbox: bool,
    strict: bool,
    folders: tuple[Path, ...],
    schemas: tuple[str, ...],
    variables: Variables,
    config: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    replace: tuple[str, ...],
    log_file: Path | None,
    log_format: str,
    log_level: str,
) -> int:
    """Carry out SCRIPTs, in order, or a plan saved by `csc plan --out`."""
    location = location_of(settings.state)
    saved = planfile.load(scripts[0], variables) if len(scripts) == 1 else None
    selection = Selection(only, skip, replace)
    if saved is not None and selection.words:
        raise click.UsageError(f"a saved plan has its scope already: {selection.words[0][0]}")
    request = (
        saved[0]
        if saved is not None
        else Request(
            scripts,
            folders,
            settings.device,
            sandbox,
            strict,
            schemas,
            variables,
            make_policy(config, select, ignore, scripts),
            selection,
        )
    )
    manner = _Manner(
        parallel,
        per_server,
        OnError(on_error),
        record,
        timedelta(seconds=commit_timeout),
        Logging(log_file, log_format, log_level),
        is_json,
    )
    try:
        with holding(settings, location, request.device, lock_timeout) as held:
            return _apply(settings, held, request, saved, manner, yes)
    except ApplyError as error:
        raise Failure(str(error), error.way_out) from None


def _apply(
    settings: Settings,
    held: Held,
    request: Request,
    saved: tuple[Request, Any] | None,
    manner: _Manner,
    yes: bool,
) -> int:
    if not held.location.is_new:  # another state's master key is told of before anything else
        open_keys(held.store, held.location)
    planned = make_plan(
        request, held.location, find_key=lambda: open_keys(held.store, held.location).fingerprint
    )
    findings.show(planned.diagnostics, planned.lines, is_quiet=settings.is_quiet)
    if planned.plan is None:
        return FAILED
    if saved is not None:
        planfile.check_current(saved[1], planned.plan)
    if not (settings.is_quiet or manner.is_json):
        if request.uses_sandbox and plan_text.sandbox_note(planned.plan):
            click.echo(plan_text.sandbox_note(planned.plan), err=True)
        click.echo(plan_text.render(planned.plan, plan_text.idempotence(planned.plan)))
    events = EventStream(sys.stdout, _now) if manner.is_json else None
    left_open = untouched(held, planned.plan)
    tell_untouched(left_open, settings)
    if planned.plan.is_empty:
        if events is not None:
            events.started(planned.plan, planfile.plan_digest(planned.plan), held.device)
            events.untouched(left_open, WAY_OUT)
            events.ended(Report.nothing())
        return DONE
    if not yes and can_ask():
        click.confirm("Carry this out?", abort=True, err=manner.is_json)
        refuse_if_run_out(settings, held)
    return _carry_out(settings, held, request, planned, manner, events, left_open)


def _carry_out(
    settings: Settings,
    held: Held,
    request: Request,
    planned: Planned,
    manner: _Manner,
    events: EventStream | None,
    left_open: Sequence[LeftOpen],
) -> int:
    plan = planned.plan
    assert plan is not None  # noqa: S101  (the caller has seen it)
    with ExitStack() as stack:
        append = None
        if manner.record is not None:
            append = stack.enter_context(open_run(manner.record))
        session = stack.enter_context(
            open_session(
                held,
                plan,
                settings.routes,
                uses_sandbox=request.uses_sandbox,
                record=append,
                commit_timeout=manner.commit_timeout,
            )
        )
        materials = Materials(planned.uploads, session.sandbox_root)
        if append is not None:
            keep_anchors(append, plan, session, materials)
        if events is None:
            display = stack.enter_context(displayed(plan, settings, sys.stderr, os.environ))
        else:
            display = Display(events.watch, lambda text: click.echo(text, err=True), lambda: None)
            events.started(plan, planfile.plan_digest(plan), held.device)
            events.untouched(left_open, WAY_OUT)
        reports = [Report.not_begun(plan)]  # the last is what is known of the run
        try:
            told = stack.enter_context(observers(settings, manner.log))
            with observed(
                held.store,
                held.device,
                act_of(
                    plan,
                    "apply",
                    {**_options(request), "parallel": manner.parallel},
                    request.scripts,
                ),
                told,
            ) as run:
                report = execute(
                    plan,
                    run.around(session.surroundings),
                    materials,
                    parallel=manner.parallel,
                    per_server=manner.per_server,
                    on_error=manner.on_error,
                    watch=both(display.watch, run.watch),
                    stop=session.stop,
                    interrupts=_interrupts(display, events),
                    not_kept=reports.append,
                )
                reports.append(report)
                run.version = report.version
        except StepsFailed as failed:
            stack.close()
            if events is not None:
                events.ended(failed.report)
            click.echo(apply_text.failure(failed), err=True)
            return INTERRUPTED if isinstance(failed, Interrupted) else FAILED
        except FAILURES as error:
            if events is not None:
                events.ended(reports[-1], error)
            raise
    if events is not None:
        events.ended(report)
    elif not settings.is_quiet:
        click.echo("")
        click.echo(apply_text.success(report))
        tell_waiting(held)
    return DONE


def _interrupts(display: Display, events: EventStream | None) -> Interrupts:
    """What Ctrl-C and SIGTERM do."""

    def say(under_way: Sequence[Step]) -> None:
        with suppress(
            OSError
        ):  # a terminal that is gone, or a full disk: the run ends all the same
            if events is not None:
                events.interrupted(under_way)
            display.say(apply_text.draining(under_way))

    def leave() -> None:
        try:
            display.close()
            click.echo(apply_text.stopped_at_once(), err=True)
            sys.stdout.flush()
        finally:  # also if the terminal is gone
            os._exit(INTERRUPTED)  # threads that wait for a CA would be waited for

    return Interrupts(say, leave)


def _now() -> datetime:
    return datetime.now(UTC)


def _options(request: Request) -> dict[str, Any]:
    """What the audit log keeps of the command line, as far as it was given."""
    selection = request.selection
    given = {
        "sandbox": request.uses_sandbox,
        "strict": request.is_strict,
        "only": selection.only,
        "skip": selection.skip,
        "replace": selection.replace,
    }
    return {name: value for name, value in given.items() if value}

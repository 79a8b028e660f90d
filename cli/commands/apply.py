"""`csc apply`: plan, then do it."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from ...compiler.selection import Selection
from ...runtime.errors import ApplyError, StepsFailed
from ...runtime.executor import Materials, execute
from ...runtime.session import open_session, prepare_vault
from ...runtime.state.holding import Held
from .. import findings, options, planfile
from ..config import make_policy
from ..exits import DONE, FAILED, Failure
from ..holding import holding, refuse_if_run_out
from ..planning import Planned, Request, make_plan
from ..recording import keep_anchors, open_run
from ..rolled_back import tell_waiting
from ..scripts import location_of
from ..settings import Settings
from ..variables import Variables
from ..views import failure_text, plan_text
from ..views.progress import watching


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
    "--record",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep every CMP message in this file, for `csc replay`; a record that is there is added to.",
)
@options.lock_timeout
@options.commit_timeout
@options.sandbox
@options.strict
@options.files
@options.schemas
@options.parameters
@options.policy
@options.selection
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    scripts: tuple[str, ...],
    yes: bool,
    parallel: int,
    record: Path | None,
    lock_timeout: float,
    commit_timeout: int,
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
    try:
        with holding(settings, location, request.device, lock_timeout) as held:
            return _apply(settings, held, request, saved, parallel, record, yes, commit_timeout)
    except ApplyError as error:
        raise Failure(str(error), error.way_out) from None


def _apply(
    settings: Settings,
    held: Held,
    request: Request,
    saved: tuple[Request, Any] | None,
    parallel: int,
    record: Path | None,
    yes: bool,
    commit_timeout: int,
) -> int:
    prepare_vault(held.location)  # secrets are told apart with its key
    planned = make_plan(request, held.location)
    findings.show(planned.diagnostics, planned.lines, is_quiet=settings.is_quiet)
    if planned.plan is None:
        return FAILED
    if saved is not None:
        planfile.check_current(saved[1], planned.plan)
    if not settings.is_quiet:
        if request.uses_sandbox and plan_text.sandbox_note(planned.plan):
            click.echo(plan_text.sandbox_note(planned.plan), err=True)
        click.echo(plan_text.render(planned.plan, plan_text.idempotence(planned.plan)))
    if planned.plan.is_empty:
        return DONE
    if not yes and sys.stdin.isatty():
        click.confirm("Carry this out?", abort=True)
        refuse_if_run_out(settings, held)
    return _carry_out(settings, held, request, planned, parallel, record, commit_timeout)


def _carry_out(
    settings: Settings,
    held: Held,
    request: Request,
    planned: Planned,
    parallel: int,
    record: Path | None,
    commit_timeout: int,
) -> int:
    plan = planned.plan
    assert plan is not None  # noqa: S101  (the caller has seen it)
    with ExitStack() as stack:
        append = None
        if record is not None:
            append = stack.enter_context(open_run(record))
        session = stack.enter_context(
            open_session(
                held,
                plan,
                settings.routes,
                uses_sandbox=request.uses_sandbox,
                record=append,
                commit_timeout=timedelta(seconds=commit_timeout),
            )
        )
        materials = Materials(planned.uploads, session.sandbox_root)
        if append is not None:
            keep_anchors(append, plan, session, materials)
        watch = stack.enter_context(watching(plan, settings, sys.stderr, os.environ))
        try:
            version = execute(
                plan,
                session.surroundings,
                materials,
                parallel=parallel,
                watch=watch,
            )
        except StepsFailed as failed:
            stack.close()
            click.echo(failure_text.render(failed), err=True)
            return FAILED
    if not settings.is_quiet:
        click.echo("")
        click.echo(
            f"Done: version {version} is committed." if version else "Done; nothing is committed."
        )
        tell_waiting(held)
    return DONE

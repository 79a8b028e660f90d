"""`csc apply`: plan, then do it."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click

from ...compiler.selection import Selection
from ...runtime.errors import ApplyError, StepsFailed
from ...runtime.executor import Materials, execute
from ...runtime.session import open_session, prepare_vault
from ...runtime.state.errors import Locked, StateError
from ...runtime.state.holding import Held, hold
from ...runtime.telemetry.observing import observed
from .. import findings, options, planfile
from ..config import make_policy
from ..exits import DONE, FAILED, REFUSED, Failure
from ..observing import Logging, both, observers
from ..planning import Planned, Request, make_plan
from ..recording import keep_anchors, open_run
from ..scripts import location_of
from ..settings import Settings
from ..variables import Variables
from ..views import failure_text, plan_text
from ..views.progress import watching
from ..views.source_text import printable


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
@click.option(
    "--lock-timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Wait this long for another process that holds the device.  [default: 0]",
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
    record: Path | None,
    lock_timeout: float,
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
    try:
        with hold(location, request.device, lock_timeout, partial(_say_waiting, settings)) as held:
            log = Logging(log_file, log_format, log_level)
            return _apply(settings, held, request, saved, parallel, record, log, yes)
    except ApplyError as error:
        raise Failure(str(error), error.way_out) from None
    except Locked as error:
        raise Failure(str(error), error.way_out, REFUSED) from None
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    except BrokenPipeError:
        raise  # whoever reads our output has gone; that says nothing of the state
    except OSError as error:
        raise Failure(
            f"the state in {location.folder} cannot be used: {error.strerror}",
            "check the path, its permissions and the disk",
        ) from None


def _say_waiting(settings: Settings, refused: Locked) -> None:
    if not settings.is_quiet:
        click.echo(f"Waiting: {printable(str(refused))}", err=True)


def _apply(
    settings: Settings,
    held: Held,
    request: Request,
    saved: tuple[Request, Any] | None,
    parallel: int,
    record: Path | None,
    log: Logging,
    yes: bool,
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
    return _carry_out(settings, held, request, planned, parallel, record, log)


def _carry_out(
    settings: Settings,
    held: Held,
    request: Request,
    planned: Planned,
    parallel: int,
    record: Path | None,
    log: Logging,
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
            )
        )
        materials = Materials(planned.uploads, session.sandbox_root)
        if append is not None:
            keep_anchors(append, plan, session, materials)
        told = stack.enter_context(observers(settings, log))
        watch = stack.enter_context(watching(plan, settings, sys.stderr, os.environ))
        try:
            with observed(
                held.store,
                held.device,
                plan,
                command="apply",
                scripts=request.scripts,
                options={**_options(request), "parallel": parallel},
                observers=told,
            ) as run:
                version = run.version = execute(
                    plan,
                    run.around(session.surroundings),
                    materials,
                    parallel=parallel,
                    watch=both(watch, run.watch),
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
    return DONE


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

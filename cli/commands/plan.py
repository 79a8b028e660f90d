"""`csc plan`: show what apply would do."""

from __future__ import annotations

from pathlib import Path

import click

from ...compiler.serialize import plan_to_json
from ...runtime.files import write_atomically
from .. import findings, options, planfile
from ..exits import CHANGES, DONE, FAILED, Failure
from ..planning import Request, make_plan
from ..scripts import location_of
from ..settings import Settings
from ..views import plan_text
from ..views.source_text import to_json


@click.command("plan")
@options.scripts
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Save the plan.")
@options.as_json
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit code 2 if there is something to do, else 0."
)
@options.sandbox
@options.strict
@options.files
@options.schemas
@options.parameters
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    scripts: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    detailed_exitcode: bool,
    sandbox: bool,
    strict: bool,
    folders: tuple[Path, ...],
    schemas: tuple[str, ...],
    parameters: dict[str, str],
) -> int:
    """Show what applying SCRIPTs, in order, would do. Nothing is touched."""
    request = Request(scripts, folders, settings.device, sandbox, strict, schemas, parameters)
    planned = make_plan(request, location_of(settings.state))
    findings.show(planned.diagnostics, planned.lines, is_quiet=settings.is_quiet)
    if planned.plan is None:
        return FAILED
    if out is not None:
        try:
            write_atomically(out, planfile.dump(request, planned.plan).encode(), 0o644)
        except OSError as error:
            raise Failure(f"{out} cannot be written: {error.strerror}") from None
    if as_json:
        click.echo(to_json(plan_to_json(planned.plan)))
    else:
        if sandbox and plan_text.sandbox_note(planned.plan):
            click.echo(plan_text.sandbox_note(planned.plan), err=True)
        click.echo(plan_text.render(planned.plan))
    if detailed_exitcode and not planned.plan.is_empty:
        return CHANGES
    return DONE

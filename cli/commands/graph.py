"""`csc graph`: the plan as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from .. import drawing, findings, options, planfile
from ..config import make_policy
from ..exits import DONE, FAILED
from ..files import write_text
from ..planning import Request, make_plan
from ..scripts import location_of
from ..settings import Settings
from ..variables import Variables
from ..views.plan_text import sandbox_note


@click.command("graph")
@options.scripts
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to FILE, in the format of its suffix: .dot, .gv or .svg.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(drawing.FORMATS),
    help="dot: text for graphviz, the default; svg: a picture.",
)
@options.sandbox
@options.strict
@options.files
@options.schemas
@options.parameters
@options.policy
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    scripts: tuple[str, ...],
    out: Path | None,
    form: str | None,
    sandbox: bool,
    strict: bool,
    folders: tuple[Path, ...],
    schemas: tuple[str, ...],
    variables: Variables,
    config: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
) -> int:
    """Draw what applying SCRIPTs, in order, or a plan saved by `csc plan --out`, would do."""
    form = form or _format_of(out)
    saved = planfile.load(scripts[0], variables) if len(scripts) == 1 else None
    policy = make_policy(config, select, ignore, scripts)
    asked = Request(scripts, folders, settings.device, sandbox, strict, schemas, variables, policy)
    request = asked if saved is None else saved[0]
    planned = make_plan(request, location_of(settings.state))
    findings.show(planned.diagnostics, planned.lines, is_quiet=settings.is_quiet)
    if planned.plan is None:
        return FAILED
    if saved is not None:
        planfile.check_current(saved[1], planned.plan)
    if request.uses_sandbox and sandbox_note(planned.plan) and not settings.is_quiet:
        click.echo(sandbox_note(planned.plan), err=True)
    picture = drawing.draw(planned.plan, form)
    if out is None:
        click.echo(picture.encode(), nl=False)  # the same bytes, whatever the terminal's encoding
    else:
        write_text(out, picture)
    return DONE


def _format_of(out: Path | None) -> str:
    if out is None:
        return "dot"
    form = drawing.SUFFIXES.get(out.suffix.lower())
    if form is None:
        known = ", ".join(drawing.SUFFIXES)
        raise click.UsageError(f"{out} does not end in {known}; say which with --format")
    return form

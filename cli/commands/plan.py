"""`csc plan`: show what apply would do."""

from __future__ import annotations

from pathlib import Path

import click

from ...compiler.plan import Plan
from ...compiler.selection import Selection
from ...compiler.serialize import plan_to_json
from ...runtime.files import write_atomically
from .. import findings, options, planfile
from ..config import make_policy
from ..exits import CHANGES, DONE, FAILED, Failure
from ..planning import Request, make_plan
from ..rolled_back import tell_rolled_back
from ..scripts import location_of
from ..settings import Settings
from ..variables import Variables
from ..views import plan_markdown, plan_text, undo_script
from ..views.source_text import to_json

FORMATS = ("text", "json", "markdown")


@click.command("plan")
@options.scripts
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Save the plan.")
@options.as_json
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How the plan is printed; markdown is a comment for a pull request.",
)
@click.option(
    "--undo",
    "is_undo",
    is_flag=True,
    help="Print the script that takes the plan back once it is applied, in place of the plan.",
)
@click.option(
    "--crash",
    "is_crash",
    is_flag=True,
    help="Say what is held where if apply dies in the middle, and what resuming does then, in place of"
    " the plan.",
)
@click.option(
    "--json-into",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the plan as JSON to FILE, too.",
)
@click.option(
    "--max-length",
    type=click.IntRange(min=plan_markdown.LEAST_LENGTH),
    help=f"Cut Markdown to so many characters.  [default: {plan_markdown.MAX_LENGTH}]",
)
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit code 2 if there is something to do, else 0."
)
@click.option(
    "--probe",
    is_flag=True,
    help="Ask each CA what it takes, before anything is requested. Changes nothing.",
)
@options.base
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
    out: Path | None,
    as_json: bool,
    form: str,
    is_undo: bool,
    is_crash: bool,
    json_into: Path | None,
    max_length: int | None,
    detailed_exitcode: bool,
    probe: bool,
    base_file: Path | None,
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
    """Show what applying SCRIPTs, in order, would do. Nothing is touched."""
    if as_json and form == "markdown":
        raise click.UsageError("--json and --format markdown exclude each other")
    if is_undo and (as_json or form != "text"):
        raise click.UsageError("--undo prints a script; JSON has it under the key `undo` anyway")
    if is_crash and (is_undo or probe or form == "markdown"):
        raise click.UsageError("--crash goes with --json alone")
    if max_length is not None and form != "markdown":
        raise click.UsageError("--max-length goes with --format markdown")
    request = Request(
        scripts,
        folders,
        settings.device,
        sandbox,
        strict,
        schemas,
        variables,
        make_policy(config, select, ignore, scripts),
        Selection(only, skip, replace),
    )
    if base_file is not None and out is not None:
        raise click.UsageError(
            "--base and --out exclude each other: only a device's state can be applied to"
        )
    location = location_of(settings.state)
    planned = make_plan(request, location, base_file)
    probed = None
    if probe and planned.plan is not None:
        from ..probing import ask_first  # with what speaks CMP, which a plan does without

        probed, planned = ask_first(request, planned, planned.plan, location, settings.routes)
    tell_rolled_back(planned.rolled_back, settings)
    findings.show(planned.diagnostics, planned.lines, is_quiet=settings.is_quiet)
    plan = planned.plan
    note = plan_text.sandbox_note(plan) if sandbox and plan else ""
    is_json = as_json or form == "json"
    if probed is not None and not is_json:
        is_text = form == "text" and not is_undo
        if is_text or not settings.is_quiet:
            click.echo(probed.text, nl=False, err=not is_text)
    if form == "markdown":
        length = max_length or plan_markdown.MAX_LENGTH
        click.echo(plan_markdown.render(plan, planned.diagnostics, length, note), nl=False)
    if plan is None:
        if probed is not None and is_json:
            click.echo(to_json(probed.document))
        return FAILED
    if out is not None:
        _write(out, planfile.dump(request, planned, plan))
    if json_into is not None:
        _write(json_into, to_json(plan_to_json(plan)) + "\n")
    if is_crash:
        _show_crashes(plan, is_json=is_json)
    elif is_json:
        more = {} if probed is None else {"probe": probed.document}
        click.echo(to_json({**plan_to_json(plan), **more}))
    elif is_undo:
        click.echo(undo_script.render(plan), nl=False)
    elif form == "text":
        if note:
            click.echo(note, err=True)
        click.echo(plan_text.render(plan, plan_text.idempotence(plan)))
    return CHANGES if detailed_exitcode and not plan.is_empty else DONE


def _show_crashes(plan: Plan, *, is_json: bool) -> None:
    from ...runtime.recovery.crash import crashes_of
    from ..views import crash_json, crash_text

    crashes = crashes_of(plan)
    click.echo(to_json(crash_json.document(crashes)) if is_json else crash_text.render(crashes))


def _write(path: Path, text: str) -> None:
    try:
        write_atomically(path, text.encode(), 0o644)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from None

"""`csc show`: print a configuration of the device, or a saved plan."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ...runtime.shown import Shown, Which, look
from ...runtime.snapshot import render_json, render_report, render_script, template_variables
from ...runtime.state.errors import StateError
from ...runtime.state.opening import open_to_read
from ...runtime.state.store import Store
from .. import options, planfile, shown_plan
from ..exits import DONE, Failure
from ..rolled_back import run_out, tell_rolled_back
from ..scripts import location_of
from ..settings import Settings
from ..views.source_text import to_json

_FORMATS = ("script", "json", "report")


@click.command("show")
@click.argument("plan", required=False, type=click.Path(dir_okay=False))
@click.option("--version", "number", type=click.IntRange(min=0), help="An earlier version.")
@click.option("--candidate", is_flag=True, help="The candidate, not what is committed.")
@click.option("--active", is_flag=True, help="The active configuration, not what is committed.")
@options.as_json
@click.option(
    "--report",
    "as_report",
    is_flag=True,
    help="Print a report for people, in Markdown: certificates, objects, what is to be done.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(dict.fromkeys((*_FORMATS, *shown_plan.FORMATS)))),
    help="How it is printed: a configuration as script, json or report, a saved plan as text, json or"
    " markdown.  [default: script, text]",
)
@click.option(
    "--template",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Render it with this Jinja template.",
)
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    plan: str | None,
    number: int | None,
    candidate: bool,
    active: bool,
    as_json: bool,
    as_report: bool,
    form: str | None,
    template: Path | None,
) -> int:
    """Print the configuration that survives a restart, as a script; or PLAN, which `csc plan --out` saved."""
    forms = {"--json": as_json, "--report": as_report, f"--format {form}": form is not None}
    _exclude({**forms, "--template": template is not None}, same="--format json", also="--json")
    form = form or ("json" if as_json else "report" if as_report else None)
    wanted = {"--version": number is not None, "--candidate": candidate, "--active": active}
    if plan is not None:
        if template is not None or any(wanted.values()):
            raise click.UsageError(
                "--template, --version, --candidate and --active are about a configuration, not a plan"
            )
        if form not in (None, *shown_plan.FORMATS):
            raise click.UsageError(f"a plan is no {form}: {', '.join(shown_plan.FORMATS)}")
        return _show_plan(settings, plan, form or "text")
    if form not in (None, *_FORMATS):
        raise click.UsageError(f"--format {form} goes with a saved plan")
    _exclude(wanted)
    which = Which.CANDIDATE if candidate else Which.ACTIVE if active else Which.COMMITTED
    now = datetime.now(UTC)
    try:
        store = open_to_read(location_of(settings.state))
        if store is None:
            raise Failure("there is no state yet", "apply a script first: `csc apply SCRIPT`")
        try:
            tell_rolled_back(run_out(store, settings.device), settings)
            shown = look(store, settings.device, now, which, number)
            click.echo(_render(store, shown, form, template, now), nl=False)
        finally:
            store.close()
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    return DONE


def _exclude(given: dict[str, bool], same: str = "", also: str = "") -> None:
    """At most one of these options; `same` and `also` are one thing."""
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1 and set(names) != {same, also}:
        raise click.UsageError(f"{names[0]} and {names[1]} exclude each other")


def _show_plan(settings: Settings, path: str, form: str) -> int:
    saved = planfile.read(path)
    text = shown_plan.render(path, saved, form)
    click.echo(shown_plan.standing(saved, location_of(settings.state)), err=True)
    click.echo(text, nl=False)
    return DONE


def _render(
    store: Store, shown: Shown, form: str | None, template: Path | None, now: datetime
) -> str:
    if template is not None:
        return _by_template(store, shown, template, now)
    match form:
        case "json":
            return to_json(render_json(shown, store.content)) + "\n"
        case "report":
            return render_report(shown, store.content, now)
        case _:
            return render_script(
                shown.device, shown.version, shown.revoked, store.content, shown.which
            )


def _by_template(store: Store, shown: Shown, path: Path, now: datetime) -> str:
    from ...runtime.templates.confinement import render_confined
    from ...runtime.templates.rendering import Template, TemplateError

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"the template {path} cannot be read: {error}") from None
    template = Template(path.name, text, path.parent)
    try:
        return render_confined(template, template_variables(shown, store.content, now))
    except TemplateError as error:
        raise Failure(
            f"the template does not work: {error.place}: {error}",
            "docs/templates.md tells what templates see and may do",
        ) from None

"""`csc show`: print the committed configuration, or a saved plan."""

from __future__ import annotations

from pathlib import Path

import click

from ...runtime.snapshot import render_json, render_script
from ...runtime.state.errors import StateError
from ...runtime.state.opening import open_to_read
from ...runtime.state.store import Store, Version
from .. import options, planfile, shown_plan
from ..exits import DONE, Failure
from ..rolled_back import run_out, tell_rolled_back
from ..scripts import location_of
from ..settings import Settings
from ..views.source_text import to_json


@click.command("show")
@click.argument("plan", required=False, type=click.Path(dir_okay=False))
@click.option("--version", "number", type=click.IntRange(min=0), help="An earlier version.")
@options.as_json
@click.option(
    "--format",
    "form",
    type=click.Choice(shown_plan.FORMATS),
    help="How a saved plan is printed.  [default: text]",
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
    as_json: bool,
    form: str | None,
    template: Path | None,
) -> int:
    """Print the configuration that survives a restart, as a script; or PLAN, which `csc plan --out` saved."""
    if plan is not None:
        if number is not None or template is not None:
            raise click.UsageError("--version and --template are about a configuration, not a plan")
        if as_json and form not in (None, "json"):
            raise click.UsageError(f"--json and --format {form} exclude each other")
        return _show_plan(settings, plan, "json" if as_json else form or "text")
    if form is not None:
        raise click.UsageError("--format goes with a saved plan")
    if as_json and template is not None:
        raise click.UsageError("--json and --template exclude each other")
    try:
        store = open_to_read(location_of(settings.state))
        if store is None:
            raise Failure("there is no state yet", "apply a script first: `csc apply SCRIPT`")
        try:
            tell_rolled_back(run_out(store, settings.device), settings)
            version = store.version(settings.device, number)
            revoked = {
                record.certificate
                for record in store.load(settings.device).certificates.values()
                if record.is_revoked
            }
            click.echo(_render(settings, store, version, revoked, as_json, template), nl=False)
        finally:
            store.close()
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    return DONE


def _show_plan(settings: Settings, path: str, form: str) -> int:
    saved = planfile.read(path)
    text = shown_plan.render(path, saved, form)
    click.echo(shown_plan.standing(saved, location_of(settings.state)), err=True)
    click.echo(text, nl=False)
    return DONE


def _render(
    settings: Settings,
    store: Store,
    version: Version,
    revoked: set[str],
    as_json: bool,
    template: Path | None,
) -> str:
    if as_json:
        document = render_json(settings.device, version, revoked, store.content)
        return to_json(document) + "\n"
    if template is None:
        return render_script(settings.device, version, revoked, store.content)
    from jinja2 import TemplateError

    try:
        text = template.read_text(encoding="utf-8")
        return render_script(settings.device, version, revoked, store.content, text)
    except (OSError, UnicodeDecodeError, TemplateError) as error:
        raise Failure(
            f"the template {template} does not work: {error}",
            "it sees device, version, committed_at, script and objects (docs/templates.md)",
        ) from None

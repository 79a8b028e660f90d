"""`csc show`: print the committed configuration."""

from __future__ import annotations

from pathlib import Path

import click

from ...runtime.snapshot import render_json, render_script
from ...runtime.state.errors import StateError
from ...runtime.state.store import Store, Version, open_to_read
from .. import options
from ..exits import DONE, Failure
from ..scripts import location_of
from ..settings import Settings
from ..views.source_text import to_json


@click.command("show")
@click.option("--version", "number", type=click.IntRange(min=0), help="An earlier version.")
@options.as_json
@click.option(
    "--template",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Render it with this Jinja template.",
)
@click.pass_obj
def command(
    settings: Settings, /, *, number: int | None, as_json: bool, template: Path | None
) -> int:
    """Print the configuration that survives a restart, as a script."""
    if as_json and template is not None:
        raise click.UsageError("--json and --template exclude each other")
    try:
        store = open_to_read(location_of(settings.state).database)
        if store is None:
            raise Failure("there is no state yet", "apply a script first: `csc apply SCRIPT`")
        try:
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

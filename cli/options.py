"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

scripts = click.argument("scripts", nargs=-1, required=True, metavar="SCRIPT...")
sandbox = click.option(
    "--sandbox",
    is_flag=True,
    help="Use the embedded CA in place of every CMPServer, and its root for a missing CA file.",
)
strict = click.option(
    "--strict", is_flag=True, help="The device's own rules: adding what exists is an error."
)
files = click.option(
    "--files",
    "folders",
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where uploads (file://) lie, before the script's own folder. Repeatable.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")

"""Options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path

import click

_PARAMETER = re.compile(r"([0-9]+)=(.*)", re.DOTALL)


def _parse_parameters(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    del ctx, param
    parameters: dict[str, str] = {}
    for value in values:
        match = _PARAMETER.fullmatch(value)
        if match is None:
            raise click.BadParameter(f"{value!r} is not NUMBER=VALUE, as in -D 1=if1")
        parameters[match[1]] = match[2]
    return parameters


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
schemas = click.option(
    "--schema",
    "schemas",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    envvar="CSC_SCHEMA",
    help="A TOML file with more object types. Repeatable. [env: CSC_SCHEMA]",
)
parameters = click.option(
    "-D",
    "parameters",
    multiple=True,
    metavar="NUMBER=VALUE",
    callback=_parse_parameters,
    help="The value of a script parameter: -D 1=if1 for $1. Repeatable.",
)

"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from .variables import NAME, read_variables

_Command = TypeVar("_Command", bound=Callable[..., Any])
# Where the values of --var-file wait for -D, which has the last word.
_VARIABLES = "csc.variables"


def _parse_parameters(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    del param
    parameters: dict[str, str] = dict(ctx.meta.get(_VARIABLES, {}))
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not NAME.fullmatch(name):
            # Not the whole of it: the value may be a secret.
            raise click.BadParameter(f"{name!r} is not followed by =VALUE, as in -D site=oslo")
        parameters[name] = text
    return parameters


def _read_files(ctx: click.Context, param: click.Parameter, paths: tuple[Path, ...]) -> None:
    del param
    if paths:
        ctx.meta[_VARIABLES] = read_variables(paths)


def _parse_selectors(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    del ctx
    if not values:
        return ()
    from ..compiler.policy import ignored_mistake, selector_mistake

    mistake_in = ignored_mistake if param.name == "ignore" else selector_mistake
    selectors = tuple(word.strip() for value in values for word in value.split(","))
    for selector in selectors:
        if mistake := mistake_in(selector):
            raise click.BadParameter(f"{mistake.message}: {mistake.way_out}")
    return selectors


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
base = click.option(
    "--base",
    "base_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A snapshot (csc show, csc show --json) to start from, in place of the device's state.",
)
_definitions = click.option(
    "-D",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_parse_parameters,
    help="A value: -D site=oslo for ${var:site}, -D 1=if1 for the script parameter $1. Repeatable.",
)
_variable_files = click.option(
    "--var-file",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_read_files,
    is_eager=True,
    expose_value=False,
    help="A TOML file with values of variables; -D has the last word. Repeatable.",
)


def parameters(command: _Command) -> _Command:
    """The values of parameters: `-D` and `--var-file`."""
    return _definitions(_variable_files(command))


_config = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    envvar="CSC_CONFIG",
    help="The config file, in place of the nearest csc.toml. [env: CSC_CONFIG]",
)
_select = click.option(
    "--select",
    multiple=True,
    metavar="RULE,...",
    callback=_parse_selectors,
    help="Show findings of these rules alone: names, codes, or beginnings such as CSC3.",
)
_ignore = click.option(
    "--ignore",
    multiple=True,
    metavar="RULE,...",
    callback=_parse_selectors,
    help="Show no findings of these rules.",
)


_only = click.option(
    "--only",
    multiple=True,
    metavar="ADDR",
    help="Plan what is about this object, and all it needs: cmp/clcert, 'Certificate cmp/clcert',"
    " a container for all in it. Repeatable.",
)
_skip = click.option(
    "--skip",
    multiple=True,
    metavar="ADDR",
    help="Leave out what is about this object, and all that depends on it. Repeatable.",
)
_replace = click.option(
    "--replace",
    multiple=True,
    metavar="ADDR",
    help="Enrol this certificate afresh, with a new key, although it is valid. Repeatable.",
)


def selection(command: _Command) -> _Command:
    """Which objects the plan is about: `--only`, `--skip` and `--replace`."""
    return _only(_skip(_replace(command)))


def policy(command: _Command) -> _Command:
    """Which findings are shown: `--config`, `--select` and `--ignore`."""
    return _config(_select(_ignore(command)))

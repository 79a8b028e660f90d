"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from .variables import Variables

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PARAMETER = re.compile(r"([0-9]+|[A-Za-z_][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)


def _parse_parameters(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    del ctx, param
    parameters: dict[str, str] = {}
    for value in values:
        match = _PARAMETER.fullmatch(value)
        if match is None:
            # The value may be a secret, and so may be what has no equals sign.
            name, equals, _ = value.partition("=")
            wrong = f"`{name}` cannot be a name" if equals else "an equals sign is missing"
            raise click.BadParameter(f"{wrong}: write NAME=VALUE, as in -D site=lund or -D 1=if1")
        parameters[match[1]] = match[2]
    return parameters


def _read_variables(
    ctx: click.Context, param: click.Parameter, paths: tuple[str, ...]
) -> Variables:
    """Files and -D as one, which click has read before: it stands before the files in `parameters`."""
    del param
    from .variables import read_variables

    return read_variables(paths, ctx.params.pop("defined"))


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
_defined = click.option(
    "-D",
    "defined",
    multiple=True,
    metavar="NAME=VALUE",
    is_eager=True,  # before the files, over which it goes
    callback=_parse_parameters,
    help="The value of a script parameter: -D site=lund for ${var:site}, -D 1=if1 for $1. Repeatable.",
)
_files_of_variables = click.option(
    "--var-file",
    "variables",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    callback=_read_variables,
    help='A TOML file of script parameters: site = "lund". A later one wins, -D over all. Repeatable.',
)


lock_timeout = click.option(
    "--lock-timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Wait this long for another process that holds the device.  [default: 0]",
)
_MOST_SECONDS = 24 * 60 * 60
commit_timeout = click.option(
    "--commit-timeout",
    metavar="SECONDS",
    type=click.IntRange(1, _MOST_SECONDS),
    default=30,
    envvar="CSC_COMMIT_TIMEOUT",
    help="How long after `activate` a `commit` may come, before the device goes back to what is"
    " committed.  [default: 30; env: CSC_COMMIT_TIMEOUT]",
)


def parameters(command: _Command) -> _Command:
    """The values of script parameters: `-D` and `--var-file`."""
    return _defined(_files_of_variables(command))


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


_log_file = click.option(
    "--log-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="CSC_LOG_FILE",
    help="Append every event of the run to this file; `-` is standard error. [env: CSC_LOG_FILE]",
)
_log_format = click.option(
    "--log-format",
    type=click.Choice(["json", "text"]),
    envvar="CSC_LOG_FORMAT",
    default="json",
    show_default=True,
    help="How a line of the log looks. [env: CSC_LOG_FORMAT]",
)
_log_level = click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    envvar="CSC_LOG_LEVEL",
    default="info",
    show_default=True,
    help="The least that is logged. [env: CSC_LOG_LEVEL]",
)


def logs(command: _Command) -> _Command:
    """The log of a run: `--log-file`, `--log-format` and `--log-level`."""
    return _log_file(_log_format(_log_level(command)))

"""The command line: arguments in, calls of the compiler and the runtime out. Commands load when used."""

from __future__ import annotations

import errno
import gc
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from ..grammar.garbage import collector_paused
from .exits import FAILED, INTERRUPTED, USAGE, Failure
from .settings import Settings

if TYPE_CHECKING:
    from ..runtime.routing import Route

# What writing to a full or broken place of the output ends with.
_NO_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EIO)

# Every name is a module of cli/commands with a `command` in it.
_COMMANDS = {
    "apply": "carry a script out",
    "diff": "print what changed between two versions",
    "discard": "drop what is not committed",
    "doctor": "look at the state and say what is wrong",
    "explain": "say what a finding means",
    "export": "write a certificate and its key to a file",
    "fmt": "lay out scripts canonically",
    "graph": "draw what apply would do",
    "history": "list the committed versions",
    "impact": "say what hangs on an object",
    "lock": "list who holds which device",
    "log": "list who did what, and verify the audit log",
    "plan": "show what apply would do",
    "replay": "verify a record of CMP messages offline",
    "resume": "finish what runs left open",
    "rollback": "bring an earlier version back",
    "sandbox": "serve the embedded CA",
    "schema": "list the object types, or explain one",
    "show": "print the committed configuration",
    "status": "list certificates, and what is due",
    "unlock": "take a device away from who holds it",
    "validate": "check scripts without touching anything",
    "vault": "say how secrets are kept, and replace their keys",
}


class _LazyGroup(click.Group):
    """Imports a command's module when it is asked for, so that each starts with only what it needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        with collector_paused():
            return import_module(f".commands.{cmd_name}", __package__).command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


def _parse_routes(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[Route, ...]:
    del ctx, param
    if not values:
        return ()
    from ..runtime.routing import parse_route

    try:
        return tuple(map(parse_route, values))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--state",
    metavar="URL",
    envvar="CSC_STATE",
    default="sqlite:///.csc/state.db",
    show_default=True,
    help="Where the state of the devices lies. [env: CSC_STATE]",
)
@click.option(
    "--device",
    metavar="NAME",
    envvar="CSC_DEVICE",
    default="default",
    show_default=True,
    help="The device to work on. [env: CSC_DEVICE]",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but findings and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours in text output.",
)
@click.option(
    "--connect-to",
    "routes",
    multiple=True,
    metavar="HOST:PORT:HOST2:PORT2",
    callback=_parse_routes,
    help="For CMP, talk to HOST2:PORT2 where a script says HOST:PORT. Repeatable.",
)
@click.version_option(package_name="csc-cos", prog_name="csc")
@click.pass_context
def cli(
    ctx: click.Context,
    *,
    state: str,
    device: str,
    quiet: bool,
    verbose: bool,
    color: str,
    routes: tuple[Route, ...],
) -> None:
    """Compile, plan and apply Clavister cOS Stream configuration scripts."""
    if color != "auto":
        ctx.color = color == "always"
    ctx.obj = Settings(state, device, is_quiet=quiet, is_verbose=verbose, routes=routes)


def _check_encoding(arguments: Sequence[str]) -> None:
    """Refuse what is not UTF-8: documents, plans and the state could not hold it."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode(errors="surrogateescape").decode(errors="replace")
            raise Failure(
                f"the argument {shown} is not UTF-8",
                "if it is a file's, change the name, or give the script on standard input as `-`",
                USAGE,
            ) from None


def _unforeseen(error: Exception) -> Failure:
    """What to say of an error that no command has caught."""
    # Files are opened, and their errors told, by name; what has none is where the output goes.
    if isinstance(error, OSError) and error.filename is None and error.errno in _NO_OUTPUT:
        # Python writes out what is left when it ends, and would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return Failure(
            f"the output cannot be written: {error.strerror}",
            "make room where it goes, and look with `csc status` at what was done",
        )
    return Failure(
        f"this is a mistake of csc's own: {type(error).__name__}",
        "run it again with -v before the command's name, and report what it prints",
    )


def main() -> NoReturn:
    """Run the command line and leave with its exit code; wrong usage is 64, not click's 2."""
    if not sys.warnoptions:  # nobody can mend what a library thinks of the bytes of peers
        warnings.simplefilter("ignore")
    try:
        _check_encoding(sys.argv)
        code = cli.main(standalone_mode=False)
    except click.UsageError as error:
        error.show()
        code = USAGE
    except Failure as error:
        error.show()
        code = error.code
    except click.ClickException as error:
        error.show()
        code = FAILED
    except click.Abort as error:
        click.echo("stopped", err=True)
        code = INTERRUPTED if isinstance(error.__cause__, KeyboardInterrupt) else FAILED
    except Exception as error:
        if "-v" in sys.argv or "--verbose" in sys.argv:
            raise
        _unforeseen(error).show()
        code = FAILED
    # The process gives its memory back as a whole: the collector need not walk it all once more.
    gc.freeze()
    sys.exit(code if isinstance(code, int) else 0)

"""The command line: arguments in, calls of the compiler and the runtime out. Commands load when used."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import IO, TYPE_CHECKING, NoReturn

import click

from ..grammar.garbage import collector_paused
from .exits import FAILED, INTERRUPTED, USAGE, Failure
from .settings import Settings

if TYPE_CHECKING:
    from ..runtime.routing import Route

# What writing to a full or broken place of the output ends with.

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


_STDERR = 2


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


def _open_standard_streams() -> None:
    """Put nothing in the place of streams that are closed: else a file might be opened as one of them.

    Standard input stays None then: reading nothing would pass for an empty script.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _is_written(stream: IO[str]) -> bool:
    """Whether all that was said has got out; what has not is dropped, so that Python does not try again."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return False
    return True


def main() -> NoReturn:
    """Run the command line and leave with its exit code; wrong usage is 64, not click's 2."""
    if not sys.warnoptions:  # nobody can mend what a library thinks of the bytes of peers
        warnings.simplefilter("ignore")
    _open_standard_streams()
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
    except OSError as error:  # what is expected of files is told where they are opened
        if error.filename is None:  # files are told of by name; what has none is where output goes
            Failure(
                f"the output cannot be written: {error.strerror}",
                "make room where it goes, and look with `csc status` at what was done",
            ).show()
        else:
            Failure(
                f"{error.filename} cannot be used: {error.strerror}",
                "check the path, its permissions and the disk",
            ).show()
        code = FAILED
    except Exception as error:
        if "-v" in sys.argv or "--verbose" in sys.argv:
            raise
        Failure(
            f"this is a mistake of csc's own: {type(error).__name__}",
            "run it again with -v before the command's name, and report what it prints",
        ).show()
        code = FAILED
    if not (_is_written(sys.stdout) and _is_written(sys.stderr)):
        code = code or FAILED
    # The process gives its memory back as a whole: the collector need not walk it all once more.
    gc.freeze()
    sys.exit(code if isinstance(code, int) else 0)

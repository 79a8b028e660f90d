"""`csc` in the test's own process, which costs a hundredth of a process of its own."""

import subprocess
from contextlib import chdir

import click
from click.testing import CliRunner
from csc.cli.exits import USAGE, Failure
from csc.cli.main import cli

from .command import Csc


def run(*arguments: object) -> int:
    """The exit code; what is printed is for `capsys` to read."""
    try:
        code = cli.main(list(map(str, arguments)), prog_name="csc", standalone_mode=False)
    except Failure as error:
        error.show()
        return error.code
    except click.UsageError as error:
        error.show()
        return USAGE
    return code if isinstance(code, int) else 0


class Inside(Csc):
    """As `Csc`; what it runs shares the test's process, and so its modules and what is patched in them."""

    def __call__(self, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        assert not options
        environment = {**CLEAN, **self.variables()}
        with chdir(self.folder), CliRunner(env=environment).isolation(env=environment) as streams:
            code = run(*arguments)
        out, err = (stream.getvalue().decode() for stream in streams[:2])
        return subprocess.CompletedProcess(list(map(str, arguments)), code, out, err)


# What the one who runs the tests may have set.
CLEAN: dict[str, str | None] = dict.fromkeys(("CSC_STATE", "CSC_DEVICE", "CSC_LOG_FILE"))

"""`csc` in the test's own process, which costs a hundredth of a process of its own."""

import click
from csc.cli.exits import USAGE, Failure
from csc.cli.main import cli


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

"""Exit codes. 2 only ever means changes, so that CI can tell it from wrong usage."""

from __future__ import annotations

import click

DONE = 0
FAILED = 1
CHANGES = 2
REFUSED = 3
USAGE = 64
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


class Failure(click.ClickException):
    """A command cannot go on: what is wrong, what to do about it, and the exit code."""

    def __init__(self, message: str, way_out: str = "", exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.way_out = way_out
        self.code = exit_code

    def show(self, file: object = None) -> None:
        """Print it as findings are printed."""
        from .views.source_text import printable

        del file
        head = click.style("error", fg="red", bold=True)
        click.echo(f"{head}: {printable(self.message)}", err=True)
        if self.way_out:
            click.echo(f"  = help: {printable(self.way_out)}", err=True)

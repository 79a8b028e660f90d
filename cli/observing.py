"""What is asked for in, who is told of a run out: a log file, a collector of spans, or nobody."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..grammar.frozen import frozen
from ..runtime.progress import ProgressEvent, Watch
from ..runtime.telemetry.asked import unsupported, wants_spans
from .exits import Failure
from .settings import Settings
from .views.source_text import printable

if TYPE_CHECKING:
    from ..runtime.telemetry.run import Observer


@frozen
class Logging:
    """The log that is asked for, none if `file` is None. `form`: json, text; `level`: the least written."""

    file: Path | None
    form: str
    level: str


@contextmanager
def observers(settings: Settings, log: Logging) -> Generator[tuple[Observer, ...]]:
    """Everybody who is told of a run, for the length of the block.

    Raises:
        Failure: if the log cannot be opened.
    """
    complain = _complain if not settings.is_quiet else _ignore
    with ExitStack() as stack:
        found: list[Observer] = []
        if log.file is not None:
            from ..runtime.telemetry.logs import open_log

            try:
                found.append(stack.enter_context(open_log(log.file, log.form, log.level, complain)))
            except OSError as error:
                raise Failure(
                    f"the log {log.file} cannot be written: {error.strerror}",
                    "check its folder, its permissions and the disk",
                ) from None
        if wants_spans(os.environ):
            spans = _spans(stack, os.environ, complain)
            found += [] if spans is None else [spans]
        yield tuple(found)


def both(first: Watch, second: Watch) -> Watch:
    """Calls one, then the other."""

    def watch(event: ProgressEvent) -> None:
        first(event)
        second(event)

    return watch


def _spans(
    stack: ExitStack, environment: Mapping[str, str], complain: Callable[[str], None]
) -> Observer | None:
    """Spans, if they can be made: the environment is often that of everything on a machine."""
    wrong = unsupported(environment)
    if wrong:
        complain(f"no spans are sent: {wrong}")
        return None
    try:
        from ..runtime.telemetry.spans import exporting
    except ImportError as error:
        complain(f"no spans are sent: {error}; `pip install 'csc-cos[telemetry]'` brings it")
        return None
    return stack.enter_context(exporting(environment, complain))


def _complain(text: str) -> None:
    head = click.style("warning", fg="yellow", bold=True)
    click.echo(f"{head}: {printable(text)}", err=True)


def _ignore(text: str) -> None:
    del text

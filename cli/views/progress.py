"""Events of a run in, lines out: a live display on a terminal, plain lines elsewhere. All to stderr."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TypeVar

from ...compiler.plan import CmpOperation, Plan
from ...runtime.errors import LeftOpen
from ...runtime.execution.limits import server_of
from ...runtime.progress import (
    ProgressEvent,
    StepDone,
    StepFailed,
    StepMessage,
    StepProgress,
    StepStarted,
    Watch,
)
from ..settings import Settings
from .plan_text import title
from .source_text import printable

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Display:
    """`watch` takes events, from any thread; `say` prints a line; `close` leaves the terminal as it was."""

    watch: Watch
    say: Callable[[str], None]
    close: Callable[[], None]


@contextmanager
def displayed(
    plan: Plan, settings: Settings, stream: IO[str], environment: Mapping[str, str]
) -> Generator[Display]:
    """Show a run, for the length of the block. Quietly, nothing is shown but what `say` is told."""

    def say(text: str) -> None:
        _print(stream, text)

    if settings.is_quiet:
        yield Display(_nothing, say, lambda: None)
    elif stream.isatty() and environment.get("TERM", "dumb") != "dumb":
        with _live(plan, stream) as display:
            yield display
    else:
        yield Display(_plain(stream, is_verbose=settings.is_verbose), say, lambda: None)


def _nothing(event: ProgressEvent) -> None:
    del event


def _plain(stream: IO[str], *, is_verbose: bool) -> Watch:
    """One line an event; of the steps that take no time, only the end, and only verbosely."""

    def watch(event: ProgressEvent) -> None:
        if not (is_verbose or isinstance(event.step.action, CmpOperation)):
            return
        match event:
            case StepStarted() | StepMessage():
                return
            case StepProgress(text=text):
                words = text
            case StepDone(result=result):
                words = f"done{', ' if result else ''}{result}"
            case StepFailed(error=error):
                words = "left open" if isinstance(error, LeftOpen) else "failed"
        _print(stream, f"{event.step.id} {title(event.step)}: {printable(words)}")

    return watch


def _print(stream: IO[str], line: str) -> None:
    with suppress(OSError):  # its reader has gone, or the log's disk is full: the run goes on
        print(line, file=stream, flush=True)


@contextmanager
def _live(plan: Plan, stream: IO[str]) -> Generator[Display]:
    """A line for the whole, and one for each operation under way: its server, what it does, how long."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        Progress,
        SpinnerColumn,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(file=stream)
    progress = Progress(
        SpinnerColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    )
    counts = Counts(len(plan.steps))
    lines: dict[str, TaskID] = {}
    lock = threading.Lock()  # events come from several threads
    with progress:
        overall = progress.add_task(str(counts), total=None)

        def watch(event: ProgressEvent) -> None:
            step = event.step
            if not isinstance(step.action, CmpOperation) and isinstance(event, StepStarted):
                return  # done before anybody could read it
            name = escape(f"{step.id} {title(step)}")
            with lock:
                match event:
                    case StepStarted():
                        counts.running += 1
                        lines[step.id] = progress.add_task(name, total=None)
                    case StepProgress(text=text):
                        server = _server(event)
                        told = escape(printable(f"{server}: {text}"))
                        progress.update(lines[step.id], description=f"{name}  {told}")
                        return
                    case StepMessage():
                        return
                    case StepDone(result=result):
                        counts.done += 1
                        if step.id in lines:
                            counts.running -= 1
                            progress.remove_task(lines.pop(step.id))
                            console.print(f"[green]done[/]   {name}: {escape(printable(result))}")
                    case StepFailed(error=error):
                        is_open = isinstance(error, LeftOpen)
                        counts.failed += not is_open
                        if step.id in lines:
                            counts.running -= 1
                            progress.remove_task(lines.pop(step.id))
                        how = "[yellow]open[/]  " if is_open else "[red]failed[/]"
                        console.print(f"{how} {name}")
                progress.update(overall, description=str(counts))

        def say(text: str) -> None:
            console.print(escape(text))

        yield Display(_lasting(watch), _lasting(say), progress.stop)


def _lasting(show: Callable[[_T], None]) -> Callable[[_T], None]:
    """`show`, which a terminal that is gone does not stop: the run goes on."""

    def shown(what: _T) -> None:
        with suppress(OSError, SystemExit):  # rich ends the process for a broken pipe
            show(what)

    return shown


@dataclass(slots=True)
class Counts:
    """How many steps there are, and how many are how far."""

    steps: int
    done: int = 0
    running: int = 0
    failed: int = 0

    def __str__(self) -> str:
        waiting = self.steps - self.done - self.running - self.failed
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"applying: {self.done} of {self.steps} steps done,"
            f" {self.running} running, {waiting} waiting{failed}"
        )


def _server(event: ProgressEvent) -> str:
    action = event.step.action
    return server_of(action) if isinstance(action, CmpOperation) else ""

"""Events of a run in, lines out: a live display on a terminal, plain lines elsewhere. All to stderr."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import IO

from ...compiler.plan import CmpOperation, Plan
from ...runtime.progress import (
    ProgressEvent,
    StepDone,
    StepFailed,
    StepProgress,
    StepStarted,
    Watch,
)
from ..settings import Settings
from .plan_text import title
from .source_text import printable


@contextmanager
def watching(
    plan: Plan, settings: Settings, stream: IO[str], environment: Mapping[str, str]
) -> Generator[Watch]:
    """What to call with events, for the length of the block. Quietly, nothing is shown."""
    if settings.is_quiet:
        yield _nothing
    elif stream.isatty() and environment.get("TERM", "dumb") != "dumb":
        with _live(plan, stream) as watch:
            yield watch
    else:
        yield _plain(stream, is_verbose=settings.is_verbose)


def _nothing(event: ProgressEvent) -> None:
    del event


def _plain(stream: IO[str], *, is_verbose: bool) -> Watch:
    """One line an event; of the steps that take no time, only the end, and only verbosely."""

    def watch(event: ProgressEvent) -> None:
        if not (is_verbose or isinstance(event.step.action, CmpOperation)):
            return
        match event:
            case StepStarted():
                return
            case StepProgress(text=text):
                words = text
            case StepDone(result=result):
                words = f"done{', ' if result else ''}{result}"
            case StepFailed():
                words = "failed"
        print(f"{event.step.id} {title(event.step)}: {printable(words)}", file=stream, flush=True)

    return watch


@contextmanager
def _live(plan: Plan, stream: IO[str]) -> Generator[Watch]:
    """A line with a spinner for the whole, and one for each operation under way."""
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
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with progress:
        done = 0
        overall = progress.add_task(_overall(done, plan), total=None)
        lines: dict[str, TaskID] = {}

        def watch(event: ProgressEvent) -> None:
            nonlocal done
            step = event.step
            name = escape(f"{step.id} {title(step)}")
            match event:
                case StepStarted():
                    if isinstance(step.action, CmpOperation):
                        lines[step.id] = progress.add_task(name, total=None)
                case StepProgress(text=text):
                    progress.update(
                        lines[step.id], description=f"{name}: {escape(printable(text))}"
                    )
                case StepDone(result=result):
                    done += 1
                    progress.update(overall, description=_overall(done, plan))
                    if step.id in lines:
                        progress.remove_task(lines.pop(step.id))
                        console.print(f"[green]done[/]   {name}: {escape(printable(result))}")
                case StepFailed():
                    if step.id in lines:
                        progress.remove_task(lines.pop(step.id))
                    console.print(f"[red]failed[/] {name}")

        yield watch


def _overall(done: int, plan: Plan) -> str:
    return f"applying, {done} of {len(plan.steps)} steps are done"

"""Events of a run in, a JSON object for each out, one a line (docs/schemas/apply.schema.json)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import IO, Any

from ...compiler.plan import CmpOperation, Plan, Step
from ...runtime.errors import LeftOpen
from ...runtime.execution.limits import server_of
from ...runtime.progress import (
    ProgressEvent,
    StepDone,
    StepFailed,
    StepMessage,
    StepProgress,
    StepStarted,
)
from ...runtime.recovery.resume import LeftOpen as OpenOperation
from ...runtime.report import Report
from .apply_text import way_out_of
from .plan_text import title

SCHEMA = "csc/apply/1"


class EventStream:
    """Writes events to a stream. Safe to use from several threads.

    A reader who goes away, or a disk that is full, ends the stream, not the run.
    """

    def __init__(self, stream: IO[str], clock: Callable[[], datetime]) -> None:
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()

    def started(self, plan: Plan, digest: str, device: str) -> None:
        """The first event: a run has begun."""
        actions = [step.action for step in plan.steps]
        messages = sum(len(a.messages) for a in actions if isinstance(a, CmpOperation))
        self._write(
            "run-started",
            None,
            plan=digest,
            device=device,
            steps=len(actions),
            messages=messages,
        )

    def untouched(self, left_open: Sequence[OpenOperation], way_out: str) -> None:
        """What earlier runs left open and this one does not touch; nothing is written if that is nothing."""
        if not left_open:
            return
        operations = [
            {
                "name": each.address.reference,
                "operation": each.operation,
                "phase": each.phase.value,
                "started_at": each.started_at.isoformat(),
            }
            for each in left_open
        ]
        self._write("open-operations", None, operations=operations, help=way_out)

    def watch(self, event: ProgressEvent) -> None:
        """What happens to a step."""
        step = event.step
        match event:
            case StepStarted():
                action = step.action
                server = {"server": server_of(action)} if isinstance(action, CmpOperation) else {}
                self._write("step-started", step, title=title(step), **server)
            case StepProgress(text=text):
                self._write("step-progress", step, text=text)
            case StepMessage(is_sent=is_sent, kind=kind):
                direction = "sent" if is_sent else "received"
                self._write("message", step, direction=direction, type=kind)
            case StepDone(result=result):
                self._write("step-done", step, result=result)
            case StepFailed(error=error):
                if isinstance(error, LeftOpen):
                    self._write("step-left-open", step, message=str(error))
                else:
                    self._write("step-failed", step, **_error(error))

    def interrupted(self, under_way: Sequence[Step]) -> None:
        """A signal came: nothing new begins, and these are waited for."""
        self._write("interrupted", None, waiting_for=[step.id for step in under_way])

    def ended(self, report: Report, error: Exception | None = None) -> None:
        """The last event: what came of the run, and what ended it other than a step that failed."""
        told = summary(report)
        if error is not None:
            told |= {"status": "failed", "error": _error(error)}
        self._write("summary", None, **told)

    def _write(self, event: str, step: Step | None, **facts: Any) -> None:
        head: dict[str, Any] = {"schema": SCHEMA} if event == "run-started" else {}
        head |= {"event": event, "at": self._clock().isoformat(timespec="milliseconds")}
        if step is not None:
            head["step"] = step.id
        line = json.dumps({**head, **facts})  # in ASCII: nothing in it drives a terminal
        with self._lock, suppress(OSError):
            print(line, file=self._stream, flush=True)


def summary(report: Report) -> dict[str, Any]:
    """What came of a run, as a document."""
    counted = report.messages
    return {
        "status": _status(report),
        "version": report.version,
        "done": [step.id for step in report.done],
        "failed": [{"step": step.id, **_error(error)} for step, error in report.failures],
        "left_open": [step.id for step in report.left_open],
        "not_tried": [
            {
                "step": item.step.id,
                "waited_for": None if item.waited_for is None else item.waited_for.id,
            }
            for item in report.not_tried
        ],
        "not_kept": [step.id for step in report.dropped],
        "messages": {
            "planned": counted.planned,
            "sent": counted.sent,
            "extra": counted.extra,
        },
    }


def _status(report: Report) -> str:
    if report.is_complete:
        return "done"
    return "interrupted" if report.is_interrupted else "failed"


def _error(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__, "message": str(error), "help": way_out_of(error)}

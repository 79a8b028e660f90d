"""What happens while a plan is carried out, as events for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..compiler.plan import Step


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step began."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepProgress:
    """Something happened within a step."""

    step: Step
    text: str


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step is done; `result` says what came of it, if there is something to say."""

    step: Step
    result: str = ""


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step failed."""

    step: Step
    error: Exception


ProgressEvent = StepStarted | StepProgress | StepDone | StepFailed

# Called from the thread that the event happens in; has to be quick and must not raise.
Watch = Callable[[ProgressEvent], None]

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
class StepMessage:
    """A CMP message of a step is about to leave (`is_sent`), or has come; `kind` as RFC 9810 5.1.2 has it."""

    step: Step
    is_sent: bool
    kind: str


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step is done; `result` says what came of it, if there is something to say."""

    step: Step
    result: str = ""


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step failed; or, with the error LeftOpen, goes on in the next run."""

    step: Step
    error: Exception


ProgressEvent = StepStarted | StepProgress | StepMessage | StepDone | StepFailed

# Called from the thread that the event happens in; has to be quick and must not raise.
Watch = Callable[[ProgressEvent], None]

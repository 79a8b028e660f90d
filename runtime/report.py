"""What came of a run, as data: what is done, what failed, what was not tried and why."""

from __future__ import annotations

from dataclasses import dataclass

from ..compiler.plan import CmpOperation, Plan, Step


@dataclass(frozen=True, slots=True)
class NotTried:
    """A step that did not begin.

    `waited_for` failed or is still open; None: the run ended before its turn.
    """

    step: Step
    waited_for: Step | None


@dataclass(frozen=True, slots=True)
class Messages:
    """CMP messages, both ways: what the plan says, what came of it, and what came on top.

    `extra` are those that no plan can know of: polling, a challenge, an operation that was taken up.
    """

    planned: int = 0
    sent: int = 0
    extra: int = 0

    def __add__(self, other: Messages) -> Messages:
        """Both together."""
        return Messages(
            self.planned + other.planned, self.sent + other.sent, self.extra + other.extra
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run.

    Each step is in one of `done`, `failures`, `left_open` and `not_tried`. `left_open` are operations that
    wait for their CA's decision: the journal has them, and the next apply polls on. `dropped`, which are in
    `done`, are changes that are not kept since no activate followed. `version` is what was committed last.
    """

    version: int | None
    done: tuple[Step, ...]
    failures: tuple[tuple[Step, Exception], ...]
    left_open: tuple[Step, ...]
    not_tried: tuple[NotTried, ...]
    dropped: tuple[Step, ...]
    messages: Messages
    is_interrupted: bool

    @staticmethod
    def nothing() -> Report:
        """The report of a plan that has nothing to do."""
        return Report(None, (), (), (), (), (), Messages(), is_interrupted=False)

    @staticmethod
    def not_begun(plan: Plan) -> Report:
        """The report of a plan of which nothing is tried."""
        actions = (step.action for step in plan.steps)
        planned = sum(len(a.messages) for a in actions if isinstance(a, CmpOperation))
        not_tried = tuple(NotTried(step, None) for step in plan.steps)
        return Report(None, (), (), (), not_tried, (), Messages(planned), is_interrupted=False)

    @property
    def is_complete(self) -> bool:
        """Whether every step is done."""
        return not (self.failures or self.left_open or self.not_tried)

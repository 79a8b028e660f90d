"""The plan's steps in, which of them may begin out, as others are done or fail. No clock, thread or I/O.

Each step is in one state, and goes only forward:

    WAITING -> READY -> RUNNING -> DONE
                                -> FAILED        and what waits for it, directly or not, is BLOCKED
                                -> LEFT_OPEN     likewise
    WAITING -> BLOCKED

Every call takes time in proportion to what it changes: a whole run, to steps and dependencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from ...compiler.plan import Step


class StepState(Enum):
    """How far a step is; see the head of the module."""

    WAITING = auto()
    READY = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    LEFT_OPEN = auto()
    BLOCKED = auto()


class Graph:
    """The steps by their numbers, which are their places in the plan."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.blocked_by: dict[int, int] = {}
        """The step that failed or is left open, for each that waits for it."""
        number = {step.id: n for n, step in enumerate(steps)}
        self._missing = [len(set(step.depends_on)) for step in steps]
        self._followers: list[list[int]] = [[] for _ in steps]
        for n, step in enumerate(steps):
            for needed in set(step.depends_on):
                self._followers[number[needed]].append(n)
        self.states = [
            StepState.WAITING if missing else StepState.READY for missing in self._missing
        ]

    def ready(self) -> list[int]:
        """The steps that may begin."""
        return self._in(StepState.READY)

    def begin(self, n: int) -> None:
        """A step that may begin does."""
        self._go(n, StepState.READY, StepState.RUNNING)

    def done(self, n: int) -> list[int]:
        """A step is done; those that may begin now."""
        self._go(n, StepState.RUNNING, StepState.DONE)
        freed: list[int] = []
        for follower in self._followers[n]:
            self._missing[follower] -= 1
            if not self._missing[follower] and self.states[follower] is StepState.WAITING:
                self.states[follower] = StepState.READY
                freed.append(follower)
        return freed

    def failed(self, n: int, state: StepState = StepState.FAILED) -> list[int]:
        """A step came to nothing, or is LEFT_OPEN; those that now will never begin."""
        self._go(n, StepState.RUNNING, state)
        blocked: list[int] = []
        front = [n]
        while front:
            for follower in self._followers[front.pop()]:
                if self.states[follower] is StepState.WAITING:
                    self.states[follower] = StepState.BLOCKED
                    self.blocked_by[follower] = n
                    blocked.append(follower)
                    front.append(follower)
        return blocked

    def having(self, *states: StepState) -> tuple[Step, ...]:
        """The steps in one of these states, in the plan's order."""
        return tuple(self.steps[n] for n in self._in(*states))

    def _in(self, *states: StepState) -> list[int]:
        return [n for n, state in enumerate(self.states) if state in states]

    def _go(self, n: int, before: StepState, after: StepState) -> None:
        assert self.states[n] is before, f"{self.steps[n].id} is {self.states[n]}"  # noqa: S101
        self.states[n] = after

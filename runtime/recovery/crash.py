"""A plan in; for each certificate operation, what is where if a run dies, and what resuming does, out."""

from __future__ import annotations

from dataclasses import dataclass

from ...compiler.plan import CmpOperation, Operation, Plan, Step
from .phases import WHERE, Event, Phase, Whereabouts
from .transitions import ENROLMENT, IMPLICIT, REVOCATION, course, look


@dataclass(frozen=True, slots=True)
class Point:
    """A point at which a process may die: what is where then, what the next one does, and why.

    `is_only_if_waiting`: it is there only if the CA does not decide at once.
    """

    phase: Phase
    where: Whereabouts
    act: str
    reason: str
    is_only_if_waiting: bool


@dataclass(frozen=True, slots=True)
class Crashes:
    """A step of a plan, and the points at which a process may die in it, in order."""

    step: Step
    operation: CmpOperation
    points: tuple[Point, ...]


def crashes_of(plan: Plan) -> tuple[Crashes, ...]:
    """The points of each step that talks to a CA, from the transition table."""
    return tuple(
        Crashes(step, step.action, _points(step.action))
        for step in plan.steps
        if isinstance(step.action, CmpOperation)
    )


def _points(operation: CmpOperation) -> tuple[Point, ...]:
    events = _events(operation)
    return tuple(
        _point(phase, happened is Event.WAITS)
        for phase, happened in zip(course(events), (None, *events), strict=True)
    )


def _events(operation: CmpOperation) -> tuple[Event, ...]:
    if operation.operation is Operation.REVOKE:
        return REVOCATION
    return IMPLICIT if operation.server.is_implicit else ENROLMENT


def _point(phase: Phase, is_only_if_waiting: bool) -> Point:
    row = look(phase, Event.RESUMED)
    return Point(phase, WHERE[phase], row.act.value, row.reason, is_only_if_waiting)

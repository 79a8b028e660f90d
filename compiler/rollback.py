"""A device and an earlier version of its configuration in; the plan that brings the version back, out."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ..grammar.ast import Span
from .configuration import Configuration, in_order
from .device import DeviceState
from .plan import Activate, Change, Commit, ObjectChange, Plan, Step
from .serialize import canonical, state_digest
from .steps import StepBuilder


def plan_rollback(base: DeviceState, number: int, wanted: Configuration, place: Span) -> Plan:
    """What makes `wanted`, which version `number` was, what is committed. `place`: who asks for it.

    The plan is empty if that is committed already, whatever the candidate is.
    """
    builder = StepBuilder()
    if wanted != base.committed:
        gone = [address for address in base.candidate if address not in wanted]
        for address in sorted(gone, key=lambda a: len(a.segments), reverse=True):
            builder.change(address, base.candidate[address], place)
        for address, _ in in_order(wanted):
            builder.change(address, base.candidate.get(address), place)
        builder.flush(wanted)
        reason = f"version {number} is brought back"
        if wanted != base.active:
            builder.barrier(Activate(), place, reason)
        builder.barrier(Commit(), place, reason)
    digest = hashlib.sha256(canonical(["rollback", number]).encode()).hexdigest()
    steps = tuple(_told(step, number) for step in builder.steps)
    return Plan(steps, (), digest, digest, state_digest(base))


def _told(step: Step, number: int) -> Step:
    if not isinstance(step.action, ObjectChange):
        return step
    why = {
        Change.ADD: f"version {number} has it",
        Change.UPDATE: f"version {number} has it so",
        Change.DELETE: f"version {number} does not have it",
    }
    return replace(step, reason=why[step.action.change])

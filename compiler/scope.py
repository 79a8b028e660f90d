"""A plan and what of it is asked for in; the plan of that and of all it needs, and its prediction, out.

Steps keep the ids that they have in the whole plan. A scope that would leave the device worse than the
whole plan does is refused: with a reference to nothing, or a certificate that nothing binds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from ..grammar.frozen import frozen
from .address import Address
from .device import DeviceState
from .diagnostics import Diagnostic
from .needs import needs_of, unit_of
from .plan import Activate, CmpOperation, Commit, LeftOut, ObjectChange, Plan, Step
from .schema.catalog import Catalog
from .scope_faults import find_faults
from .selection import Selection, selector
from .serialize import canonical
from .simulate import Simulation, start_from


@frozen
class Narrowed:
    """The plan of what is asked for, the state after it, and what is wrong with it."""

    plan: Plan
    prediction: DeviceState
    diagnostics: tuple[Diagnostic, ...]


def narrow(plan: Plan, base: DeviceState, selection: Selection, catalog: Catalog) -> Narrowed:
    """Leave out what is not asked for, and what cannot be done without that."""
    steps = plan.steps
    needs = needs_of(steps, catalog)
    left_out = _left_out(steps, needs, selection, catalog)
    kept = {number for number in range(len(steps)) if number not in left_out}
    run = _run(steps, kept, base, _asked_for(base, selection, catalog))
    left_out |= {n: _idle(steps[n]) for n in kept - run.done}
    inputs = hashlib.sha256(
        canonical([plan.inputs, selection.only, selection.skip]).encode()
    ).hexdigest()
    narrowed = replace(
        plan,
        steps=_relinked(steps, run.done),
        left_out=tuple(LeftOut(steps[n], left_out[n]) for n in sorted(left_out)),
        inputs=inputs,
        only=selection.only,
        skip=selection.skip,
    )
    done = [steps[n] for n in sorted(run.done)]
    rest = [steps[n] for n in sorted(left_out)]
    faults = find_faults(done, rest, base, catalog)
    return Narrowed(
        narrowed,
        run.simulation.state(inputs) if run.done else base,
        tuple(faults),
    )


# -- which steps -----------------------------------------------------------------------------------


def _left_out(
    steps: Sequence[Step], needs: Sequence[set[int]], selection: Selection, catalog: Catalog
) -> dict[int, str]:
    """The numbers of the steps that are left out, barriers apart, each with its reason."""
    objects = {n: a for n, step in enumerate(steps) if (a := _object(step)) is not None}
    asked = _selected(objects, selection.only, catalog) if selection.only else list(objects)
    within = _reached(asked, needs)
    gone = _reached(_selected(objects, selection.skip, catalog), _users(needs))
    still = _reached([n for n in asked if n not in gone], needs)
    reasons: dict[int, str] = {}
    for number in objects:
        if number in within and number in gone:
            cause = gone[number]
            is_named = number == cause
            reasons[number] = (
                "skipped" if is_named else f"needs {steps[cause].id}, which is skipped"
            )
        elif number not in still:
            reasons[number] = "not asked for"
    return reasons


def _users(needs: Sequence[set[int]]) -> list[set[int]]:
    users: list[set[int]] = [set() for _ in needs]
    for number, needed in enumerate(needs):
        for other in needed:
            users[other].add(number)
    return users


def _selected(objects: Mapping[int, Address], texts: Sequence[str], catalog: Catalog) -> list[int]:
    """The steps on what the texts mean; of a row that moves as a whole, all."""
    is_selected = selector(texts, catalog)
    units = {unit_of(catalog, a) for a in objects.values() if is_selected(a)}
    return [n for n, address in objects.items() if unit_of(catalog, address) in units]


def _reached(start: Sequence[int], edges: Sequence[AbstractSet[int]]) -> dict[int, int]:
    """What can be reached from `start`, each with the start that it was first reached from."""
    cause = {number: number for number in start}
    todo = list(start)
    for number in todo:  # grows on the way
        for other in sorted(edges[number]):
            if other not in cause:
                cause[other] = cause[number]
                todo.append(other)
    return cause


def _object(step: Step) -> Address | None:
    match step.action:
        case ObjectChange(address=address):
            return address
        case CmpOperation(target=target):
            return target
        case Activate() | Commit():
            return None


# -- what they do ----------------------------------------------------------------------------------


@frozen
class _Run:
    """The state after the steps that are done, by number; barriers that change nothing are not."""

    simulation: Simulation
    done: set[int]


def _run(steps: Sequence[Step], kept: set[int], base: DeviceState, touched: set[Address]) -> _Run:
    """Do the kept steps; a barrier only if it changes what they did, or one of `touched`."""
    simulation = start_from(base)
    done: set[int] = set()
    for number in sorted(kept):
        action = steps[number].action
        if isinstance(action, Activate | Commit) and not simulation.changes(action, touched):
            continue
        if isinstance(action, ObjectChange):
            touched.add(action.address)
        simulation.act(action)
        done.add(number)
    is_idle = simulation.is_like(base) and not any(
        isinstance(steps[n].action, CmpOperation) for n in done
    )
    return _Run(simulation, set() if is_idle else done)


def _asked_for(base: DeviceState, selection: Selection, catalog: Catalog) -> set[Address]:
    """The objects of the device that are asked for: an earlier run may have left them half-way."""
    is_only = selector(selection.only, catalog)
    is_skipped = selector(selection.skip, catalog)
    return {
        address
        for address in (*base.candidate, *base.active, *base.committed)
        if (not selection.only or is_only(address)) and not is_skipped(address)
    }


def _idle(step: Step) -> str:
    match step.action:
        case Activate():
            return "nothing is left to activate"
        case Commit():
            return "nothing is left to commit"
        case _:
            return "in the end nothing would change"


def _relinked(steps: Sequence[Step], done: set[int]) -> tuple[Step, ...]:
    """The steps that are done; each waits for what those waited for that it waited for and that are not."""
    standing: dict[str, tuple[str, ...]] = {}
    number_of = {step.id: number for number, step in enumerate(steps)}
    found: list[Step] = []
    for number, step in enumerate(steps):
        depends = dict.fromkeys(d for needed in step.depends_on for d in standing[needed])
        ordered = tuple(sorted(depends, key=number_of.__getitem__))
        standing[step.id] = ordered
        if number in done:
            standing[step.id] = (step.id,)
            found.append(replace(step, depends_on=ordered))
    return tuple(found)

"""Scripts and a device's state in; findings, and the plan where none is an error, out.

The whole pipeline: run the scripts on the abstract device, check what they leave, take the steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from ..grammar.ast import Span
from ..grammar.frozen import frozen
from ..grammar.garbage import collector_paused
from ..grammar.script import Script
from .circles import check_circles
from .configuration import SecretValue, Value
from .dead_certificates import check_dead_certificates
from .device import DeviceState
from .diagnostics import Diagnostic, has_errors
from .digest import script_digest
from .ending import check_ending
from .interpreter import run
from .lifecycle import State
from .machine import Circumstances, Machine, start
from .parameters import Given, explained, unused
from .plan import CmpOperation, Plan
from .policy import under_policy
from .references import check_references
from .replacement import check_replacements
from .secrets import Survey, confidential, survey
from .selection import check_selection
from .serialize import canonical, state_digest
from .silencing import silenced
from .tunnels import check_tunnels


@frozen
class Compilation:
    """What compiling gave: `plan` is None exactly if a diagnostic is an error.

    `prediction` is the state after the plan; what CMP will obtain is in it under planned content ids.
    `parameters` are the values that the scripts took from outside; `secret_parameters` the names of those
    that hold secrets, whose values nobody keeps. `digest` is that of the scripts.
    """

    diagnostics: tuple[Diagnostic, ...]
    plan: Plan | None
    prediction: DeviceState | None
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    secret_parameters: frozenset[str] = frozenset()
    digest: str = ""


def compile_scripts(scripts: Sequence[Script], circumstances: Circumstances) -> Compilation:
    """Compile `scripts`, which run in order on one device."""
    with collector_paused():
        return _compile(scripts, circumstances)


def _compile(scripts: Sequence[Script], circumstances: Circumstances) -> Compilation:
    takes = confidential(circumstances.catalog)
    surveyed = survey(scripts, takes)
    given = Given(circumstances.parameters, circumstances.parameter_places, surveyed.secret)
    values = _values(circumstances.parameters, surveyed)
    digest = script_digest(scripts, values, takes.secret)
    machine = start(circumstances, digest, given, takes)
    for script in scripts:
        run(machine, script)
    end = _end(scripts)
    check_references(machine, end)
    check_circles(machine, end)
    check_tunnels(machine, end)
    machine.steps.flush(machine.candidate)
    check_ending(machine, end)
    check_dead_certificates(machine, end)
    order = {script.file: number for number, script in enumerate(scripts)}
    machine.report(*unused(given, surveyed.used, end))
    is_new = circumstances.base == DeviceState()
    found = silenced(scripts, explained(machine.diagnostics, given), is_new_device=is_new)
    shown = under_policy(circumstances.policy, found)
    diagnostics = tuple(sorted(shown, key=lambda d: (order[d.primary.span.file], d.sort_key)))
    selection, catalog = circumstances.selection, circumstances.catalog
    if selection.words and not has_errors(diagnostics):
        diagnostics += tuple(check_selection(selection, machine.known, catalog))
        diagnostics += tuple(check_replacements(machine))
    if has_errors(diagnostics):
        return Compilation(diagnostics, None, None, values, surveyed.secret, digest)
    inputs = hashlib.sha256(canonical([digest, machine.uploads]).encode()).hexdigest()
    prediction = DeviceState(
        machine.committed,
        machine.active,
        dict(machine.candidate),
        machine.files,
        machine.records,
        inputs,
    )
    plan = _plan(machine, digest, inputs)
    if selection.is_whole:
        prediction = circumstances.base if plan.is_empty else prediction
        return Compilation(diagnostics, plan, prediction, values, surveyed.secret, digest)
    from .scope import narrow  # five modules that most commands start without

    narrowed = narrow(plan, circumstances.base, selection, catalog)
    diagnostics += narrowed.diagnostics
    if has_errors(diagnostics):
        return Compilation(diagnostics, None, None, values, surveyed.secret, digest)
    return Compilation(
        diagnostics, narrowed.plan, narrowed.prediction, values, surveyed.secret, digest
    )


def _values(given: Mapping[str, str], surveyed: Survey) -> dict[str, str]:
    """The values of the parameters that the scripts have, secrets left out."""
    names = sorted(given.keys() & surveyed.used - surveyed.secret - {"0"})
    return {name: given[name] for name in names}


def _plan(machine: Machine, digest: str, inputs: str) -> Plan:
    """The plan; empty if applying it would change nothing, or if it was the last that was applied.

    The second matters where a script leaves changes uncommitted: they are in the candidate when the same
    script begins again, and its first `activate` would take them along.
    """
    steps = tuple(machine.steps.steps)
    base = machine.circumstances.base
    if not any(isinstance(step.action, CmpOperation) for step in steps):
        changes_nothing = (
            machine.candidate == base.candidate
            and machine.active == base.active
            and machine.committed == base.committed
        )
        # Secrets take no part in `inputs`, so that no digest gives them away.
        is_repeated = inputs == base.left_by and _secrets(machine) <= _secrets(base)
        if changes_nothing or is_repeated:
            steps = ()
    return Plan(
        steps,
        tuple(machine.idle),
        digest,
        inputs,
        state_digest(base),
        tuple(
            replace(item, is_refused=machine.state(item.certificate) is State.REVOKED)
            for item in machine.renewals
        ),
    )


def _secrets(device: Machine | DeviceState) -> set[Value]:
    """Every secret that one of the configurations holds."""
    return {
        value
        for configuration in (device.candidate, device.active, device.committed)
        for properties in configuration.values()
        for value in properties.values()
        if isinstance(value, SecretValue)
    }


def _end(scripts: Sequence[Script]) -> Span:
    """Where the last command stands; findings about the end of the script point there."""
    for script in reversed(scripts):
        last = script.last_command
        if last is not None:
            return last.last_span
    return Span(scripts[-1].file if scripts else "<script>", 1, 1, 0)

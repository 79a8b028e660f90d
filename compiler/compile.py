"""Scripts and a device's state in; findings, and the plan where none is an error, out.

The whole pipeline: run the scripts on the abstract device, check what they leave, take the steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..grammar.ast import Argument, Option, Property, Span, Word
from ..grammar.garbage import collector_paused
from ..grammar.script import Script
from .circles import check_circles
from .configuration import SecretValue, Value
from .dead_certificates import check_dead_certificates
from .device import DeviceState
from .diagnostics import Diagnostic, has_errors
from .ending import check_ending
from .interpreter import run
from .machine import Circumstances, Machine, start
from .parameters import used_parameters
from .plan import CmpOperation, Plan
from .policy import under_policy
from .references import check_references
from .secrets import is_secret_name
from .serialize import canonical, state_digest
from .silencing import silenced
from .tunnels import check_tunnels


@dataclass(frozen=True, slots=True)
class Compilation:
    """What compiling gave: `plan` is None exactly if a diagnostic is an error.

    `prediction` is the state after the plan; what CMP will obtain is in it under planned content ids.
    """

    diagnostics: tuple[Diagnostic, ...]
    plan: Plan | None
    prediction: DeviceState | None


def compile_scripts(scripts: Sequence[Script], circumstances: Circumstances) -> Compilation:
    """Compile `scripts`, which run in order on one device."""
    with collector_paused():
        return _compile(scripts, circumstances)


def _compile(scripts: Sequence[Script], circumstances: Circumstances) -> Compilation:
    digest = script_digest(scripts, circumstances.parameters)
    machine = start(circumstances, digest)
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
    is_new = circumstances.base == DeviceState()
    found = silenced(scripts, machine.diagnostics, is_new_device=is_new)
    shown = under_policy(circumstances.policy, found)
    diagnostics = tuple(sorted(shown, key=lambda d: (order[d.primary.span.file], d.sort_key)))
    if has_errors(diagnostics):
        return Compilation(diagnostics, None, None)
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
    return Compilation(diagnostics, plan, circumstances.base if plan.is_empty else prediction)


def script_digest(scripts: Sequence[Script], parameters: Mapping[str, str]) -> str:
    """SHA-256 in hex of what the scripts say, with the values of the parameters in them.

    It is their identity, whatever their files and layout. Confidential texts are left out, since a digest
    lets short ones be guessed.
    """
    used, secret = used_parameters(scripts)
    values = sorted((name, parameters[name]) for name in used - secret if name in parameters)
    commands = [
        [_spoken(part) for part in (command.verb, *command.arguments)]
        for script in scripts
        for command in script.commands
    ]
    return hashlib.sha256(
        canonical([commands, values] if values else commands).encode()
    ).hexdigest()


def _spoken(part: Argument | None) -> list[str | None]:
    match part:
        case None:
            return []
        case Word():
            return ["word", part.text]
        case Property() | Option():
            value = None if is_secret_name(part.name) else part.value
            return [type(part).__name__, part.name, value]


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
    return Plan(steps, tuple(machine.idle), digest, inputs, state_digest(base))


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

"""What the compiler says of a certificate's life is what happens on a device, neither more nor less."""

from datetime import timedelta

from csc.compiler import rules
from csc.compiler.compile import Compilation, compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.diagnostics import Severity
from csc.compiler.digest import script_digest
from csc.compiler.interpreter import run
from csc.compiler.machine import Circumstances, start
from csc.compiler.parameters import Given
from csc.compiler.secrets import confidential
from csc.grammar.parser import parse
from hypothesis import given, settings
from programs import Visit, sessions
from support.cases import ISSUED, carried_out
from support.device_model import CertificateTrouble, DeviceModel, Trouble, Unspecified


@settings(deadline=None)
@given(sessions())
def test_findings_are_what_happens_on_a_device(session: list[Visit]) -> None:
    """An error stands where the device fails first; there is a warning if a restart would lose something."""
    device, base, now = DeviceModel(), DeviceState(), ISSUED
    for number, visit in enumerate(session):
        script = visit.script
        device.wait(visit.days)
        now += timedelta(days=visit.days)
        circumstances = Circumstances(
            base, now, lambda name: f"sha256:{name}", None, is_strict=True
        )
        compilation = compile_scripts([parse(script)], circumstances)
        try:
            failure = first_failure(device, script, left_out(script, circumstances))
        except Unspecified:
            return
        if failure is None:
            assert not errors(compilation)
            assert device.loses_at_restart() == bool(life_cycle(compilation, Severity.WARNING))
            assert compilation.prediction is not None
            base = carried_out(compilation.prediction, f"run{number}", now)
            continue
        line, trouble = failure
        if isinstance(trouble, CertificateTrouble):
            assert min(life_cycle(compilation, Severity.ERROR), default=None) == line, trouble
        assert min(errors(compilation), default=None) == line, trouble
        return


def first_failure(
    device: DeviceModel, script: str, left_out: set[int]
) -> tuple[int, Trouble] | None:
    """The line that fails on the device, and how."""
    device.begin_session()
    for line, command in enumerate(script.splitlines(), 1):
        try:
            if line in left_out:
                device.leave_out(command)
            else:
                device.run(command)
        except Trouble as trouble:
            return line, trouble
    return None


def left_out(script: str, circumstances: Circumstances) -> set[int]:
    """The lines whose certmgr has nothing to do, as `csc` says it: it does not send them."""
    parsed = parse(script)
    machine = start(
        circumstances,
        script_digest([parsed]),
        Given({}, {}, frozenset()),
        confidential(circumstances.catalog),
    )
    run(machine, parsed)
    return {idle.span.line for idle in machine.idle if idle.what.startswith("certmgr")}


def errors(compilation: Compilation) -> list[int]:
    """The lines of errors."""
    return [d.primary.span.line for d in compilation.diagnostics if d.severity is Severity.ERROR]


# What these find no restart loses: it is at the CA, or at the tunnel's other end.
ELSEWHERE = {
    rules.NOT_ACTIVE_YET,
    rules.REVOKED_IN_USE,
    rules.EXPIRED_IN_USE,
    rules.DELETED_WHILE_VALID,
}


def life_cycle(compilation: Compilation, severity: Severity) -> list[int]:
    """The lines of life-cycle findings of this severity."""
    return [
        d.primary.span.line
        for d in compilation.diagnostics
        if d.severity is severity and d.rule.code.startswith("CSC3") and d.rule not in ELSEWHERE
    ]

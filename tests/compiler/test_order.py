"""The order of commands that have nothing to do with each other changes nothing."""

from collections import Counter
from dataclasses import replace

from csc.compiler import rules
from csc.compiler.address import Address
from csc.compiler.compile import Compilation, compile_scripts
from csc.compiler.configuration import Configuration, FileValue
from csc.compiler.device import CertificateRecord, DeviceState
from csc.compiler.machine import Circumstances
from csc.compiler.plan import CmpOperation
from csc.grammar.parser import parse
from hypothesis import given, settings
from programs import reordered
from support.cases import ISSUED


@settings(deadline=None)
@given(reordered())
def test_independent_commands_may_stand_in_any_order(orders: tuple[str, str]) -> None:
    """The same configurations and certificates, the same findings, the same operations."""
    one, other = (compiled(script) for script in orders)
    assert configurations(one) == configurations(other)
    assert records(one) == records(other)
    assert findings(one) == findings(other)
    assert set(operations(one).values()) == set(operations(other).values())


def compiled(script: str) -> Compilation:
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: None, "sandbox:root")
    compilation = compile_scripts([parse(script)], circumstances)
    assert compilation.plan is not None, compilation.diagnostics
    return compilation


def operations(compilation: Compilation) -> dict[str, str]:
    """What is planned, by step: the how manieth operation of which certificate it is."""
    assert compilation.plan is not None
    so_far: Counter[Address] = Counter()
    found: dict[str, str] = {}
    for step in compilation.plan.steps:
        if isinstance(step.action, CmpOperation):
            so_far[step.action.target] += 1
            number = so_far[step.action.target]
            found[step.id] = f"{number}: {step.action.operation} {step.action.target}"
    return found


def renamed(content: str, names: dict[str, str]) -> str:
    """A content told by the operation that it comes from, not by its place in the plan."""
    kind, _, rest = content.partition(":")
    step, _, part = rest.partition(":")
    return f"{names[step]}: {part}" if kind == "planned" else content


def configurations(compilation: Compilation) -> list[Configuration]:
    assert compilation.prediction is not None
    names = operations(compilation)
    state = compilation.prediction
    return [
        {
            address: {
                name: FileValue(value.name, renamed(value.content, names), value.is_secret)
                if isinstance(value, FileValue)
                else value
                for name, value in properties.items()
            }
            for address, properties in configuration.items()
        }
        for configuration in (state.committed, state.active, state.candidate)
    ]


def records(compilation: Compilation) -> dict[Address, CertificateRecord]:
    """The certificates; which script obtained them differs, for it is another script."""
    assert compilation.prediction is not None
    names = operations(compilation)
    return {
        address: replace(
            record,
            certificate=renamed(record.certificate, names),
            key=renamed(record.key, names),
            script="",
        )
        for address, record in compilation.prediction.certificates.items()
    }


# What these are about is the order itself.
OF_THE_ORDER = {rules.NOT_ACTIVE_YET, rules.CREDENTIALS_REUSED}


def findings(compilation: Compilation) -> Counter[tuple[str, str]]:
    return Counter(
        (d.rule.code, d.message) for d in compilation.diagnostics if d.rule not in OF_THE_ORDER
    )

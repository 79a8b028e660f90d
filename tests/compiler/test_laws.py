"""Laws of the compiler on programs of every shape."""

import itertools

import pytest
from csc.compiler.compile import compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.diagnostics import Applicability
from csc.compiler.digest import script_digest
from csc.compiler.fix import apply_fixes
from csc.compiler.lifecycle import REFUSALS, TRANSITIONS, Event, State
from csc.compiler.machine import Circumstances
from csc.compiler.serialize import (
    canonical,
    configuration_from_json,
    configuration_to_json,
    plan_to_json,
)
from csc.grammar.parser import parse
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import programs
from strategies import scripts
from support.cases import ISSUED, all_cases, carried_out


def compile_on(base: DeviceState, text: str) -> object:
    circumstances = Circumstances(base, ISSUED, lambda name: None, "sandbox:root")
    return compile_scripts([parse(text)], circumstances)


@settings(deadline=None)
@given(programs(whole=True))
def test_applied_again_a_script_does_nothing(program: list[str]) -> None:
    base = DeviceState()
    for number, script in enumerate(program):
        first = compile_on(base, script)
        assert first.plan is not None, first.diagnostics
        base = carried_out(first.prediction, f"run{number}")
        again = compile_on(base, script)
        assert again.plan is not None, again.diagnostics
        assert again.plan.is_empty
        assert again.prediction == base


@settings(deadline=None)
@given(scripts())
def test_a_plan_is_the_same_each_time(script: str) -> None:
    one, two = (compile_on(DeviceState(), script) for _ in range(2))
    assert canonical(plan_to_json(one.plan)) == canonical(plan_to_json(two.plan))


@settings(deadline=None)
@given(scripts())
def test_a_step_waits_only_for_earlier_ones(script: str) -> None:
    plan = compile_on(DeviceState(), script).plan
    seen: set[str] = set()
    for step in plan.steps:
        assert set(step.depends_on) <= seen
        seen.add(step.id)


@settings(deadline=None)
@given(scripts())
def test_configurations_survive_json(script: str) -> None:
    candidate = compile_on(DeviceState(), script).prediction.candidate
    assert configuration_from_json(configuration_to_json(candidate)) == candidate


@given(scripts(), st.sampled_from(("\n", "# a comment\n", "\n\n  # another\n")))
def test_layout_does_not_change_who_a_script_is(script: str, layout: str) -> None:
    spread = layout.join(line + "\n" for line in script.splitlines())
    assert script_digest([parse(script)]) == script_digest([parse(spread)])
    other_secret = script.replace("psk", "another")
    assert script_digest([parse(script)]) == script_digest([parse(other_secret)])
    assert script_digest([parse(script)]) != script_digest([parse(script + "show\n")])


@pytest.mark.parametrize("path", all_cases(), ids=lambda path: path.stem)
def test_fixes_bring_nothing_new(path: object) -> None:
    """Fixed and checked again, a script has no finding of a rule that it did not have before."""
    text = path.read_text()
    before = compile_on(DeviceState(), text).diagnostics
    for wanted in ({Applicability.SAFE}, set(Applicability)):
        fixes = [d.fix for d in before if d.fix and d.fix.applicability in wanted]
        fixed, applied = apply_fixes(text, fixes)
        assert (applied > 0) == bool(fixes)
        after = compile_on(DeviceState(), fixed).diagnostics
        assert {d.rule.code for d in after} <= {d.rule.code for d in before} | FOLLOW_UPS


# What a mistake had silenced and its fix brings to light.
FOLLOW_UPS = {
    "CSC191",
    "CSC204",
    "CSC206",
    "CSC210",
    "CSC301",
    "CSC302",
    "CSC303",
    "CSC305",
    "CSC313",
    "CSC315",
}


def test_every_event_of_certmgr_is_decided_in_every_state() -> None:
    """The tables are whole: certmgr in any state is either a transition or a finding, never both."""
    for state, event in itertools.product(State, (Event.INITIATE, Event.UPDATE, Event.REVOKE)):
        assert ((state, event) in TRANSITIONS) != ((state, event) in REFUSALS)


def test_what_certmgr_obtains_has_to_be_bound_first() -> None:
    """Whatever obtains leads to *obtained*, and nothing but binding leads on from there."""
    for (state, event), target in TRANSITIONS.items():
        if event in (Event.INITIATE, Event.UPDATE):
            assert target is State.OBTAINED
        if state is State.OBTAINED:
            assert event is Event.BIND

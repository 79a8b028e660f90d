"""Laws of silences: whatever can be silenced is gone with a comment, and such a comment is of use."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from csc.compiler import rules
from csc.compiler.compile import Compilation, compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.diagnostics import Applicability, Diagnostic, Severity
from csc.compiler.fix import apply_fixes
from csc.compiler.machine import Circumstances
from csc.compiler.silencing import can_be_silenced
from csc.grammar.parser import parse
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import layouts, scripts
from support.cases import ISSUED, all_cases, compile_case

# A layout breaks at every blank, and may not within quotes.
_QUOTED_BLANK = re.compile(r'"(?:[^"\\\n]|\\.)* (?:[^"\\\n]|\\.)*"')
PROGRAMS = scripts().map(lambda text: _QUOTED_BLANK.sub("one", text)).flatmap(layouts)


def compile_new(text: str) -> Compilation:
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: None, "sandbox:root")
    return compile_scripts([parse(text)], circumstances)


def silence_all(text: str, found: tuple[Diagnostic, ...]) -> str:
    """The script with a comment above each command that has a finding which can be silenced."""
    script = parse(text)
    begins = [_begin(script.text, line.start, line.end) for line in script.lines]
    starts = [script.locate(begin, 0).line for begin in begins]
    names: dict[int, set[str]] = defaultdict(set)
    for diagnostic in found:
        if can_be_silenced(diagnostic.rule):
            place = diagnostic.primary.span.line
            names[max(start for start in starts if start <= place)].add(diagnostic.rule.name)
    lines = text.split("\n")
    for start in sorted(names, reverse=True):
        lines.insert(start - 1, f"# csc: ignore[{', '.join(sorted(names[start]))}] a test")
    return "\n".join(lines)


def _begin(text: str, start: int, end: int) -> int:
    return re.compile(r"(?:[ \t\r\n]|\\\r?\n)*").match(text, start, end).end()


@pytest.mark.parametrize("path", all_cases(), ids=lambda path: path.stem)
def test_what_can_be_silenced_is_gone_with_a_comment(path: Path) -> None:
    text = path.read_bytes().decode()
    before = compile_case(path).diagnostics
    after = compile_case(path, silence_all(text, before)).diagnostics
    assert not [d for d in after if can_be_silenced(d.rule)]
    kept = [d for d in before if not can_be_silenced(d.rule)]
    assert [(d.rule, d.message) for d in after] == [(d.rule, d.message) for d in kept]


@settings(deadline=None, max_examples=40)
@given(PROGRAMS)
def test_a_silenced_script_has_no_finding_and_the_same_plan(text: str) -> None:
    before = compile_new(text)
    assert before.plan is not None
    after = compile_new(silence_all(text, before.diagnostics))
    assert after.plan is not None
    assert not after.diagnostics
    assert [(s.id, s.action) for s in after.plan.steps if not s.action] == [
        (s.id, s.action) for s in before.plan.steps if not s.action
    ]
    assert after.prediction is not None
    assert after.prediction.candidate == before.prediction.candidate


@settings(deadline=None, max_examples=40)
@given(PROGRAMS, st.data())
def test_fixing_unused_silences_gives_the_script_back(text: str, data: st.DataObject) -> None:
    """Silences that silence nothing are found, and their fix leaves no trace of them."""
    text = silence_all(text, compile_new(text).diagnostics)
    lines = text.split("\n")
    script = parse(text)
    places = [script.locate(_begin(text, line.start, line.end), 0).line for line in script.lines]
    place = data.draw(st.sampled_from(places))
    ending = data.draw(st.sampled_from(("", "\r")))
    lines.insert(place - 1, f"# csc: ignore[torn-value, alike-names] a test{ending}")
    spoilt = "\n".join(lines)
    found = compile_new(spoilt).diagnostics
    assert [d.rule for d in found] == [rules.UNUSED_SILENCE]
    assert found[0].fix.applicability is Applicability.SAFE
    fixed, applied = apply_fixes(spoilt, [found[0].fix])
    assert applied == 1
    assert fixed == text


def test_what_has_no_plan_is_final() -> None:
    """An error can be silenced only if the plan still does what the script says."""
    errors = [rule for rule in rules.RULES if rule.severity is Severity.ERROR]
    assert [rule for rule in errors if not rule.is_final] == [
        rules.BOUND_WITHOUT_KEY,
        *(rule for rule in errors if rule in rules.OF_PROBES),
    ]
    assert not any(rule.is_final for rule in rules.RULES if rule not in errors)

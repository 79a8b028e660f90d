"""Which findings a policy shows, and how much they weigh."""

import pytest
from csc.compiler import rules
from csc.compiler.diagnostics import Severity, finding
from csc.compiler.policy import (
    ALL,
    Policy,
    ignored_mistake,
    policy_from_json,
    policy_to_json,
    selector_mistake,
    severity_mistake,
    under_policy,
)
from csc.grammar.ast import Span
from hypothesis import given
from hypothesis import strategies as st

HERE = Span("a.cfg", 1, 1, 1)
ALL_FINDINGS = [finding(rule, "found", HERE) for rule in rules.RULES]
FINAL = [rule for rule in rules.RULES if rule.is_final]


def shown(policy: Policy) -> list[object]:
    return [d.rule for d in under_policy(policy, ALL_FINDINGS)]


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (("ALL",), (), True),
        (("ALL",), ("CSC3",), False),
        (("CSC301",), ("CSC3",), True),
        (("key-lost-at-restart",), ("CSC30",), True),
        (("CSC3",), ("CSC3",), False),
        (("CSC3",), ("CSC301",), False),
        (("CSC301",), ("key-lost-at-restart",), False),
        (("CSC2",), (), False),
        ((), (), False),
        (("ALL", "CSC301"), ("CSC", "CSC302"), True),
    ],
)
def test_the_more_exact_selector_decides(
    select: tuple[str, ...], ignore: tuple[str, ...], expected: bool
) -> None:
    assert (rules.KEY_LOST_AT_RESTART in shown(Policy(select, ignore))) is expected


WORDS = st.sampled_from(
    [ALL, "C", "CSC", *(w for r in rules.RULES for w in (r.code, r.name, r.code[:4], r.code[:5]))]
)
WORD_LISTS = st.lists(WORDS, max_size=5).map(tuple)
POLICIES = st.builds(
    Policy,
    WORD_LISTS,
    WORD_LISTS,
    st.dictionaries(st.sampled_from([r.code for r in rules.RULES]), st.sampled_from(Severity)),
    st.dictionaries(st.sampled_from(("a.cfg", "b.cfg")), WORD_LISTS),
)


@given(POLICIES)
def test_no_policy_touches_what_is_final(policy: Policy) -> None:
    found = under_policy(policy, ALL_FINDINGS)
    assert [d for d in found if d.rule.is_final] == [d for d in ALL_FINDINGS if d.rule.is_final]


@given(POLICIES)
def test_a_policy_survives_json(policy: Policy) -> None:
    assert policy_from_json(policy_to_json(policy)) == policy


@given(POLICIES)
def test_a_policy_applied_twice_changes_nothing_more(policy: Policy) -> None:
    once = under_policy(policy, ALL_FINDINGS)
    assert under_policy(policy, once) == once


def test_files_of_their_own() -> None:
    policy = Policy(by_file={"b.cfg": ("ALL",)})
    assert shown(policy) == list(rules.RULES)
    assert shown(Policy(by_file={"a.cfg": ("ALL",)})) == FINAL


def test_severities() -> None:
    policy = Policy(severities={"CSC301": Severity.ERROR, "CSC101": Severity.NOTE})
    by_rule = {d.rule: d.severity for d in under_policy(policy, ALL_FINDINGS)}
    assert by_rule[rules.KEY_LOST_AT_RESTART] is Severity.ERROR
    assert by_rule[rules.UNTERMINATED_QUOTE] is Severity.ERROR
    assert by_rule[rules.NO_EFFECT] is Severity.NOTE


def test_mistakes_have_a_way_out() -> None:
    assert selector_mistake("CSC3") is selector_mistake("ALL") is None
    assert selector_mistake("key-lost-at-restar").way_out == "did you mean `key-lost-at-restart`?"
    for wrong in ("", "CSC9", "3", "csc301", "all"):
        assert selector_mistake(wrong) is not None, wrong
    assert "cannot be ignored" in ignored_mistake("CSC101").message
    assert ignored_mistake("CSC1") is None
    assert severity_mistake("CSC301", "warn").way_out == "did you mean `warning`?"
    assert severity_mistake("CSC101", "error") is None
    assert "always an error" in severity_mistake("unterminated-quote", "note").message

"""Every rule has a page, whose examples show it: what is wrong breaks the rule, what is right breaks none."""

import re

import pytest
from csc.compiler.diagnostics import Rule
from csc.compiler.rules import RULES, find_rule
from csc.compiler.rules.page import PAGES, read_page
from support import rules_index
from support.pages import broken_rules, examples
from support.rules_index import checks_by_rule

of_each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def test_rules_and_pages_match() -> None:
    assert {path.name for path in PAGES.iterdir()} == {f"{rule.name}.md" for rule in RULES}


def test_codes_and_names_are_told_apart() -> None:
    assert len({word.lower() for rule in RULES for word in (rule.code, rule.name)}) == 2 * len(
        RULES
    )
    assert all(find_rule(w.upper()) is rule for rule in RULES for w in (rule.code, rule.name))


@of_each_rule
def test_page_has_its_parts(rule: Rule) -> None:
    page = read_page(rule)
    assert re.findall(r"^##+ .*$", page, re.MULTILINE) == [
        "## Why it matters",
        "## Wrong",
        "## Right",
    ]
    assert not page.startswith("#")
    _, wrong, right = re.split(r"^## (?:Wrong|Right)$", page, flags=re.MULTILINE)
    assert "```cos wrong" in wrong
    assert "```cos right" in right
    assert "```cos" not in wrong.replace("```cos wrong", "").replace("```cos before", "")
    assert all(len(line) <= 120 for line in page.splitlines())


@of_each_rule
def test_wrong_example_breaks_the_rule(rule: Rule) -> None:
    for example in examples(rule, "wrong"):
        if "shown" not in example.words:
            assert broken_rules(rule, example) == {rule.name}


@of_each_rule
def test_right_example_breaks_no_rule(rule: Rule) -> None:
    for example in examples(rule, "right"):
        assert broken_rules(rule, example) == set()


@of_each_rule
def test_rule_is_checked_somewhere(rule: Rule) -> None:
    assert checks_by_rule()[rule]


def test_index_is_made_from_the_code() -> None:
    """Where each rule is checked and shown; `python -m support.rules_index` in tests/ writes it."""
    assert rules_index.PAGE.read_text(encoding="utf-8") == rules_index.render()

"""Every rule of the language has a case that shows it."""

import re
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
_DATA = tomllib.loads((TESTS / "language_rules.toml").read_text(encoding="utf-8"))
RULES = {
    f"{family}: {rule}": shown for family, rules in _DATA.items() for rule, shown in rules.items()
}


@pytest.mark.parametrize("rule", RULES)
def test_a_case_shows_it(rule: str) -> None:
    name, pattern = RULES[rule]
    folder, expected = ("cases", ".expected") if "/" in name else ("formats", ".formatted")
    case = TESTS / folder / f"{name}.cfg"
    assert re.search(pattern, case.read_bytes().decode())
    assert case.with_suffix(expected).exists()

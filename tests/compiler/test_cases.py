"""Every script under tests/cases gives the findings and the plan that stand beside it."""

from pathlib import Path

import pytest
from support.cases import CASES, all_cases, check


@pytest.mark.parametrize("path", all_cases(), ids=lambda p: str(p.relative_to(CASES)))
def test_case(path: Path) -> None:
    check(path)


def test_every_expectation_has_its_script() -> None:
    scripts = {path.with_suffix("") for path in CASES.glob("*/*.cfg")}
    assert {path.with_suffix("") for path in CASES.glob("*/*.expected")} == scripts

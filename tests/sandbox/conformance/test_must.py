"""must.toml is true: its tests are there and are run, and docs/sandbox.md has it as a table."""

import re
import subprocess
import sys

import pytest
from support.command import REPOSITORY
from support.sandbox_page import PAGE, TESTS, Must, musts, render

MUSTS = musts()


def test_table_is_up_to_date() -> None:
    """`python -m support.sandbox_page`, in tests, writes it."""
    page = PAGE.read_text(encoding="utf-8")
    assert render(page) == page


@pytest.mark.parametrize("must", MUSTS, ids=lambda must: f"{must.section} {must.says[:40]}")
def test_row_is_held_or_says_why_not(must: Must) -> None:
    assert bool(must.held_by) != bool(must.not_here)
    assert must.says.endswith(".")
    assert re.match(r"\d", must.section)


def test_rows_are_in_order() -> None:
    """By section, the other RFCs behind; none twice."""
    keys = [[int(n) for n in re.findall(r"\d+", must.section.split(" to ")[0])] for must in MUSTS]
    assert [key[:3] for key in keys] == sorted(key[:3] for key in keys)
    assert len({(must.section, must.says) for must in MUSTS}) == len(MUSTS)


def test_every_test_that_is_named_is_run() -> None:
    named = {test for must in MUSTS for test in must.held_by}
    files = sorted({test.partition("::")[0] for test in named})
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", *files],
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    prefix = f"{TESTS.relative_to(REPOSITORY)}/"
    collected = {line.partition("[")[0].removeprefix(prefix) for line in listed.splitlines()}
    assert named <= collected, named - collected


def test_every_conformance_test_is_named() -> None:
    """What is tested here is a row of the table, so that the table is all of it."""
    here = TESTS / "conformance"
    named = {test for must in MUSTS for test in must.held_by}
    written = {
        f"conformance/{path.name}::{name}"
        for path in here.glob("test_*.py")
        if path.name != "test_must.py"
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert written <= named, written - named

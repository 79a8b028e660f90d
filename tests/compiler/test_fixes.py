"""Safe fixes in files: a script, beside it what `--fix` makes of it.

With CSC_REGENERATE=1 in the environment the files are written in place of being compared.
"""

import os
from pathlib import Path

import pytest
from csc.compiler.compile import compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.diagnostics import Applicability, Diagnostic
from csc.compiler.fix import apply_fixes
from csc.compiler.machine import Circumstances
from csc.grammar.parser import parse
from support.cases import ISSUED

FIXES = Path(__file__).parent.parent / "fixes"


def findings(text: str) -> tuple[Diagnostic, ...]:
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: f"sha256:{name}")
    return compile_scripts([parse(text)], circumstances).diagnostics


def fixed(text: str) -> str:
    """The script after all safe fixes, those included that come to light on the way."""
    for _ in range(10):
        fixes = [d.fix for d in findings(text) if d.fix]
        text, applied = apply_fixes(
            text, [f for f in fixes if f.applicability is Applicability.SAFE]
        )
        if not applied:
            return text
    raise AssertionError("the fixes do not come to an end")


@pytest.mark.parametrize("path", sorted(FIXES.glob("*.cfg")), ids=lambda path: path.stem)
def test_fixed(path: Path) -> None:
    text = path.read_bytes().decode()
    actual = fixed(text)
    expected = path.with_suffix(".fixed")
    if os.environ.get("CSC_REGENERATE"):
        expected.write_bytes(actual.encode())
    assert expected.read_bytes().decode() == actual
    assert {d.rule for d in findings(actual)} <= {d.rule for d in findings(text)}

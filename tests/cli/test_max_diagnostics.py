"""How many findings are shown at once."""

import json

from csc.cli.exits import USAGE
from csc.cli.findings import first
from csc.compiler import rules
from csc.compiler.diagnostics import finding
from csc.grammar.ast import Span
from hypothesis import given
from hypothesis import strategies as st
from support.command import Csc

MANY = "".join(f"add Gadget{n}x w Size=1\n" for n in range(250))


@given(st.lists(st.sampled_from(rules.RULES), max_size=20), st.integers(0, 25))
def test_the_first_errors_stay(found_rules: list[object], most: int) -> None:
    found = [finding(r, "x", Span("a.cfg", n, 1, 1)) for n, r in enumerate(found_rules, 1)]
    shown = first(found, most)
    assert len(shown) == (min(most, len(found)) if most else len(found))
    assert list(shown) == [d for d in found if d in shown]
    hidden = [d for d in found if d not in shown]
    if any(d.severity == "error" for d in hidden):
        assert all(d.severity == "error" for d in shown)


def test_text_is_cut_and_the_rest_counted(csc: Csc) -> None:
    csc.write("a.cfg", MANY + "add Address IPAddress a Address=1.2.3.999\nactivate\n")
    for command in ("validate", "plan", "apply"):
        result = csc(command, "a.cfg")
        assert result.returncode == 1
        assert result.stderr.count("[CSC") == 200
        assert "error[CSC203" in result.stderr  # stands behind all others
        assert (
            "52 more findings are not shown: 51 CSC201 unknown-type, 1 CSC313 uncommitted-changes\n"
            "  = help: `csc validate --max-diagnostics 0` shows all" in result.stderr
        )
    assert csc("validate", "a.cfg").stdout == "1 script checked: 1 error, 251 warnings\n"
    result = csc("validate", "--max-diagnostics", 0, "a.cfg")
    assert result.stderr.count("[CSC") == 252
    assert "not shown" not in result.stderr
    result = csc("validate", "--max-diagnostics", 1, "a.cfg")
    assert result.stderr.count("[CSC") == 1
    assert "251 more findings" in result.stderr


def test_quietly_only_errors_count(csc: Csc) -> None:
    csc.write("a.cfg", MANY + "add Address IPAddress a Address=1.2.3.999\nactivate\n")
    assert "not shown" not in csc("-q", "validate", "a.cfg").stderr


def test_documents_are_whole_unless_asked_otherwise(csc: Csc) -> None:
    csc.write("a.cfg", MANY + "activate\ncommit\n")
    document = csc.ok("validate", "--format", "json", "a.cfg")
    assert len(json.loads(document)["diagnostics"]) == 250
    result = csc("validate", "--format", "json", "--max-diagnostics", 10, "a.cfg")
    assert len(json.loads(result.stdout)["diagnostics"]) == 10
    assert "240 more findings are not shown: 240 CSC201 unknown-type" in result.stderr
    assert csc("validate", "--max-diagnostics", -1, "a.cfg").returncode == USAGE

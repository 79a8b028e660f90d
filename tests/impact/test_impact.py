"""What hangs on an object: `NAME.cfg` asks with `#: look …`, `NAME.expected` holds the answers.

The configuration is the one that the script leaves, carried out on 2026-12-01 (see support.cases).
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from csc.cli.views import impact_text
from csc.compiler.address import ROOT
from csc.compiler.compile import compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.impact import Link, find, impact_of, suggest
from csc.compiler.machine import Circumstances
from csc.compiler.schema.catalog import BUILT_IN
from csc.grammar.parser import parse
from csc.runtime.expiry import ends_of
from hypothesis import given
from strategies import scripts
from support.cases import ISSUED, carried_out, compile_case

HERE = Path(__file__).parent


def answers(path: Path) -> str:
    prediction = compile_case(path).prediction
    assert prediction is not None
    state = carried_out(prediction)
    ends = ends_of(state.candidate, state.certificates, lambda content: None)
    out = []
    now = ISSUED
    for line in path.read_text().splitlines():
        words = line.split()
        if words[:2] == ["#:", "now"]:
            now = datetime.fromisoformat(words[2]).replace(tzinfo=UTC)
        if words[:2] != ["#:", "look"]:
            continue
        out.append(f"? {' '.join(words[2:])}")
        found = find(words[2:], state.candidate, BUILT_IN)
        if len(found) == 1:
            impact = impact_of(found[0], state.candidate, BUILT_IN, ends)
            out.append(click.unstyle(impact_text.render(impact, now)))
        elif found:
            out.append(f"one of {', '.join(map(str, found))}")
        else:
            out.append(f"perhaps {suggest(words[2:], state.candidate)}")
        out.append("")
    return "\n".join(out)


@pytest.mark.parametrize("path", sorted(HERE.glob("*.cfg")), ids=lambda p: p.stem)
def test_impact(path: Path) -> None:
    expected = path.with_suffix(".expected")
    actual = answers(path)
    if os.environ.get("CSC_REGENERATE"):
        expected.write_text(actual, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == actual


def test_every_expectation_has_its_script() -> None:
    assert {p.stem for p in HERE.glob("*.expected")} == {p.stem for p in HERE.glob("*.cfg")}


@given(scripts())
def test_what_dangles_is_what_compiling_finds(script: str) -> None:
    """Deleting an object is an error exactly if impact names a reference that only a script can satisfy."""
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: None, "sandbox:root")
    prediction = compile_scripts([parse(script)], circumstances).prediction
    assert prediction is not None
    base = carried_out(prediction)
    for address in base.candidate:
        if len(address.segments) != 1 or not address.name or address.name.isdecimal():
            continue
        impact = impact_of(address, base.candidate, BUILT_IN, {})
        firm = [link for link in impact.dangling if not link.is_open]
        delete = f"delete {address.type} {address.name}\nactivate\n"
        after = Circumstances(base, ISSUED, lambda name: None)
        codes = [d.rule.code for d in compile_scripts([parse(delete)], after).diagnostics]
        assert codes.count("CSC206") + codes.count("CSC220") == len(
            {(link.user, link.property) for link in firm}
        )


def test_a_circle_comes_to_an_end() -> None:
    """No script can make one, but a device may hold one."""
    a, b, c = (ROOT.child("IP4Group", name) for name in "abc")
    circle = {a: {"Members": "b"}, b: {"Members": "c"}, c: {"Members": "a,c"}}
    impact = impact_of(a, circle, BUILT_IN, {})
    assert {link.user for link in impact.reached_by} == {a, b, c}
    assert [link.user for link in impact.dangling] == [c]
    assert "see above" in impact_text.render(impact, ISSUED)


def test_a_long_chain(tmp_path: Path) -> None:
    """References as deep as a script is long."""
    depth = 3000
    lines = [f"add IP4Group g{n} Members=g{n + 1}" for n in range(depth)]
    lines.append(f"add IP4Group g{depth} Members=all-nets-ip4")
    path = tmp_path / "chain.cfg"
    path.write_text("\n".join((f"#: look g{depth}", *lines, "activate", "commit")) + "\n")
    assert len(answers(path).splitlines()) > depth


def test_nothing_is_named_twice() -> None:
    """A property that names the same object twice is one link."""
    script = "add IPAddress a Address=10.0.0.1\nadd IP4Group g Members=a,a\nactivate\ncommit\n"
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: None)
    prediction = compile_scripts([parse(script)], circumstances).prediction
    assert prediction is not None
    (address,) = find(["a"], prediction.candidate, BUILT_IN)
    (group,) = find(["g"], prediction.candidate, BUILT_IN)
    impact = impact_of(address, prediction.candidate, BUILT_IN, {})
    assert impact.reached_by == (Link(group, "Members", "a", address, True),)

"""`csc show plan.json`: any saved plan, whatever has become of it; and what is read from a plan file."""

import copy
import json
from pathlib import Path

import pytest
from click import unstyle
from csc.cli.exits import Failure
from csc.cli.planfile import SavedPlan
from csc.cli.planning import Request
from csc.cli.shown_plan import FORMATS, render
from csc.cli.variables import Variables
from csc.cli.views import plan_markdown, plan_text
from csc.compiler.plan_reading import plan_from_json
from csc.compiler.policy import Policy
from csc.compiler.serialize import plan_to_json
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import all_cases, compile_case
from support.command import SAMPLES, Csc

REQUEST = Request(("a.cfg",), (), "default", True, False, (), Variables(), Policy())
SECRET = "correct-horse"


@pytest.mark.parametrize("path", all_cases(), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_plan_read_again_looks_the_same(path: Path) -> None:
    plan = compile_case(path).plan
    if plan is None:
        return
    document = json.loads(json.dumps(plan_to_json(plan)))
    again = plan_from_json(document)
    assert plan_text.render(again) == plan_text.render(plan)
    limit = plan_markdown.MAX_LENGTH
    assert plan_markdown.render(again, (), limit) == plan_markdown.render(plan, (), limit)


def plans() -> list[object]:
    found = []
    for path in all_cases():
        if path.parent.name in ("scope", "lifecycle", "secrets", "extensions"):
            plan = compile_case(path).plan
            found += [plan_to_json(plan)] if plan else []
    return found


PLANS = plans()
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text("s1/:\x1b\u202e[", max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


@settings(deadline=None)
@given(st.data())
def test_an_altered_plan_does_no_harm(data: st.DataObject) -> None:
    """It is shown or refused, and never drives the terminal."""
    document = copy.deepcopy(data.draw(st.sampled_from(PLANS)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = document
        while isinstance(place, dict | list) and place:
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(place[key], dict | list) or data.draw(st.integers(0, 4)) == 0:
                place[key] = data.draw(JUNK)
                break
            place = place[key]
    for form in FORMATS:
        try:
            text = render("p.json", SavedPlan(REQUEST, (), document, True), form)
        except Failure:
            continue
        assert all(c.isprintable() for c in unstyle(text).replace("\n", ""))


def test_every_state_of_a_plan(csc: Csc) -> None:
    csc.write("a.cfg", "add Address IPAddress lan Address=10.0.0.0/8\nactivate\ncommit\n")
    planned = csc.ok("plan", "--out", "p.json", "a.cfg")

    def shown(*options: str) -> tuple[str, str]:
        result = csc("show", "p.json", *options)
        assert result.returncode == 0, result.stderr
        return result.stdout, result.stderr

    assert shown() == (planned, "This plan is current: csc apply carries it out.\n")
    document = json.loads(shown("--json")[0])
    assert document == json.loads((csc.folder / "p.json").read_text())["plan"]
    assert shown("--format", "json")[0] == shown("--json")[0]
    assert shown("--format", "markdown")[0].startswith("**Plan: 1 to add")
    csc.ok("apply", "--yes", "p.json")
    stale = "This plan is stale: the device's state has changed since it was planned.\n"
    assert shown() == (planned, stale)
    csc.write("a.cfg", "nonsense\n")
    assert shown() == (
        planned,
        "This plan is stale: its scripts have errors now, `csc validate` tells which.\n",
    )
    (csc.folder / "a.cfg").unlink()
    assert "stale: a.cfg cannot be read" in shown()[1]
    saved = (csc.folder / "p.json").read_text()
    csc.write("p.json", saved.replace("IPAddress/lan", "IPAddress/wan"))
    text, told = shown()
    assert "add IPAddress wan" in text
    assert told == "This plan was altered after it was saved: csc apply refuses it.\n"
    csc.write("p.json", "{}")
    assert csc("show", "p.json").returncode == 1
    for wrong in (("p.json", "--version", "1"), ("p.json", "--report"), ("--format", "text")):
        assert csc("show", *wrong).returncode == 64


OLD = f"""\
add User ann Password={SECRET}
add User eve Password={SECRET} Comments=guest
add PSK office Type=ASCII PSKAscii={SECRET}
add Address IPAddress lan Address=10.0.0.0/8
cc RoutingTable main
add Route Interface=if1 Network=lan
cc
activate
commit
"""
NEW = f"""\
set User ann Password={SECRET}2 Comments=x
delete User eve
delete PSK office
set Address IPAddress lan Address=10.1.0.0/16
add Widget w1 AdminPassword={SECRET}
cc RoutingTable main
add Route Interface=if2 Network=lan Index=1
cc
activate
commit
"""


def test_nothing_secret_and_always_the_same_bytes(csc: Csc) -> None:
    """Every form of a plan, with every kind of change, whatever order sets have."""
    csc.write("old.cfg", OLD)
    csc.write("new.cfg", NEW + (SAMPLES / "gateway.cfg").read_text().replace("my_secret", SECRET))
    csc.ok("apply", "--yes", "old.cfg")
    outputs: list[list[str]] = []
    for seed in ("0", "1"):
        csc.environment["PYTHONHASHSEED"] = seed
        printed = []
        for options in (
            (),
            ("--json",),
            ("--format", "markdown"),
            ("--undo",),
            ("--only", "main", "--only", "cmp/*"),
            ("--skip", "lan", "--skip", "cmp/clcert", "--json"),
        ):
            result = csc("plan", "--sandbox", *options, "new.cfg")
            assert result.returncode == 0, result.stderr
            printed += [result.stdout, result.stderr]
        csc.ok("plan", "--sandbox", "--out", "p.json", "--skip", "cmp", "new.cfg")
        printed.append((csc.folder / "p.json").read_text())
        printed += [csc.ok("show", "p.json"), csc.ok("show", "p.json", "--format", "markdown")]
        outputs.append(printed)
    assert outputs[0] == outputs[1]
    assert SECRET not in "".join(outputs[0])
    text = outputs[0][0]
    assert "        Password  (secret) -> (secret)\n" in text
    assert "        Address  10.0.0.0/8 -> 10.1.0.0/16\n" in text
    assert "        Comments  guest\n        Password  (secret)\n" in text
    assert "\nPlan: 6 to add, 4 to change, 2 to delete, " in text


def test_undone_from_the_command_line(csc: Csc) -> None:
    """The printed script is applied as it is: the configuration is as before, secrets included."""
    csc.write("old.cfg", OLD)
    csc.write("new.cfg", NEW)
    csc.ok("apply", "--yes", "old.cfg")
    before = json.loads(csc.ok("show", "--json"))["configuration"]
    csc.write("undo.cfg", csc.ok("plan", "--undo", "new.cfg").replace("# Not", "# not"))
    csc.ok("apply", "--yes", "new.cfg")
    csc.ok("apply", "--yes", "undo.cfg")
    after = json.loads(csc.ok("show", "--json"))["configuration"]
    widget = [item for item in after if item["path"].startswith("/Widget")]
    assert sorted((i for i in after if i not in widget), key=str) == sorted(before, key=str)


def test_an_enrolment_is_undone_by_a_revocation(csc: Csc) -> None:
    gateway = SAMPLES / "gateway.cfg"
    undo = csc.ok("plan", "--sandbox", "--undo", gateway)
    assert "\ncertmgr -clientcert=cmp/clcert -revoke\n" in undo
    csc.write("undo.cfg", undo)
    csc.ok("apply", "--sandbox", "--yes", gateway)
    csc.ok("apply", "--sandbox", "--yes", "undo.cfg")
    assert "clcert" not in csc.ok("show")
    csc.ok("apply", "--sandbox", "--yes", gateway)
    again = csc.ok("plan", "--sandbox", "--undo", SAMPLES / "revoke.cfg")
    assert "is revoked for good" in again


def test_undo_in_json_is_what_is_printed(csc: Csc) -> None:
    csc.write("old.cfg", OLD)
    document = json.loads(csc.ok("plan", "--json", "old.cfg"))
    commands = [line for line in csc.ok("plan", "--undo", "old.cfg").splitlines() if line[0] != "#"]
    assert document["undo"]["commands"] == commands
    assert document["undo"]["lasting"] == []
    assert csc("plan", "--undo", "--json", "old.cfg").returncode == 64

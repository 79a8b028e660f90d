"""The documents for machines are what docs/schemas says of them, and no more."""

import json
from pathlib import Path

import pytest
from csc.cli.findings import render
from csc.compiler.serialize import plan_to_json
from jsonschema import Draft202012Validator
from support.cases import all_cases, compile_case
from support.command import SAMPLES, Csc
from support.schemas import SCHEMAS, check, validator

PLAN = validator("plan")
DIAGNOSTICS = validator("diagnostics")
REPLAY = validator("replay")


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda p: p.name)
def test_schemas_are_schemas(path: Path) -> None:
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    for name, definition in schema["$defs"].items():
        assert f'"#/$defs/{name}"' in path.read_text()
        assert "description" in definition or definition["type"] in ("object", "string")


@pytest.mark.parametrize("path", all_cases(), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_cases(path: Path) -> None:
    compilation = compile_case(path)
    check(DIAGNOSTICS, json.loads(render("json", compilation.diagnostics, {})))
    if compilation.plan is not None:
        document = plan_to_json(compilation.plan)
        check(PLAN, json.loads(json.dumps(document)))
        before: set[str] = set()
        for step in document["steps"]:
            assert before.issuperset(step["depends_on"])
            before.add(step["id"])


def test_every_kind_of_step_is_in_a_case() -> None:
    plans = [compilation.plan for compilation in map(compile_case, all_cases())]
    kinds = {step["kind"] for plan in plans if plan for step in plan_to_json(plan)["steps"]}
    assert kinds == {
        *("add", "change", "delete", "initiate", "update", "revoke", "activate", "commit")
    }


def test_the_command_prints_them(csc: Csc) -> None:
    """From an empty device, and on one with a certificate in force; what a saved plan holds, too."""
    csc.write("secrets.cfg", "add User ann Password=x\nset User ann Password=y\n")
    for scripts in (["gateway.cfg"], ["update.cfg"], ["revoke.cfg"]):
        paths = [SAMPLES / name for name in scripts]
        check(DIAGNOSTICS, json.loads(csc.ok("validate", "--sandbox", "--format", "json", *paths)))
        check(PLAN, json.loads(csc.ok("plan", "--sandbox", "--json", *paths)))
        csc.ok("plan", "--sandbox", "--out", "plan.json", *paths)
        check(PLAN, json.loads((csc.folder / "plan.json").read_text())["plan"])
        csc.ok("apply", "--sandbox", "--yes", *paths)
    check(PLAN, json.loads(csc.ok("plan", "--json", "secrets.cfg")))


def test_a_replay_is_what_its_schema_says(csc: Csc) -> None:
    """Of a run with a refusal, an answer that never came, and lines that cannot be read."""
    apply = ("apply", "--yes", "--record", "run.jsonl")
    csc.ok(*apply, "--sandbox", SAMPLES / "gateway.cfg")
    csc.ok(*apply, "--sandbox", SAMPLES / "update.cfg")
    record = csc.folder / "run.jsonl"
    whole = record.read_bytes()
    lines = whole.splitlines(keepends=True)
    failure = {**json.loads(lines[2]), "type": "failure", "error": "TimedOut", "text": "late"}
    spoilt = {**json.loads(lines[3]), "der": "AAAA"}
    more = b"".join(json.dumps(line).encode() + b"\n" for line in (failure, spoilt))
    record.write_bytes(whole + more + b"{}\n" + lines[2][:50])
    result = csc("replay", "run.jsonl", "--json")
    assert result.returncode == 1
    document = json.loads(result.stdout)
    check(REPLAY, document)
    assert document["runs"][1]["damaged"] == [{"line": 15, "why": "it is no line of a record"}]
    assert document["runs"][1]["cut_off_in_line"] == 16
    events = [event for t in document["transactions"] for event in t["events"]]
    assert [e["event"] for e in events].count("failure") == 1
    assert [e for e in events if e["event"] != "failure" and e["message"] is None]


def test_a_plan_of_another_shape_is_none() -> None:
    document = {"schema": "csc/plan/1", "script": "", "inputs": "", "base": "", "steps": [{}]}
    assert len(list(PLAN.iter_errors(document))) > 4

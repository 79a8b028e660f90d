"""`csc apply`: what it says of operations it does not touch, and how its events end whatever happens."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from csc.compiler.address import ROOT
from csc.runtime.state import journal
from csc.runtime.state.errors import StateError
from csc.runtime.state.location import Location, in_file
from csc.runtime.state.opening import open_store
from csc.runtime.state.store import Store
from support.inside import run
from support.schemas import check, validator

APPLY = validator("apply")
LAN = "add IPAddress lan Address=10.0.0.0/8\n"
FINISH = "activate\ncommit\n"

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def location(tmp_path: Path) -> Location:
    return in_file(tmp_path / "state.db")


def apply(location: Location, text: str, *options: str) -> int:
    script = location.folder / "script.cfg"
    script.write_text(text)
    return run("--state", location.url, "apply", "--yes", *options, script)


def events(capsys: Capture) -> tuple[list[dict[str, Any]], str]:
    printed = capsys.readouterr()
    found = [json.loads(line) for line in printed.out.splitlines()]
    for event in found:
        check(APPLY, event)
    return found, printed.err


def test_open_operations_that_the_plan_does_not_touch(location: Location, capsys: Capture) -> None:
    assert apply(location, LAN + FINISH) == 0
    assert "left open" not in capsys.readouterr().err
    with closing(open_store(location)) as store:
        journal.begin(
            store,
            device="default",
            path=ROOT.child("CertificateStore", "cmp").child("Certificate", "gw").path,
            operation="initiate",
            intent="",
            transaction_id=b"1",
            key=None,
            request=b"",
            at=datetime.now(UTC),
        )
    # With something to do, and with nothing to do.
    for text in (f"set IPAddress lan Address=10.1.0.0/16\n{FINISH}", ""):
        assert apply(location, text, "--json") == 0
        (first, second, *_, last), said = events(capsys)
        assert (first["event"], last["event"]) == ("run-started", "summary")
        assert second["event"] == "open-operations"
        (told,) = second["operations"]
        assert (told["name"], told["operation"]) == ("cmp/gw", "initiate")
        assert "csc resume" in second["help"]
        (line,) = said.splitlines()
        assert line.startswith("warning: left open by an earlier run")
        assert "initiate of cmp/gw; `csc resume` goes on with it" in line


@pytest.mark.parametrize(
    ("what", "done", "not_kept"),
    [
        ("end_run", ["s1", "s2", "s3", "s4"], ["s4"]),
        ("ensure_device", [], []),
    ],
)
def test_the_last_event_is_the_summary_when_the_state_fails(
    what: str,
    done: list[str],
    not_kept: list[str],
    location: Location,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> None:
        raise StateError("the disk is full", "make room")

    # The end of the run, and its beginning.
    monkeypatch.setattr(Store, what, fails)
    text = LAN + FINISH + "add IPAddress dmz Address=10.1.0.1\n"
    assert apply(location, text, "--json") == 1
    found, said = events(capsys)
    assert [event["event"] for event in found].count("summary") == 1
    summary = found[-1]
    assert summary["event"] == "summary"
    assert summary["status"] == "failed"
    assert summary["error"] == {
        "error": "StateError",
        "message": "the disk is full",
        "help": "make room",
    }
    assert summary["done"] == done
    assert summary["not_kept"] == not_kept
    assert len(summary["done"]) + len(summary["not_tried"]) == 4
    assert "the disk is full" in said

"""Ctrl-C and SIGTERM, and --json, on a real process."""

import json
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command import SAMPLES, Csc, database
from support.inside import Inside
from support.schemas import check, validator
from support.slow_ca import slow_ca

APPLY = validator("apply")


@contextmanager
def started(csc: Csc, *arguments: object) -> Generator[subprocess.Popen[str]]:
    """A csc that takes Ctrl-C, whatever pytest was started from: a shell's background jobs ignore it."""
    take = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = csc.command(*arguments)
    command[2] = take + command[2]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=csc.folder,
        env=csc.variables(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def journal(csc: Csc) -> list[str]:
    with database(csc.folder / ".csc" / "state.db") as state:
        return [row[0] for row in state.execute("SELECT phase FROM journal ORDER BY id")]


def outcome(csc: Csc) -> str:
    """How the audit log says that the last run ended."""
    (last, *_) = json.loads(Inside(csc.folder).ok("log", "--json"))["runs"]
    return last["outcome"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_drains(csc: Csc, tmp_path: Path, number: signal.Signals) -> None:
    """What is under way comes to its end; nothing else begins; the next apply goes on."""
    with slow_ca(csc, tmp_path / "ca") as slow, started(csc, *slow.apply()) as process:
        assert slow.asked.wait(60)
        process.send_signal(number)
        assert process.stderr is not None
        line = next(line for line in process.stderr if line.startswith("Interrupted"))
        assert "waiting for s5 initiate cmp/clcert at ca.example.com:3076" in line
        slow.answers.set()
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "Done" not in out
        assert "not tried, the run was to end: s6" in err
        assert "planned 4 messages, sent 4" in err
        assert journal(csc) == ["done"]
        assert outcome(csc) == "interrupted"
        result = csc(*slow.apply())
        assert result.returncode == 0, result.stderr
        assert "version 1 is committed" in result.stdout
        assert len(slow.ca.ledger()) == 1


def test_twice_stops_at_once(csc: Csc, tmp_path: Path) -> None:
    """The CA never answers, and the process is gone; the journal has what the next apply needs."""
    with slow_ca(csc, tmp_path / "ca") as slow, started(csc, *slow.apply()) as process:
        assert slow.asked.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert any(line.startswith("Interrupted") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Stopped at once" in err
        assert journal(csc) == ["requested"]
        assert outcome(csc) == "did not end"
        slow.answers.set()
        assert csc(*slow.apply()).returncode == 0
        assert len(slow.ca.ledger()) == 1


def test_a_wait_for_the_ca_ends_at_once(csc: Csc, tmp_path: Path) -> None:
    """The CA says to come back in 500 seconds. The operation stays open, and the next apply polls on."""
    with slow_ca(csc, tmp_path / "ca") as slow:
        slow.answers.set()
        slow.ca.change_behaviour({"polls": 1, "check_after": 500})
        with started(csc, *slow.apply(), "--json") as process:
            assert process.stdout is not None
            assert any("asking again in 500 seconds" in line for line in process.stdout)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
            assert process.returncode == 130, err
            assert "s5 initiate cmp/clcert is left open" in err
            events = [json.loads(line) for line in out.splitlines()]
        assert [e["event"] for e in events] == ["interrupted", "step-left-open", "summary"]
        assert events[0]["waiting_for"] == ["s5"]
        assert events[-1]["status"] == "interrupted"
        assert events[-1]["left_open"] == ["s5"]
        assert events[-1]["not_tried"][0] == {"step": "s6", "waited_for": "s5"}
        assert not events[-1]["failed"]
        assert journal(csc) == ["waiting"]
        assert outcome(csc) == "interrupted"
        result = csc(*slow.apply())
        assert result.returncode == 0, result.stderr
        assert "CMP: planned 4 messages, sent 3, and 1 more" in result.stdout  # no second ir
        assert len(slow.ca.ledger()) == 1


def test_json_is_a_stream_of_events(csc: Csc) -> None:
    """Nothing else is on stdout, and every line is what the schema says; without steps, too."""
    apply = ("apply", "--sandbox", "--yes", "--json", SAMPLES / "gateway.cfg")
    for steps in (8, 0):
        first, *events = map(json.loads, csc.ok(*apply).splitlines())
        for event in (first, *events):
            check(APPLY, event)
        assert (first["schema"], first["steps"]) == ("csc/apply/1", steps)
        assert events[-1]["event"] == "summary"
        assert events[-1]["status"] == "done"
        assert len(events[-1]["done"]) == steps
        passed = [e["type"] for e in events if e["event"] == "message"]
        assert passed == ["ir", "ip", "certConf", "pkiconf"][: first["messages"]]
        assert [event["event"] for event in events].count("step-done") == steps

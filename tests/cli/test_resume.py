"""`csc resume` and `csc plan --crash`, as their users run them."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from csc.runtime.sandbox.ledger.ledger import Status
from support.command import SAMPLES, Csc
from support.inside import Inside
from support.schemas import check, validator
from support.slow_ca import SlowCA, slow_ca


@pytest.fixture
def slow(csc: Csc, tmp_path_factory: pytest.TempPathFactory):
    with slow_ca(csc, tmp_path_factory.mktemp("ca")) as slow:
        yield slow


def killed(csc: Csc, slow: SlowCA) -> None:
    """An apply that is killed while the CA has its request."""
    with subprocess.Popen(
        csc.command(*slow.apply()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=csc.folder,
        env=csc.variables(),
    ) as process:
        assert slow.asked.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
    slow.answers.set()


def seen(csc: Csc, *arguments: object) -> dict:
    document = json.loads(csc.ok(*arguments))
    check(validator("resume"), document)
    return document


def logged(csc: Csc) -> list[dict]:
    """The runs that the audit log has, newest first; it is whole."""
    inside = Inside(csc.folder)
    assert "is whole" in inside.ok("log", "--verify")
    return json.loads(inside.ok("log", "--json"))["runs"]


def test_finished_without_the_script_and_bound_by_it(csc: Csc, slow: SlowCA) -> None:
    """The script asks for nothing again: the certificate that was resumed is the one it binds."""
    killed(csc, slow)
    (listed,) = seen(csc, "resume", "--list", "--json")["left_open"]
    assert (listed["name"], listed["operation"], listed["phase"]) == (
        "cmp/clcert",
        "initiate",
        "requested",
    )
    assert listed["resumable"]
    assert [run["outcome"] for run in logged(csc)] == ["did not end"]
    shown = csc.ok("resume", "--list")
    assert "initiate of cmp/clcert since 20" in shown
    assert "byte for byte" in shown
    route = slow.apply()[:2]
    done = seen(csc, *route, "resume", "--json", "--log-file", "resume.log")
    assert [each["end"] for each in done["resumed"]] == ["done"]
    assert done["left_open"] == []
    run, _ = logged(csc)
    assert (run["command"], run["outcome"]) == ("resume", "done")
    assert [e["event"] for e in run["entries"]] == ["run-started", "enrolled", "run-ended"]
    lines = [json.loads(line) for line in (csc.folder / "resume.log").read_text().splitlines()]
    sent = [line for line in lines if line["event"] == "exchange"]
    assert [(line["step"], line["request"]) for line in sent] == [("s1", "ir"), ("s1", "certConf")]
    assert [each["name"] for each in done["unbound"]] == ["cmp/clcert"]
    assert "obtained (serial" in csc.ok("resume")
    csc.ok(*slow.apply())
    assert [entry.status for entry in slow.ca.ledger()] == [Status.CONFIRMED]
    assert "clcert" in csc.ok("show")
    assert csc.ok("resume") == "Nothing is open on device default.\n"


def test_given_up(csc: Csc, slow: SlowCA) -> None:
    killed(csc, slow)
    slip = csc("resume", "--give-up", "cmp/slip")
    assert slip.returncode == 64
    assert "nothing is open for cmp/slip" in slip.stderr
    unreachable = csc("resume", "--yes")
    assert unreachable.returncode == 1
    assert "still open" in unreachable.stdout
    (failed, _) = logged(csc)
    assert (failed["command"], failed["outcome"]) == ("resume", "failed")
    assert [e["event"] for e in failed["entries"]] == ["run-started", "step-failed", "run-ended"]
    route = slow.apply()[:2]
    assert "given up" in csc.ok(*route, "resume", "--give-up", "cmp/clcert")
    assert [entry.status for entry in slow.ca.ledger()] == [Status.REJECTED]
    (given_up, *_) = logged(csc)
    assert given_up["entries"][0]["details"]["options"] == {"give-up": "cmp/clcert"}
    assert [e["event"] for e in given_up["entries"]] == ["run-started", "given-up", "run-ended"]
    assert given_up["entries"][-1]["details"]["counts"] == {"initiate given up": 1}
    assert csc.ok("resume", "--list") == "Nothing is open on device default.\n"


def test_nothing_is_made_where_nothing_is(csc: Csc, tmp_path: Path) -> None:
    assert csc.ok("resume") == "Nothing is open on device default.\n"
    assert csc("resume", "--list", "--give-up").returncode == 64
    assert list(tmp_path.iterdir()) == []


def test_crash_of_a_plan(csc: Csc) -> None:
    script = csc.write("gateway.cfg", (SAMPLES / "gateway.cfg").read_text())
    document = json.loads(csc.ok("plan", "--sandbox", "--crash", "--json", script))
    check(validator("crash"), document)
    (step,) = document["steps"]
    assert [point["phase"] for point in step["points"]] == [
        "nothing",
        "requested",
        "waiting",
        "received",
        "confirmed",
        "done",
        "bound",
    ]
    shown = csc.ok("plan", "--sandbox", "--crash", script)
    for point in step["points"]:
        assert f"dies in {point['phase']}" in shown
        assert f"resuming: {point['will']}: {point['why']}" in shown
    assert csc("plan", "--crash", "--undo", script).returncode == 64

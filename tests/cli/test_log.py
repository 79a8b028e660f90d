"""`csc log`, the log file and the spans of whole runs; and that no secret is in any of them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from csc.runtime.state.errors import StateError
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from peers.collector import attributes, collecting
from support.command import SAMPLES, Csc, database
from support.inside import Inside
from support.schemas import check, validator
from support.slow_ca import slow_ca

GATEWAY = SAMPLES / "gateway.cfg"
PASSWORD = "correct-horse-battery-staple"
LAN = "add IPAddress lan Address=10.0.0.0/8\nactivate\ncommit\n"
LOG, VERIFICATION = validator("log"), validator("log-verification")


@pytest.fixture
def csc(tmp_path: Path) -> Csc:
    return Inside(tmp_path)


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the gateway was applied with the sandbox."""
    folder = tmp_path_factory.mktemp("applied")
    Inside(folder).ok("apply", "--sandbox", "--yes", GATEWAY)
    return folder


@pytest.fixture
def gateway(applied: Path, csc: Csc) -> Csc:
    """A folder of its own that is as that one."""
    shutil.copytree(applied, csc.folder, dirs_exist_ok=True)
    return csc


def runs(csc: Csc, *arguments: object) -> list[dict[str, Any]]:
    document = json.loads(csc.ok("log", "--json", *arguments))
    check(LOG, document)
    return document["runs"]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def events(run: dict[str, Any]) -> list[str]:
    return [entry["event"] for entry in run["entries"]]


def test_runs_of_a_device(gateway: Csc) -> None:
    """Done, and one that wrote no end; filtered, in 80 columns, by event."""
    csc = gateway
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "update.cfg")
    refused = ("--connect-to", "::127.0.0.1:1", "apply", "--yes", csc.write("up.cfg", update()))
    assert csc(*refused).returncode == 1
    with database(csc.folder / ".csc" / "state.db") as connection:
        connection.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
        last = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"
        ((seq, digest),) = connection.execute(last)
        connection.execute("UPDATE audit_head SET seq = ?, hash = ?", (seq, digest))
    killed, second, first = runs(csc)
    assert [run["outcome"] for run in (killed, second, first)] == ["did not end", "done", "done"]
    assert first["scripts"] == [str(GATEWAY)]
    assert events(first) == ["run-started", "enrolled", "activated", "committed", "run-ended"]
    assert events(second)[1] == "updated"
    assert events(killed)[-1] == "step-failed"
    assert killed["entries"][-1]["details"]["error"] == "ConnectFailed"
    text = csc.ok("log")
    assert max(map(len, text.splitlines())) <= 80
    assert "did not end" in text
    assert "enrolled: cmp/clcert serial " in csc.ok("log", "--run", first["run"][:6])
    assert len(runs(csc, "--limit", 1)) == 1
    assert runs(csc, "--until", "2026-01-01") == []
    assert len(runs(csc, "--since", "2026-01-01T00:00")) == 3
    assert csc("log", "--run", "none").returncode == 1


def update() -> str:
    return (SAMPLES / "update.cfg").read_text()


def test_verify(csc: Csc) -> None:
    csc.ok("apply", "--yes", csc.write("a.cfg", LAN))
    document = json.loads(csc.ok("log", "--verify", "--json"))
    check(VERIFICATION, document)
    ((_, digest),) = (end.values() for end in document["newest"])
    assert "is whole" in csc.ok("log", "--verify", "--contains", digest)
    assert csc("log", "--verify", "--contains", "0" * 64).returncode == 1
    assert csc("log", "--contains", digest).returncode == 64
    with database(csc.folder / ".csc" / "state.db") as connection:
        connection.execute("UPDATE audit SET who = 'bob@south', details = '{' WHERE seq = 2")
    result = csc("log", "--verify", "--json")
    assert result.returncode == 1
    check(VERIFICATION, json.loads(result.stdout))
    assert "device default, entry 2: it was changed" in csc("log", "--verify").stdout
    damaged = csc("log")
    assert damaged.returncode == 1
    assert "csc log --verify" in damaged.stderr


def test_secrets_are_in_nothing_that_is_told(csc: Csc) -> None:
    """Runs that succeed, one that fails: log, audit log and spans, and what stands in them."""
    script = GATEWAY.read_text().replace("my_secret", PASSWORD)
    csc.write("good.cfg", f"add User ann Password={PASSWORD}\n{script}")
    csc.write("bad.cfg", script.replace(PASSWORD, f"{PASSWORD}-2").replace("clcert", "other"))
    with collecting() as collector:
        csc.environment |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "CSC_LOG_FILE": "run.log",
            "CSC_LOG_LEVEL": "debug",
        }
        apply = ("apply", "--yes", "--sandbox")
        csc.ok(*apply, "good.cfg")
        assert csc("--connect-to", "::127.0.0.1:1", "apply", "--yes", "bad.cfg").returncode == 1
        csc.ok(*apply, "--log-format", "text", "--log-file", "run.txt", SAMPLES / "update.cfg")
    audit = csc.ok("log", "--json") + csc.ok("-v", "log")
    with database(csc.folder / ".csc" / "state.db") as connection:
        audit += "\n".join(connection.iterdump())
    told = b"".join(
        (
            *collector.bodies,
            (csc.folder / "run.log").read_bytes(),
            (csc.folder / "run.txt").read_bytes(),
            audit.encode(),
        )
    )
    for mark in (PASSWORD.encode(), b"PRIVATE KEY", PASSWORD.encode().hex().encode()):
        assert mark not in told
    assert (csc.folder / "run.log").stat().st_mode & 0o777 == 0o600

    log = lines(csc.folder / "run.log")
    first = [line for line in log if line["run"] == log[0]["run"]]
    assert {line["device"] for line in log} == {"default"}
    (sent, confirmed) = (line for line in first if line["event"] == "exchange")
    assert (sent["request"], sent["answer"]) == ("ir", "ip")
    assert sent["transaction"] == confirmed["transaction"]
    assert sent["statuses"][0]["status"] == "accepted"
    assert re.search(
        r"info    run-started run=\w{16} device=default", (csc.folder / "run.txt").read_text()
    )

    # What was told elsewhere witnesses the audit log.
    for line in log:
        if line["event"] == "run-ended":
            csc.ok("log", "--verify", "--contains", line["audit_hash"])
    spans = [s for s in collector.spans() if attributes(s).get("csc.run.id") == log[0]["run"]]
    assert collector.resource()["service.name"] == "csc"
    assert set(collector.paths) == {"/v1/traces"}
    (run,) = spans
    of_run = [s for s in collector.spans() if s.trace_id == run.trace_id]
    (step,) = (s for s in of_run if attributes(s).get("csc.step.operation") == "initiate")
    exchanges = [s for s in of_run if s.kind == Span.SPAN_KIND_CLIENT]
    assert [s.name for s in exchanges] == ["CMP ir", "CMP certConf"]
    assert {s.parent_span_id for s in exchanges} == {step.span_id}
    assert step.parent_span_id == run.span_id
    assert attributes(run)["csc.audit.hash"] == first[-1]["audit_hash"]
    assert attributes(exchanges[0]) == {
        "csc.step.id": attributes(step)["csc.step.id"],
        "server.address": "ca.example.com",
        "server.port": 3076,
        "cmp.transaction_id": sent["transaction"],
        "cmp.request.type": "ir",
        "cmp.request.size": sent["request_size"],
        "cmp.response.type": "ip",
        "cmp.response.size": sent["answer_size"],
        "cmp.status": ["accepted"],
        "cmp.fail_info": [],
    }


def test_every_command_that_changes_something(csc: Csc) -> None:
    """By whom, when, how it ended, and what it did; those that have nothing to do are no runs."""
    for n in (1, 2):
        csc.ok("apply", "--yes", csc.write(f"{n}.cfg", f"{LAN}set IPAddress lan Comments={n}\n"))
    csc.ok("apply", "--yes", csc.write("open.cfg", "add IPAddress dmz Address=10.1.0.0/16\n"))
    for command in (("discard", "--yes"), ("rollback", "1", "--yes"), ("vault", "rekey")):
        csc.ok(*command)
    csc.ok("discard", "--yes")
    assert csc("rollback", "9", "--yes").returncode == 1
    found = runs(csc)[:3]
    assert [(run["command"], run["outcome"]) for run in found] == [
        ("vault rekey", "done"),
        ("rollback", "done"),
        ("discard", "done"),
    ]
    rekey, rollback, discard = found
    assert rekey["device"] is None
    assert events(rekey) == ["run-started", "rekeyed", "run-ended"]
    assert events(rollback) == ["run-started", "committed", "run-ended"]
    assert rollback["entries"][1]["details"]["restores"] == 1
    assert rollback["entries"][0]["details"]["options"] == {"version": 1}
    assert events(discard) == ["run-started", "rolled-back", "run-ended"]
    text = csc.ok("log")
    assert re.search(r"rollback 1 +done, version \d", text)
    assert max(map(len, text.splitlines())) <= 80
    assert "committed: version 3, as version 1 was" in csc.ok("-v", "log")
    assert "is whole" in csc.ok("log", "--verify")


def test_a_run_that_fails(csc: Csc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stops it, its end is written; what it did is undone, and not told of."""
    csc.ok("apply", "--yes", csc.write("1.cfg", LAN))
    csc.ok("apply", "--yes", csc.write("2.cfg", "delete IPAddress lan\nactivate\ncommit\n"))

    def fail(*arguments: object) -> None:
        raise StateError("the disk is full", "make room")

    with monkeypatch.context() as patch:
        patch.setattr("csc.runtime.restoring.audit_events.restored", fail)
        assert csc("rollback", "--yes").returncode == 1
    (run, *_) = runs(csc)
    assert (run["command"], run["outcome"]) == ("rollback", "failed")
    assert events(run) == ["run-started", "run-ended"]
    assert run["entries"][-1]["details"]["error"] == "StateError"
    assert "is whole" in csc.ok("log", "--verify")


def test_a_refusal_is_told_of_as_the_ca_says_it(csc: Csc, tmp_path: Path) -> None:
    with slow_ca(csc, tmp_path / "ca") as slow:
        slow.answers.set()
        slow.ca.change_behaviour({"rejects": "badCertTemplate"})
        assert csc(*slow.apply()).returncode == 1
    (run,) = runs(csc)
    assert run["outcome"] == "failed"
    (refused,) = (entry["details"] for entry in run["entries"] if entry["event"] == "refused")
    assert refused["status"]["status"] == "rejection"
    assert refused["status"]["fail_info"] == ["badCertTemplate"]
    assert (refused["kind"], len(refused["transaction"])) == ("initiate", 32)
    assert run["entries"][-1]["details"]["failed"][0]["fail_info"] == ["badCertTemplate"]
    assert "given-up" in events(run)


def test_a_failure_is_told_of(gateway: Csc) -> None:
    """In the log and in the spans, below the span that TRACEPARENT names; the CA cannot be reached."""
    csc = gateway
    with collecting() as collector:
        csc.environment |= {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/v1/traces",
            "OTEL_SERVICE_NAME": "gateways",
            "TRACEPARENT": f"00-{'ab' * 16}-{'cd' * 8}-01",
        }
        apply = ("--connect-to", "::127.0.0.1:1", "apply", "--yes", "--log-file", "run.log")
        assert csc(*apply, SAMPLES / "update.cfg").returncode == 1
    spans = {span.name: span for span in collector.spans()}
    assert collector.resource()["service.name"] == "gateways"
    run = spans["csc apply"]
    assert (run.trace_id, run.parent_span_id) == (b"\xab" * 16, b"\xcd" * 8)
    for name in ("csc apply", "CMP kur", "update /CertificateStore/cmp/Certificate/clcert"):
        assert spans[name].status.code == Status.STATUS_CODE_ERROR
    assert attributes(spans["CMP kur"])["error.type"] == "ConnectFailed"
    told = {line["event"]: line for line in lines(csc.folder / "run.log")}
    assert told["exchange-failed"]["error"] == "ConnectFailed"
    assert told["step-failed"]["transaction"] == told["exchange-failed"]["transaction"]
    assert told["run-ended"]["outcome"] == "failed"
    assert runs(csc)[0]["outcome"] == "failed"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "only otlp is known"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
                "OTEL_EXPORTER_OTLP_TIMEOUT": "0.2",
            },
            "could not be sent",
        ),
    ],
)
def test_spans_that_cannot_be_sent_change_nothing(
    csc: Csc, environment: dict[str, str], said: str
) -> None:
    csc.environment |= environment
    result = csc("apply", "--yes", csc.write("a.cfg", LAN))
    assert result.returncode == 0
    assert said in result.stderr
    assert result.stderr.count("warning: ") == 1


def test_a_log_that_cannot_be_opened(csc: Csc) -> None:
    csc.write("a.cfg", LAN)
    result = csc("apply", "--yes", "--log-file", "no/such/folder.log", "a.cfg")
    assert result.returncode == 1
    assert "the log no/such/folder.log cannot be written" in result.stderr
    full = csc("apply", "--yes", "--log-file", "/dev/full", "a.cfg")
    assert full.returncode == 0
    assert full.stderr.count("warning: the log /dev/full cannot be written") == 1


def test_nothing_is_loaded_unasked(csc: Csc) -> None:
    csc.write("a.cfg", LAN)
    code = (
        "import sys\nfrom csc.cli.main import main\nsys.argv = ['csc', 'apply', '--yes', 'a.cfg']\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=csc.folder,
        env={**csc.variables(), "OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "x"},
        check=True,
    )
    loaded = set(result.stdout.splitlines()[-1].split())
    assert "csc.runtime.telemetry.observing" in loaded
    assert loaded.isdisjoint({"opentelemetry", "logging.handlers", "csc.runtime.telemetry.spans"})

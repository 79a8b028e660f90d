"""`csc sandbox` as a process: it says where it is, serves, tells what it did, and ends when it is told to."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from csc.runtime.cmp.protection import protect
from jsonschema import Draft202012Validator
from peers.asker import KEY, SECRET, header, ir
from peers.openssl import needs_openssl
from peers.raw_http import exchange, post
from peers.sandbox_process import enrol
from support.command import REPOSITORY, SAMPLES, Csc

SCHEMA = json.loads((REPOSITORY / "docs/schemas/sandbox-ledger.schema.json").read_text())
SCRIPT = """certmgr -clientcert=cmp/a -initiate -username=ref -password=${env:PSK} -subject="CN=a"
certmgr -clientcert=cmp/b -initiate -username=0102 -password=0a0B -hex -subject="CN=b"
certmgr -clientcert=cmp/c -initiate -username=${var:ref} -password=x -subject="CN=c"
certmgr -clientcert=cmp/a -update
"""


@dataclass
class Running:
    process: subprocess.Popen[str]
    lines: list[str]

    @property
    def url(self) -> str:
        return self.lines[0].rpartition(" ")[2].strip()

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def ends(self, number: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
        """What it printed after its first line."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        said = self.process.stdout.read(), self.process.stderr.read()
        assert self.process.wait(60) == 0
        return said


@contextmanager
def sandbox(csc: Csc, *options: object) -> Generator[Running]:
    process = subprocess.Popen(
        csc.command("sandbox", "--port", 0, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=csc.folder,
        env=csc.variables(),
    )
    assert process.stdout is not None
    try:
        yield Running(process, [process.stdout.readline()])
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)
        for stream in (process.stdout, process.stderr):
            stream.close()


def root_of(csc: Csc, *options: object) -> x509.Certificate:
    return x509.load_pem_x509_certificate(csc.ok("sandbox", "root", *options).encode())


def ask(running: Running, data: bytes | None = None) -> int:
    with exchange(running) as wire:
        wire.send(post("/", data or protect(header(), ir(), SECRET, random=os.urandom)))
        return wire.answer().status


def ledger(csc: Csc, *options: object) -> Any:
    told = json.loads(csc.ok("sandbox", "ledger", "--json", *options))
    Draft202012Validator(SCHEMA).validate(told)
    return told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_told_to_end(csc: Csc, number: signal.Signals) -> None:
    with sandbox(csc, "--secret", "ref:psk") as running:
        assert running.lines[0].startswith("The sandbox CA listens at http://127.0.0.1:")
        assert enrol(running.url, "gw", KEY, root_of(csc))
        out, err = running.ends(number)
    assert "accepts  the reference numbers ref\n" in out
    assert err == "The sandbox CA has stopped.\n"
    assert not (csc.folder / ".csc/sandbox/admin.json").exists()


def test_ends_although_clients_hold_connections(csc: Csc) -> None:
    with sandbox(csc) as running, socket.create_connection(("127.0.0.1", running.port)) as idle:
        idle.sendall(b"POST / HT")
        running.ends()


def test_for_machines(csc: Csc) -> None:
    with sandbox(csc, "--json") as running:
        told = json.loads(running.lines[0])
        out, _ = running.ends()
    assert told["schema"] == "csc/sandbox/1"
    assert told["url"].startswith("http://127.0.0.1:")
    assert (told["process"], out) == (running.process.pid, "")


@pytest.mark.parametrize("options", [("-q",), ("--quiet",)])
def test_quiet(csc: Csc, options: tuple[str, ...]) -> None:
    with sandbox(csc, *options) as running:
        assert running.ends() == ("", "")


def test_secrets_from_everywhere(csc: Csc) -> None:
    csc.environment |= {"PSK": "psk", "OTHER": "other psk"}
    csc.write("script.cfg", SCRIPT)
    csc.write("word", "in a file\n")
    csc.write("secrets", "# comment\n\nline:a:b\n  blank : c \nfile:${file:word}\n").chmod(0o600)
    options = ("--secret", "env:${env:OTHER}", "--secrets", "secrets", "-D", "ref=from -D")
    with sandbox(csc, *options, "script.cfg") as running:
        assert ask(running) == 200
        out, err = running.ends()
    accepted = next(line for line in out.splitlines() if "accepts" in line)
    assert accepted.endswith("env, line, blank , file, ref, 0102, from -D")
    assert not any(secret in out + err for secret in ("psk", "a:b", "in a file"))
    (request,) = ledger(csc)["requests"]
    assert (request["outcome"], request["is_authenticated"]) == ("accepted", True)


@pytest.mark.parametrize(
    ("options", "said", "code"),
    [
        (("--secret", "ref"), "--secret number 1 is no reference number with a secret", 64),
        (("--secret", "ref:"), "is no reference number with a secret", 64),
        (("--secret", "ref:${env:NONE}"), "the environment variable NONE is not set", 1),
        (("--secret", "a:b", "--secret", "a:hidden"), "the reference number a has two secrets", 64),
        (("--secrets", "none"), "none cannot be read", 1),
        (("--secrets", "wrong"), "wrong:2 is no reference number with a secret", 64),
        (("--secrets", "open"), "everybody on this machine can read or change the secrets", 1),
        (("--set", "poll=1"), "there are polls, check_after", 64),
        (("--set", "polls"), "is no NAME=VALUE", 64),
        (("--key", "rsa:1"), "is no kind of key for a CA", 1),
        (("--profiles", "wrong"), "wrong", 1),
        (("--trust", "wrong"), "wrong is no certificate", 1),
        (("--ra", "none"), "none cannot be read", 1),
        (("--bind", "203.0.113.1"), "cannot be listened on", 1),
        (("--folder", "wrong"), "is a file", 64),
        (("script.cfg",), "ref", 64),
        (("none.cfg",), "none.cfg cannot be read", 1),
    ],
)
def test_wrong_usage(csc: Csc, options: tuple[str, ...], said: str, code: int) -> None:
    csc.environment["PSK"] = "psk"
    csc.write("script.cfg", SCRIPT)
    csc.write("wrong", "a:b\nhidden\n").chmod(0o600)
    csc.write("open", "a:hidden\n").chmod(0o644)
    result = csc("sandbox", "--port", 0, *options)
    assert result.returncode == code
    assert said in result.stderr
    assert "hidden" not in result.stderr


def test_secret_that_is_good_once(csc: Csc) -> None:
    csc.write("secrets", "once ref:psk\n").chmod(0o600)
    with sandbox(csc, "--secrets", "secrets") as running:
        ask(running)
        ask(running)
    first, second = ledger(csc)["requests"]
    assert (first["outcome"], second["outcome"]) == ("accepted", "rejection")


def test_log_that_nobody_reads(csc: Csc) -> None:
    with sandbox(csc, "--secret", "ref:psk", "--log") as running:
        running.process.stderr.close()
        assert [ask(running) for _ in range(3)] == [200] * 3
        running.process.terminate()
        running.process.wait(60)
    assert len(ledger(csc)["requests"]) == 3


def test_port_that_is_taken(csc: Csc) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = csc("sandbox", "--port", taken.getsockname()[1])
    assert result.returncode == 1
    assert "give another --port" in result.stderr


def test_beyond_loopback_is_warned_of(csc: Csc) -> None:
    with sandbox(csc, "--bind", "0.0.0.0") as running:
        _, err = running.ends()
    assert err.startswith("warning: 0.0.0.0 is not loopback: whoever reaches it")


def test_one_folder_one_server(csc: Csc) -> None:
    with sandbox(csc):
        result = csc("sandbox", "--port", 0)
        assert result.returncode == 3
        assert "a sandbox CA runs in .csc/sandbox already" in result.stderr
        with sandbox(csc, "--folder", "other") as other:
            other.ends()


def test_shares_its_folder_with_apply(csc: Csc) -> None:
    """A script that is applied with --sandbox, and a client of the server, meet the same CA."""
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    before = root_of(csc)
    with sandbox(csc, SAMPLES / "gateway.cfg", "--secret", "ref:psk") as running:
        assert enrol(running.url, "gw", KEY, before)
        csc.ok("apply", "--sandbox", "--yes", SAMPLES / "update.cfg")
        told = ledger(csc)
    assert [c["requested_with"] for c in told["certificates"]] == ["ir", "ir", "kur"]
    assert {c["status"] for c in told["certificates"]} == {"confirmed"}
    x509.load_pem_x509_certificate(told["certificates"][0]["pem"].encode())


def test_log_and_ledger(csc: Csc) -> None:
    with sandbox(csc, "--secret", "ref:hidden", "--log") as running:
        ask(running, b"garbage")
        ask(running)  # with another secret
        text = csc.ok("sandbox", "ledger")
        _, err = running.ends()
    logged = err.splitlines()
    assert "unreadable" in logged[0]
    assert "rejection" in logged[0]
    assert "ir  reference ref (not authenticated)  rejection  badMessageCheck" in logged[1]
    assert "reference ref (not authenticated)" in text
    assert "Certificates:\n  none" in text
    assert "hidden" not in err + text
    unreadable, wrong = ledger(csc)["requests"]
    assert (unreadable["kind"], unreadable["transaction"]) == (None, None)
    assert wrong["failures"] == ["badMessageCheck"]


def test_switches(csc: Csc) -> None:
    with sandbox(csc, "--secret", "ref:psk", "--set", "polls=1", "--set", "check-after=0"):
        told = json.loads(csc.ok("sandbox", "status", "--json"))
        assert told["schema"] == "csc/sandbox-status/1"
        assert (told["behaviour"]["polls"], told["behaviour"]["check_after"]) == (1, 0)
        assert csc.ok("sandbox", "set", "polls=0", "rejects=badTime") == (
            "  polls=0\n  rejects=badTime\n"
        )
        assert "  rejects=badTime\n" in csc.ok("sandbox", "status")
        wrong = csc("sandbox", "set", "polls=many")
        assert (wrong.returncode, wrong.stdout) == (64, "")
        assert "polls is a whole number" in wrong.stderr


def test_roll_over(csc: Csc) -> None:
    with sandbox(csc, "--key", "ec:p384"):
        before = root_of(csc)
        assert isinstance(before.public_key(), ec.EllipticCurvePublicKey)
        assert before.public_key().key_size == 384
        new = x509.load_pem_x509_certificate(csc.ok("sandbox", "roll-over").encode())
        assert new != before
        assert new == root_of(csc)


@pytest.mark.parametrize(
    "command", [("status",), ("set", "polls=1"), ("roll-over",), ("ledger",), ("root",)]
)
def test_where_there_is_none(csc: Csc, command: tuple[str, ...]) -> None:
    result = csc("sandbox", *command)
    assert result.returncode == 1
    assert "no sandbox CA" in result.stderr
    assert not (csc.folder / ".csc").exists()


def test_after_it_was_killed(csc: Csc) -> None:
    """What a killed server leaves keeps nobody from starting another one."""
    with sandbox(csc) as running:
        running.process.kill()
        running.process.communicate()
    assert (csc.folder / ".csc/sandbox/admin.json").exists()
    assert "no sandbox CA runs" in csc("sandbox", "status").stderr
    with sandbox(csc) as running:
        assert running.url in csc.ok("sandbox", "status")


def test_help(csc: Csc) -> None:
    assert "roll-over" in csc.ok("sandbox", "--help")
    assert "--bind ADDRESS" in csc.ok("sandbox", "serve", "--help")


def test_profiles_and_other_pkis(csc: Csc) -> None:
    csc.write("profiles.toml", '[profiles.mine]\nkeys = ["ec:p256"]\n')
    with sandbox(csc, "--folder", "other") as other:
        csc.write("other.pem", csc.ok("sandbox", "root", "--folder", "other"))
        other.ends()
    options = ("--profiles", "profiles.toml", "--trust", "other.pem", "--secret", "ref:psk")
    with sandbox(csc, *options) as running, exchange(running) as wire:
        wire.send(post("/.well-known/cmp/p/mine", b"garbage"))
        assert wire.answer().status == 200


@needs_openssl
def test_openssl_at_the_path_of_the_rfc(csc: Csc, tmp_path: Path) -> None:
    with sandbox(csc, "--secret", "ref:psk") as running:
        csc.write("root.pem", csc.ok("sandbox", "root"))
        subprocess.run(
            ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", "key.pem"],
            cwd=csc.folder,
            check=True,
        )
        command = [
            *("openssl", "cmp", "-config", "", "-batch", "-cmd", "ir", "-server", running.url),
            *("-path", "/.well-known/cmp/p/tls-server/initialization", "-no_proxy", "127.0.0.1"),
            *("-trusted", "root.pem", "-ref", "ref", "-secret", "pass:psk", "-newkey", "key.pem"),
            *("-subject", "/CN=gw", "-certout", "cert.pem"),
        ]
        done = subprocess.run(command, cwd=csc.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (csc.folder / "cert.pem").exists()
    assert ledger(csc)["certificates"][0]["status"] == "confirmed"

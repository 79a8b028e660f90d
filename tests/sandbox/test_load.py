"""Many clients at once: nothing is lost, nothing is issued twice, and who misbehaves keeps nobody waiting."""

import os
import socket
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from csc.runtime.certificates import load_certificate
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.protection import protect
from csc.runtime.sandbox.http.server import Server
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.sandbox.ledger.reading import read_ledger
from peers.asker import KEY, SECRET, confirm, header, ir, issued
from peers.raw_http import exchange, post
from peers.sandbox_process import Sandbox, enrol, running

CLIENTS = 50
ENROLMENTS = 200


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    with running(tmp_path_factory.mktemp("sandbox") / "ca") as process:
        yield process


def by_hand(server: Server | Sandbox) -> int:
    """An enrolment on one bare connection; each message is sent twice, as after a broken connection."""
    with exchange(server) as wire:
        request = protect(header(), ir(), SECRET, random=os.urandom)
        wire.send(post("/", request) + post("/", request))
        first = wire.answer().body
        assert wire.answer().body == first
        answer = decode(first)
        certificate = issued(answer)
        body, head = confirm(answer, certificate.fingerprint(hashes.SHA256()))
        confirmation = protect(head, body, SECRET, random=os.urandom)
        wire.send(post("/", confirmation))
        assert wire.answer().status == 200
        return certificate.serial_number


def test_two_hundred_enrolments_from_fifty_clients(sandbox: Sandbox) -> None:
    root = load_certificate((sandbox.folder / "root.pem").read_bytes())

    def one(number: int) -> int:
        if number % 2:
            return by_hand(sandbox)
        return enrol(sandbox.url, f"gw{number}", KEY, root)

    with ThreadPoolExecutor(CLIENTS) as clients:
        serials = list(clients.map(one, range(ENROLMENTS)))
    assert len(set(serials)) == ENROLMENTS
    contents = read_ledger(sandbox.folder)
    confirmed = [c for c in contents.certificates if c.status is Status.CONFIRMED]
    assert {int(c.serial_number, 16) for c in confirmed} == set(serials)
    assert len(contents.certificates) == ENROLMENTS
    kinds = Counter((entry.kind, entry.outcome) for entry in contents.requests)
    assert kinds == {
        ("ir", "accepted"): ENROLMENTS,
        ("ir", "repeated"): ENROLMENTS // 2,
        ("certConf", "accepted"): ENROLMENTS,
    }


def test_hostile_connections_keep_nobody_waiting(sandbox: Sandbox) -> None:
    """Two hundred connections that say half of something, and one that enrols."""
    held = [socket.create_connection((sandbox.host, sandbox.port)) for _ in range(200)]
    try:
        for number, connection in enumerate(held):
            connection.sendall((b"", b"P", post("/", b"x" * 1000)[:-1], b"\x16\x03")[number % 4])
        assert by_hand(sandbox)
    finally:
        for connection in held:
            connection.close()
    assert by_hand(sandbox)


def test_memory_is_bounded(sandbox: Sandbox) -> None:
    """What clients send ahead without taking answers stays in the kernel's buffers, and out of ours."""
    status = Path(f"/proc/{sandbox.process.pid}/status")
    assert by_hand(sandbox)
    before = _resident(status)
    flood = post("/", b"garbage" * 100, "Connection: keep-alive") * 200
    held = [socket.create_connection((sandbox.host, sandbox.port)) for _ in range(50)]
    try:
        for connection in held:
            connection.setblocking(False)
            try:
                while True:
                    connection.send(flood)
            except OSError:
                continue
        assert by_hand(sandbox)
        assert _resident(status) - before < 64 * 2**20
    finally:
        for connection in held:
            connection.close()


def _resident(status: Path) -> int:
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024

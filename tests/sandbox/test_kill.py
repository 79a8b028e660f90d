"""The server killed under load, and started again on the same folder: what it has said stays true."""

import os
import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import BodyType
from csc.runtime.cmp.protection import protect
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.sandbox.ledger.reading import Contents, read_ledger
from peers.asker import SECRET, confirm, header, ir, issued
from peers.raw_http import exchange, post
from peers.sandbox_process import Sandbox, kill, start

CLIENTS = 6


@dataclass
class Client:
    """What it sent and got, and what it sent last without an answer."""

    answered: dict[bytes, bytes] = field(default_factory=dict)
    unanswered: bytes | None = None

    def work(self, sandbox: Sandbox, count: "Count") -> None:
        """Enrol again and again until the server is gone."""
        try:
            with exchange(sandbox) as wire:
                while True:
                    first = self._ask(wire, protect(header(), ir(), SECRET, random=os.urandom))
                    answer = decode(first)
                    digest = issued(answer).fingerprint(hashes.SHA256())
                    body, head = confirm(answer, digest)
                    self._ask(wire, protect(head, body, SECRET, random=os.urandom))
                    count.one_more()
        except (OSError, AssertionError, ValueError):
            return  # it was killed: in the middle of whatever

    def _ask(self, wire: object, request: bytes) -> bytes:
        self.unanswered = request
        wire.send(post("/", request))
        answer = wire.answer()
        assert answer.status == 200
        body = answer.body
        decode(body)
        self.answered[request] = body
        self.unanswered = None
        return body


class Count:
    """Kills the server when so many enrolments are done: a point that hits all the others anywhere."""

    def __init__(self, sandbox: Sandbox, limit: int) -> None:
        self._sandbox, self._left = sandbox, limit
        self._lock = threading.Lock()

    def one_more(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._sandbox.process.kill()


def check_ledger(folder: Path) -> Contents:
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return read_ledger(folder)


def check_answers(clients: list[Client], contents: Contents) -> None:
    """Every answer that a client got is in the ledger."""
    status = {int(c.serial_number, 16): c.status for c in contents.certificates}
    transactions: dict[str, list[BodyType]] = {}
    for client in clients:
        for answer in map(decode, client.answered.values()):
            transaction = answer.header.transaction_id.hex()
            transactions.setdefault(transaction, []).append(answer.body.type)
            if answer.body.type is BodyType.IP:
                assert issued(answer).serial_number in status
    by_transaction = {c.transaction_id: c.status for c in contents.certificates}
    for transaction, kinds in transactions.items():
        if BodyType.PKI_CONF in kinds:
            assert by_transaction[transaction] is Status.CONFIRMED
    recorded = {entry.transaction_id for entry in contents.requests}
    assert set(transactions) <= recorded


@pytest.mark.parametrize("seed", range(3))
def test_killed_under_load(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    folder = tmp_path / "ca"
    clients: list[Client] = []
    for _ in range(2):
        sandbox = start(folder)
        try:
            # What was answered is answered alike, and what was not is answered now.
            for client in clients:
                with exchange(sandbox) as wire:
                    for request, answer in list(client.answered.items()):
                        wire.send(post("/", request))
                        assert wire.answer().body == answer
                    if client.unanswered is not None:
                        wire.send(post("/", client.unanswered))
                        again = decode(wire.answer().body)
                        assert again.body.type in (BodyType.IP, BodyType.PKI_CONF)
            now = [Client() for _ in range(CLIENTS)]
            count = Count(sandbox, dice.randrange(5, 30))
            with ThreadPoolExecutor(CLIENTS) as threads:
                for client in now:
                    threads.submit(client.work, sandbox, count)
            clients += now
        finally:
            kill(sandbox)
        check_answers(clients, check_ledger(folder))
    serials = [c.serial_number for c in check_ledger(folder).certificates]
    transactions = [c.transaction_id for c in check_ledger(folder).certificates]
    assert len(set(serials)) == len(set(transactions)) == len(serials)
    assert any(client.unanswered for client in clients)

"""BouncyCastle as a peer: a CMP CA of our own on its API, in `bouncycastle/`, which is compiled once.

Its options are read in `Options.java`. Into its folder it writes root.pem, issuer.pem (with --intermediate),
signer.pem (with --ra), ledger and messages.
"""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from .java import command, needs_bouncycastle, version

__all__ = [
    "answers",
    "bouncycastle_server",
    "conversations",
    "ledger",
    "needs_bouncycastle",
    "version",
]

_SOURCES = Path(__file__).with_name("bouncycastle")
_START_SECONDS = 120
# PKIBody by its tags (RFC 9810 5.1.2).
_BODIES = {
    0: "ir", 1: "ip", 2: "cr", 3: "cp", 4: "p10cr", 7: "kur", 8: "kup", 11: "rr", 12: "rp",
    19: "pkiconf", 21: "genm", 22: "genp", 23: "error", 24: "certConf", 25: "pollReq", 26: "pollRep",
}  # fmt: skip


def ledger(folder: Path) -> list[tuple[str, int, str]]:
    """What the server did to certificates: the event, the serial number, and why."""
    lines = (line.split(" ", 2) for line in (folder / "ledger").read_text().splitlines())
    return [(event, int(serial, 16), " ".join(why)) for event, serial, *why in lines]


def answers(folder: Path, transaction_id: bytes) -> list[str]:
    """The bodies that the server answered with in a transaction, by their names in RFC 9810."""
    talked = _conversations(folder).get(transaction_id.hex(), [])
    return [answer for _, answer in talked]


def conversations(folder: Path) -> list[list[tuple[str, str]]]:
    """Of each transaction the bodies of requests that were believed, and of their answers."""
    return list(_conversations(folder).values())


def _conversations(folder: Path) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for line in (folder / "messages").read_text().splitlines():
        transaction, request, answer, believed = line.split()
        if believed == "believed":
            pair = (_BODIES[int(request)], _BODIES[int(answer)])
            found.setdefault(transaction, []).append(pair)
    return found


@contextmanager
def bouncycastle_server(folder: Path, *options: str) -> Generator[int]:
    """The server on a free loopback port, for the length of the block."""
    log = folder / "bouncycastle.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*command(_SOURCES), "--folder", str(folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        with process:
            try:
                yield _port(process, log)
            finally:
                # It ends when its standard input does, also if this process is killed.
                assert process.stdin is not None
                process.stdin.close()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """What the server says first: where it listens."""
    said: Queue[bytes] = Queue()
    output = process.stdout
    assert output is not None
    Thread(target=lambda: said.put(output.readline()), daemon=True).start()
    try:
        word, _, port = said.get(timeout=_START_SECONDS).decode().partition(" ")
    except Empty:
        process.kill()
        raise AssertionError(f"the server does not start: {log.read_text()}") from None
    if word != "listening":
        raise AssertionError(f"the server ended: {log.read_text()}")
    return int(port)

"""A folder in, a sandbox CA in a process of its own out, which outlives those that ask it; and its mishaps.

A mishap happens to one message, counted from 0 over the life of the case. It is on the way between client and
CA, or the CA itself dies; then it comes back on the same port, as a service that is started again does.
"""

import gc
import os
import select
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from csc.runtime.sandbox.behaviour import USUAL, Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from peers.hostile import Connection, Request, hostile, http_answer

SECRET = (b"ref", b"psk")


class _Way:
    """What lies between a client and its CA, with `mishap` at message `at`."""

    def __init__(self, ca: SandboxCA, mishap: str, at: int, count: Path) -> None:
        self.ca, self.at, self._count = ca, at, count
        self._mishap = MISHAPS[mishap]
        self._lock = threading.Lock()
        self.before: list[bytes] = []

    def script(self, connection: Connection) -> None:
        """Serve a connection."""
        while (request := connection.read_request()) is not None:
            with self._lock:
                number = self._count.stat().st_size if self._count.exists() else 0
                with self._count.open("ab") as file:
                    file.write(b".")
                is_on = number != self.at
                if not is_on:
                    is_on = self._mishap(self, connection, request)
                else:
                    connection.send(http_answer(self.ca.respond(request.body)))
                self.before.append(request.body)
            if not is_on:
                return


def _die(way: _Way) -> None:
    del way
    os.kill(os.getpid(), signal.SIGKILL)


def _request_lost(way: _Way, connection: Connection, request: Request) -> bool:
    connection.reset()
    return False


def _answer_lost(way: _Way, connection: Connection, request: Request) -> bool:
    way.ca.respond(request.body)
    connection.reset()
    return False


def _answer_cut(way: _Way, connection: Connection, request: Request) -> bool:
    answer = http_answer(way.ca.respond(request.body))
    connection.send(answer[: len(answer) // 2])
    return False


def _answer_twice(way: _Way, connection: Connection, request: Request) -> bool:
    connection.send(2 * http_answer(way.ca.respond(request.body)))
    return True


def _request_twice(way: _Way, connection: Connection, request: Request) -> bool:
    way.ca.respond(request.body)
    connection.send(http_answer(way.ca.respond(request.body)))
    return True


def _earlier_again(way: _Way, connection: Connection, request: Request) -> bool:
    for earlier in way.before:
        way.ca.respond(earlier)
    connection.send(http_answer(way.ca.respond(request.body)))
    for earlier in (*way.before, request.body):
        way.ca.respond(earlier)
    return True


def _earlier_answer(way: _Way, connection: Connection, request: Request) -> bool:
    body = way.before[-1] if way.before else request.body
    way.ca.respond(request.body)
    connection.send(http_answer(way.ca.respond(body)))
    return True


def _bad_gateway(way: _Way, connection: Connection, request: Request) -> bool:
    connection.send(http_answer(b"<html>", status="502 Bad Gateway", kind="text/html"))
    return True


def _dead_before(way: _Way, connection: Connection, request: Request) -> bool:
    _die(way)
    return False


def _dead_unsaid(way: _Way, connection: Connection, request: Request) -> bool:
    way.ca.respond(request.body)
    _die(way)
    return False


def _dead_half_way(way: _Way, connection: Connection, request: Request) -> bool:
    answer = http_answer(way.ca.respond(request.body))
    connection.send(answer[: len(answer) // 2])
    _die(way)
    return False


# Each does to a message what it is called, and says whether the connection goes on.
MISHAPS: dict[str, Callable[[_Way, Connection, Request], bool]] = {
    "request lost": _request_lost,
    "answer lost": _answer_lost,
    "answer cut off": _answer_cut,
    "answer twice": _answer_twice,
    "request twice": _request_twice,
    "earlier requests again": _earlier_again,
    "earlier answer again": _earlier_answer,
    "error of a gateway": _bad_gateway,
    "CA dies before": _dead_before,
    "CA dies before it answers": _dead_unsaid,
    "CA dies in its answer": _dead_half_way,
}


class Site:
    """A CA in a process of its own. `port` stays the same when it is started again."""

    def __init__(
        self, folder: Path, behaviour: Behaviour, mishap: str | None, at: int, clock: float
    ) -> None:
        self.folder, self.mishap, self.at, self.clock = folder, mishap, at, clock
        self.behaviour = behaviour
        self.port = 0
        self.process = 0
        self._end = -1
        self.start()

    @property
    def messages(self) -> int:
        """How many messages came, where mishaps are counted."""
        count = self.folder / "messages"
        return count.stat().st_size if count.exists() else 0

    def start(self) -> None:
        """Start it, or start it again."""
        told, tell = os.pipe()
        wait, self_end = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            os.close(told)
            os.close(self_end)
            try:
                self._serve(tell, wait)
            finally:
                os._exit(1)
        os.close(tell)
        os.close(wait)
        self._end = self_end
        with os.fdopen(told) as words:
            self.port = int(words.read())

    def _serve(self, tell: int, wait: int) -> None:
        gc.disable()
        offset = timedelta(seconds=self.clock)
        with SandboxCA.open(self.folder, lambda: datetime.now(UTC) + offset, self.behaviour) as ca:
            ca.add_secret(*SECRET)
            if self.mishap is None:
                with serve(ca, port=self.port) as server:
                    _tell_and_wait(tell, wait, server.port)
            else:
                way = _Way(ca, self.mishap, self.at, self.folder / "messages")
                with hostile(way.script, port=self.port) as server:
                    _tell_and_wait(tell, wait, server.port)
        os._exit(0)

    def stop(self) -> None:
        """End it; its folder stays."""
        os.close(self._end)
        os.waitpid(self.process, 0)

    def restart(self) -> None:
        """Start it again after it has died."""
        os.close(self._end)
        os.waitpid(self.process, 0)
        self.start()


def _tell_and_wait(tell: int, wait: int, port: int) -> None:
    os.write(tell, str(port).encode())
    os.close(tell)
    select.select([wait], [], [])


@contextmanager
def running(
    folder: Path,
    behaviour: Behaviour = USUAL,
    *,
    mishap: str | None = None,
    at: int = 0,
    clock: float = 0,
) -> Generator[Site]:
    """A CA for the length of the block. `clock` is by how many seconds its clock is off."""
    site = Site(folder, behaviour, mishap, at, clock)
    try:
        yield site
    finally:
        site.stop()

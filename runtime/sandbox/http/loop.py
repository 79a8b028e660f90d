"""A listening socket and a function that answers requests in, an HTTP server out.

One thread waits for all connections. The requests that are there as a whole are answered together, in one
call: making them durable costs once. A client that is slow, or sends what is no HTTP, keeps nobody else
waiting, and holds no more than its connection, a bounded buffer and a bounded time.

A connection reads until a request is whole, is not read while that is answered, writes the answer, reads on:

    reading -> answering (-> held back) -> writing -> reading
       |                                      |
       +--- malformed, too late ---> writing --> lingering -> closed

Lingering: what was not read is read and dropped for a moment, for closing at once would take the answer away
from the client (RFC 9112 9.6).
"""

from __future__ import annotations

import heapq
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from .messages import CONTINUE, Malformed, Reader, Reply, Request, encode, refusal

Answer = Callable[[Sequence[Request]], Sequence[Reply]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take, in seconds, bytes and numbers."""

    body: int
    connections: int = 256
    idle: float = 30.0
    """For a connection on which nothing comes."""
    request: float = 30.0
    """For a whole request from its first byte, and for a whole answer to be taken."""
    requests: int = 1000
    """On one connection."""
    lingering: float = 2.0
    retry_after: int = 1


# Requests that are answered in one call; the next ones wait as long.
_AT_ONCE = 64
_READ = 64 * 1024
# Seconds between two looks at who is late.
_TICK = 0.25
# Connections that are told that there are too many; others are closed without a word.
_MOST_REFUSED = 64
_BACKLOG = 256


class _Connection:
    __slots__ = (
        "closes",
        "deadline",
        "is_refused",
        "lingers",
        "out",
        "reader",
        "served",
        "socket",
        "watched",
    )

    def __init__(self, sock: socket.socket, limit: int, deadline: float) -> None:
        self.socket = sock
        self.reader = Reader(limit)
        self.deadline = deadline
        self.out = b""
        self.served = 0
        self.closes = False  # once the output is written
        self.lingers = False  # before it is closed; then: what comes is dropped
        self.is_refused = False
        self.watched = 0  # events that the selector looks for


class Loop:
    """Serves until `stop`; `answer` gives a reply for each request, in order."""

    def __init__(self, listener: socket.socket, answer: Answer, limits: Limits) -> None:
        listener.setblocking(False)
        listener.listen(_BACKLOG)
        self._listener = listener
        self._answer = answer
        self._limits = limits
        self._selector = selectors.DefaultSelector()
        self._connections: set[_Connection] = set()
        self._refused = 0
        self._ready: list[tuple[_Connection, Request]] = []
        self._held: list[tuple[float, int, _Connection, Request, Reply]] = []
        self._number = 0
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._stopping = False
        self._is_full = False

    def stop(self) -> None:
        """Have `run` end. From any thread."""
        self._stopping = True
        with suppress(OSError):  # it has ended already
            self._waker.send(b"x")

    def run(self) -> None:
        """Serve. Whatever is open is closed at the end."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        looked = time.monotonic()
        try:
            while not self._stopping:
                events = self._selector.select(self._pause())
                now = time.monotonic()
                for key, mask in events:
                    if key.fileobj is self._listener:
                        self._accept(now)
                    elif key.fileobj is not self._woken:
                        self._serve(key.data, mask, now)
                self._answer_ready()
                self._release(now)
                if now - looked >= _TICK:
                    looked = now
                    self._drop_late(now)
        finally:
            self._close_all()

    def _pause(self) -> float:
        if self._ready:
            return 0.0
        if self._held:
            return max(0.0, min(_TICK, self._held[0][0] - time.monotonic()))
        # Who is late matters only if there is somebody.
        return _TICK if self._connections or self._is_full else 3600.0

    # -- connections -------------------------------------------------------------------------------

    def _accept(self, now: float) -> None:
        for _ in range(_AT_ONCE):
            try:
                sock, _address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # no file descriptor is left: somebody has to go first
                self._selector.unregister(self._listener)
                self._is_full = True
                return
            sock.setblocking(False)
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(sock, self._limits.body, now + self._limits.idle)
            if len(self._connections) - self._refused >= self._limits.connections:
                if self._refused >= _MOST_REFUSED:
                    sock.close()
                    continue
                self._connections.add(connection)
                self._refused += 1
                connection.is_refused = True
                self._refuse(
                    connection,
                    refusal(
                        HTTPStatus.SERVICE_UNAVAILABLE,
                        "there are too many connections",
                        ("Retry-After", str(self._limits.retry_after)),
                    ),
                    now,
                )
                continue
            self._connections.add(connection)
            self._watch(connection, selectors.EVENT_READ)

    def _watch(self, connection: _Connection, events: int) -> None:
        if events == connection.watched:
            return
        if connection.watched == 0:
            self._selector.register(connection.socket, events, connection)
        elif events == 0:
            self._selector.unregister(connection.socket)
        else:
            self._selector.modify(connection.socket, events, connection)
        connection.watched = events

    def _close(self, connection: _Connection) -> None:
        if connection not in self._connections:
            return
        self._watch(connection, 0)
        self._connections.discard(connection)
        self._refused -= connection.is_refused
        connection.socket.close()

    def _serve(self, connection: _Connection, mask: int, now: float) -> None:
        if connection not in self._connections:
            return
        if mask & selectors.EVENT_WRITE:
            self._write(connection, now)
        elif mask & selectors.EVENT_READ:
            self._read(connection, now)

    def _read(self, connection: _Connection, now: float) -> None:
        try:
            data = connection.socket.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._close(connection)
        elif not connection.lingers:
            if connection.reader.is_idle:
                connection.deadline = now + self._limits.request
            connection.reader.feed(data)
            self._next(connection, now)

    def _next(self, connection: _Connection, now: float) -> None:
        """Look whether a request is there as a whole."""
        reader = connection.reader
        try:
            request = reader.next()
        except Malformed as error:
            self._refuse(connection, refusal(error.status, str(error)), now)
            return
        if request is not None:
            # Not read on: what a client sends ahead waits in the kernel.
            self._ready.append((connection, request))
            return
        self._watch(connection, selectors.EVENT_READ)
        if reader.wants_continue:
            reader.wants_continue = False
            with suppress(OSError):  # who does not take it will be late
                connection.socket.send(CONTINUE)

    # -- answers -----------------------------------------------------------------------------------

    def _answer_ready(self) -> None:
        batch = [(c, r) for c, r in self._ready[:_AT_ONCE] if c in self._connections]
        del self._ready[:_AT_ONCE]
        if not batch:
            return
        try:
            replies = self._answer([request for _, request in batch])
        except Exception:  # who answers tells of its mistakes; none ends the thread that serves all
            text = "this is a mistake of the server's"
            failed = refusal(HTTPStatus.INTERNAL_SERVER_ERROR, text, closes=True)
            replies = [failed] * len(batch)
        now = time.monotonic()
        for (connection, request), reply in zip(batch, replies, strict=True):
            if reply.delay > 0:
                self._watch(connection, 0)
                connection.deadline = now + reply.delay + self._limits.request
                self._number += 1
                held = (now + reply.delay, self._number, connection, request, reply)
                heapq.heappush(self._held, held)
            else:
                self._send(connection, request, reply, now)

    def _release(self, now: float) -> None:
        """Send the answers that were held back for long enough."""
        while self._held and self._held[0][0] <= now:
            _, _, connection, request, reply = heapq.heappop(self._held)
            if connection in self._connections:
                self._send(connection, request, reply, now)

    def _send(self, connection: _Connection, request: Request, reply: Reply, now: float) -> None:
        connection.served += 1
        connection.closes = (
            reply.closes or not request.keeps or connection.served >= self._limits.requests
        )
        connection.out = encode(reply, request, closes=connection.closes)
        connection.deadline = now + self._limits.request
        self._write(connection, now)

    def _refuse(self, connection: _Connection, reply: Reply, now: float) -> None:
        """Answer what was not read to its end, and let go."""
        connection.out = encode(reply, None, closes=True)
        connection.closes = connection.lingers = True
        connection.deadline = now + self._limits.lingering
        self._write(connection, now)

    def _write(self, connection: _Connection, now: float) -> None:
        try:
            sent = connection.socket.send(connection.out)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._close(connection)
            return
        if sent < len(connection.out):
            connection.out = connection.out[sent:]
            self._watch(connection, selectors.EVENT_WRITE)
            return
        connection.out = b""
        if connection.lingers:
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_WR)
            self._watch(connection, selectors.EVENT_READ)
        elif connection.closes and connection.reader.is_idle:
            self._close(connection)
        elif connection.closes:  # it has sent more, which is not read
            connection.lingers = True
            connection.deadline = now + self._limits.lingering
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_WR)
            self._watch(connection, selectors.EVENT_READ)
        else:
            is_ahead = not connection.reader.is_idle
            connection.deadline = now + (self._limits.request if is_ahead else self._limits.idle)
            self._next(connection, now)

    # -- ends --------------------------------------------------------------------------------------

    def _drop_late(self, now: float) -> None:
        if self._is_full:
            self._is_full = False
            self._selector.register(self._listener, selectors.EVENT_READ)
        for connection in [c for c in self._connections if c.deadline < now]:
            is_reading = connection.watched == selectors.EVENT_READ and not connection.lingers
            if is_reading and not connection.reader.is_idle:
                text = f"a request has to come within {self._limits.request:g} s"
                self._refuse(connection, refusal(HTTPStatus.REQUEST_TIMEOUT, text), now)
            else:
                self._close(connection)

    def _close_all(self) -> None:
        for connection in list(self._connections):
            self._close(connection)
        self._selector.close()
        self._listener.close()
        self._woken.close()
        self._waker.close()

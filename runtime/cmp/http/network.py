"""Attempts in, connections out that keep to the attempt's limits. With transport.py, all that knows httpcore.

httpcore takes a timeout for each read and write. A server that sends a byte now and then, in headers or body
or in the handshake, never meets such a timeout, so that the limits of the whole are kept down here, at the
socket: each call gets the time that is left, if that is less than its own timeout. The size of a head is
limited here, too, for 1xx answers have no end otherwise.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore

from ..errors import AnswerTooLarge, ConnectionBroken
from . import heads, tls
from .proxies import Proxy

# Bytes and lines of all heads of an answer together. Servers send some ten lines.
LONGEST_HEAD = 64 * 1024
MOST_LINES = 256
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # alert and handshake, RFC 8446 5.1


@dataclass(slots=True)
class Attempt:
    """What one attempt to send may take, and what has come of it. `deadline` is on time.monotonic's clock.

    `place` is where to connect to, None with a proxy. `is_last_wait`: the call under way got less than its
    own timeout. `connected`: a connection was opened. `ended`: the server has closed it. `received`: bytes of
    the answer, `head` of them its head. `stream`: the connection that is used.
    """

    deadline: float
    place: tuple[str, int] | None = None
    is_last_wait: bool = False
    connected: bool = False
    ended: bool = False
    received: int = 0
    head: int = 0
    stream: httpcore.NetworkStream | None = None

    @property
    def was_stale(self) -> bool:
        """Whether a kept connection was used, which the server had closed without a byte of an answer."""
        return self.ended and not self.connected and not self.received

    def limit(self, timeout: float | None) -> float:
        """The seconds that a call may take.

        Raises:
            TimeoutError: if none is left.
        """
        left = self.deadline - time.monotonic()
        self.is_last_wait = timeout is None or left < timeout
        if left <= 0:
            raise TimeoutError
        return left if timeout is None else min(timeout, left)

    def hang_up(self) -> None:
        """Close the connection: what the server still sends must not be taken for its next answer."""
        if self.stream is not None:
            self.stream.close()


class Network(httpcore.NetworkBackend):
    """Opens connections for the attempt that its thread makes."""

    def __init__(self) -> None:
        self._current = threading.local()

    @contextmanager
    def attempting(self, attempt: Attempt) -> Generator[None]:
        """Everything that this thread does in the block belongs to `attempt`."""
        self._current.attempt = attempt
        try:
            yield
        finally:
            del self._current.attempt

    @property
    def attempt(self) -> Attempt:
        """The attempt that this thread makes."""
        return self._current.attempt

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to `host`, or to where it is routed; IPv6 addresses come in brackets."""
        del local_address, socket_options
        host, port = self.attempt.place or (host, port)
        try:
            until = time.monotonic() + self.attempt.limit(timeout)
            connected = _connect(host.strip("[]"), port, until)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(_describe(error)) from error
        self.attempt.connected = True
        return _Stream(connected, self)


class _Stream(httpcore.NetworkStream):
    def __init__(self, connected: socket.socket, network: Network) -> None:
        self._socket = connected
        self._network = network
        self._head_is_due = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._head_is_due:
            return self._receive(max_bytes, timeout)
        self._head_is_due = False
        return self._read_head(max_bytes, timeout)

    def _read_head(self, max_bytes: int, timeout: float | None) -> bytes:
        """The head of the final answer, and what came with it; what is none, as it is."""
        attempt = self._network.attempt
        attempt.received = attempt.head = 0
        data = self._receive(max_bytes, timeout)
        if data[:2] in _TLS_RECORDS:
            raise ConnectionBroken("the server answers in TLS: this is a port for https")
        lines = 0
        while heads.is_answer(data):
            end = heads.find_end(data)
            size = attempt.head + (len(data) if end is None else end)
            if size > LONGEST_HEAD or lines + data.count(b"\n", 0, end) > MOST_LINES:
                raise AnswerTooLarge(
                    f"the HTTP headers are expected to have at most {LONGEST_HEAD} bytes"
                    f" and {MOST_LINES} lines, and have more"
                )
            if end is None:
                more = self._receive(max_bytes, timeout)
                if not more:
                    break
                data += more
                continue
            attempt.head += end
            if not data.startswith(b"HTTP/1."):
                raise ConnectionBroken("the server speaks another version of HTTP than 1.0 or 1.1")
            if not heads.is_interim(data):
                return heads.as_persistent(data[:end]) + data[end:]
            lines += data.count(b"\n", 0, end)
            data = data[end:]
        return data

    def _receive(self, max_bytes: int, timeout: float | None) -> bytes:
        attempt = self._network.attempt
        try:
            self._socket.settimeout(attempt.limit(timeout))
            data = self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except OSError as error:
            attempt.ended = True
            raise httpcore.ReadError(_describe(error)) from error
        attempt.received += len(data)
        attempt.ended = not data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._head_is_due = True
        self._network.attempt.stream = self
        rest = memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(self._network.attempt.limit(timeout))
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except OSError as error:
            raise httpcore.WriteError(_describe(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        name = (server_hostname or "").strip("[]")
        try:
            self._socket.settimeout(self._network.attempt.limit(timeout))
            secured = ssl_context.wrap_socket(self._socket, server_hostname=name)
        except BaseException as error:
            self.close()
            if isinstance(error, TimeoutError):
                raise httpcore.ConnectTimeout from error
            if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
                raise tls.refused(name, error) from error
            if isinstance(error, OSError | ValueError):
                raise httpcore.ConnectError(_describe(error)) from error
            raise
        return _Stream(secured, self._network)

    def get_extra_info(self, info: str) -> Any:
        """httpcore asks whether an idle connection has something to read: then it is used no more."""
        if info == "is_readable":
            return _is_readable(self._socket)
        return None


def open_pool(
    network: Network, context: ssl.SSLContext | None, proxy: Proxy | None
) -> httpcore.ConnectionPool:
    """A pool of connections. Without `context` it is for http alone: with it, httpcore makes none itself."""
    by = None
    if proxy is not None:
        by = httpcore.Proxy(
            httpcore.URL(scheme="http", host=proxy.host, port=proxy.port, target="/"),
            auth=proxy.credentials
            and (proxy.credentials[0].encode(), proxy.credentials[1].encode()),
        )
    return httpcore.ConnectionPool(
        ssl_context=context, proxy=by, max_connections=None, network_backend=network
    )


def _connect(host: str, port: int, until: float) -> socket.socket:
    """A connection to the first address of `host` that takes one; each has its share of the time."""
    addresses = _resolve(host, port, until)
    failure: OSError = OSError("the name has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for connecting is over")
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(left / (len(addresses) - number))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure


def _resolve(host: str, port: int, until: float) -> list[Any]:
    """The addresses of a name. The resolver takes no timeout: it is left behind when the time is over."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    asking = threading.Thread(target=ask, name="resolver", daemon=True)
    asking.start()
    asking.join(max(0.0, until - time.monotonic()))
    if not found:
        raise TimeoutError("the name was not resolved in time")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _is_readable(connected: socket.socket) -> bool:
    if connected.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


def _describe(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

"""A URL and a message in, the answer out: CMP over HTTP and HTTPS (RFC 9811). All that knows httpx.

Whatever a server does that is no CMP answer is a named error within the total time: `http.answers` says what
an answer is, `http.network` keeps the limits of an attempt, `http.retry` says when a message is sent again.
"""

from __future__ import annotations

import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpcore
import httpx

from .errors import (
    ConnectFailed,
    ConnectionBroken,
    ProxyRefused,
    ServerBusy,
    TimedOut,
    TlsFailed,
    TransportError,
    clean,
)
from .http.answers import CONTENT_TYPE, check_end, check_head, read_body, without_user
from .http.destination import Destination, parse_url
from .http.network import Attempt, Network, open_pool
from .http.proxies import Proxy, proxy_for
from .http.retry import backoff
from .http.tls import SYSTEM_ROOTS, TlsTrust, make_context

__all__ = ["CONTENT_TYPE", "HttpTransport", "TlsTrust"]

# Seconds. A CA may sign with slow hardware, so it is given longer to answer than to take a connection.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
TOTAL_TIMEOUT = 120.0
RETRIES = 2


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A message and its way: `place` is where to connect to if there is no proxy."""

    url: str
    destination: Destination
    message: bytes = field(repr=False)
    tls: TlsTrust | None
    place: tuple[str, int]
    proxy: Proxy | None

    @property
    def way(self) -> str:
        """For error messages."""
        if self.proxy:
            return f"{self.url} by the proxy {self.proxy.address}"
        if self.place == (self.destination.host, self.destination.port):
            return self.url
        return f"{self.url} at {self.place[0]}:{self.place[1]}"


class HttpTransport:
    """Sends messages, over as few connections as possible. Close it, or use it in a `with`.

    Threads may share it: each has a connection of its own while it sends. All times are in seconds; the
    total covers all that `send` does, repetitions and pauses too. `connect_to` maps the host and the port of
    a URL to where the connection goes; what it maps elsewhere goes there without a proxy, while Host header
    and TLS stay with the URL. `environment` names the proxies. `pause` waits, `jitter` gives random numbers
    from 0 to 1.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        total_timeout: float = TOTAL_TIMEOUT,
        retries: int = RETRIES,
        connect_to: Callable[[str, int], tuple[str, int]] | None = None,
        environment: Mapping[str, str] = os.environ,
        pause: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._total_timeout = total_timeout
        self._retries = retries
        self._pause = pause
        self._jitter = jitter
        self._connect_to = connect_to
        self._environment = environment
        self._network = Network()
        self._client = httpx.Client(
            transport=_Pools(self._network),
            timeout=httpx.Timeout(read_timeout, connect=connect_timeout),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers={
                "Accept": CONTENT_TYPE,
                "Accept-Encoding": "identity",
                "Content-Type": CONTENT_TYPE,
                "User-Agent": "csc",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(self, url: str, message: bytes, tls: TlsTrust | None = None) -> bytes:
        """Post `message` to `url`; the body of the answer.

        `tls` is what the server's certificate has to lead to if `url` begins with https; None stands for the
        system's roots. An answer with an error status is given back like any other if it is a CMP message.

        Raises:
            ConnectFailed: if nothing was sent.
            TransportError: if no complete CMP answer came.
        """
        exchange = self._prepare(url, message, tls)
        deadline = time.monotonic() + self._total_timeout
        failed = 0
        reached: TransportError | None = None
        while True:
            attempt = Attempt(deadline, None if exchange.proxy else exchange.place)
            try:
                return self._attempt(exchange, attempt)
            except TransportError as error:
                if not isinstance(error, ConnectFailed):
                    reached = error
                wait = self._wait_after(error, attempt, failed)
                if wait is None or time.monotonic() + wait >= deadline:
                    raise (reached or error) from None
            failed += 1
            if wait:
                self._pause(wait)

    def _prepare(self, url: str, message: bytes, tls: TlsTrust | None) -> _Exchange:
        shown = clean(without_user(url))
        try:
            destination = parse_url(url)
        except ValueError as error:
            raise ConnectFailed(f"{shown} is no URL of a CMP server: {error}") from None
        host, port = destination.host, destination.port
        place = self._connect_to(host, port) if self._connect_to else (host, port)
        if place != (host, port):
            proxy = None
        else:
            try:
                proxy = proxy_for(destination, self._environment)
            except ValueError as error:
                raise ProxyRefused(f"no way to {shown}: {error}") from None
        trust = (tls or SYSTEM_ROOTS) if destination.scheme == "https" else None
        return _Exchange(shown, destination, message, trust, place, proxy)

    def _wait_after(self, error: TransportError, attempt: Attempt, failed: int) -> float | None:
        """The pause before the next attempt, None if there is none: the table of `http.retry`."""
        if failed >= self._retries:
            return None
        if isinstance(error, ServerBusy):
            return error.retry_after
        if isinstance(error, TlsFailed | ProxyRefused):
            return None
        if isinstance(error, ConnectFailed):
            return backoff(failed, self._jitter())
        if isinstance(error, ConnectionBroken) and attempt.was_stale:
            return 0.0
        return None

    def _attempt(self, exchange: _Exchange, attempt: Attempt) -> bytes:
        destination = exchange.destination
        request = self._client.build_request(
            "POST",
            f"{destination.scheme}://{destination.authority}/",
            content=exchange.message,
            headers={"Host": destination.authority},
            extensions={"exchange": exchange},
        )
        with self._network.attempting(attempt), self._naming(exchange, attempt):
            try:
                with closing(self._client.send(request, stream=True)) as response:
                    body = read_body(exchange.url, response.iter_raw())
                    received = attempt.received - attempt.head
                    check_end(exchange.url, response.headers, body, received)
                    return body
            except BaseException:
                attempt.hang_up()
                raise

    @contextmanager
    def _naming(self, exchange: _Exchange, attempt: Attempt) -> Generator[None]:
        """Errors of httpcore get names of ours."""
        try:
            yield
        except httpcore.ConnectTimeout:
            seconds = min(self._connect_timeout, self._total_timeout)
            raise ConnectFailed(
                f"no connection to {exchange.way} within {seconds:g} seconds"
            ) from None
        except (httpcore.ConnectError, httpx.InvalidURL) as error:
            raise ConnectFailed(f"no connection to {exchange.way}: {clean(str(error))}") from None
        except httpcore.ProxyError as error:
            raise ProxyRefused(f"no way to {exchange.way}: {clean(str(error))}") from None
        except httpcore.TimeoutException:
            raise TimedOut(
                f"no whole answer from {exchange.url} within {self._total_timeout:g} seconds"
                if attempt.is_last_wait
                else f"no answer from {exchange.url} within {self._read_timeout:g} seconds"
            ) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise ConnectionBroken(
                f"the connection to {exchange.way} broke: {clean(str(error))}"
            ) from None


class _Pools(httpx.BaseTransport):
    """Connections, a pool for each TLS trust and proxy; each is made when it is first needed."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._lock = threading.Lock()
        self._pools: dict[tuple[TlsTrust | None, Proxy | None], httpcore.ConnectionPool] = {}
        self._contexts: dict[TlsTrust, ssl.SSLContext] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        exchange: _Exchange = request.extensions["exchange"]
        destination = exchange.destination
        answer = self._pool(exchange).handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=destination.scheme,
                    host=destination.host,
                    port=None if destination.has_default_port else destination.port,
                    target=destination.target,
                ),
                headers=request.headers.raw,
                content=exchange.message,
                extensions={"timeout": request.extensions["timeout"]},
            )
        )
        response = httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))
        try:
            if not self._network.attempt.received:  # left over from the answer before
                raise ConnectionBroken(f"{exchange.url} answered before it was asked")
            check_head(exchange.url, response.status_code, response.headers)
        except BaseException:
            answer.close()
            raise
        return response

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    def _pool(self, exchange: _Exchange) -> httpcore.ConnectionPool:
        with self._lock:
            key = exchange.tls, exchange.proxy
            if key not in self._pools:
                context = self._context(exchange.tls) if exchange.tls else None
                self._pools[key] = open_pool(self._network, context, exchange.proxy)
            return self._pools[key]

    def _context(self, trust: TlsTrust) -> ssl.SSLContext:
        if trust not in self._contexts:
            self._contexts[trust] = make_context(trust)
        return self._contexts[trust]


class _Body(httpx.SyncByteStream):
    """The body of an answer of httpcore, for httpx."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()

"""A URL and a message in, the answer out: CMP over HTTP (RFC 9811). The only module that knows httpx."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import httpcore
import httpx

from .codec import MAX_MESSAGE_SIZE
from .errors import (
    AnswerTooLarge,
    ConnectFailed,
    ConnectionBroken,
    HTTPStatusError,
    TimedOut,
    TransportError,
    clean,
)
from .keepalive import KeepAliveBackend

CONTENT_TYPE = "application/pkixcmp"
# Seconds. A CA may sign with slow hardware, so it is given longer to answer than to take a connection.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
TOTAL_TIMEOUT = 120.0


class HttpTransport:
    """Sends messages, over as few connections as possible. Close it, or use it in a `with`.

    Redirects are not followed (RFC 9811 3.3 has no use for them). Proxies come from the environment, but
    never for loopback.
    """

    def __init__(self, total_timeout: float = TOTAL_TIMEOUT) -> None:
        self._total_timeout = total_timeout
        direct = _Direct()
        self._client = httpx.Client(
            # Loopback's patterns go before those of the environment's proxies, the last one after them.
            mounts={f"all://{host}": direct for host in ("127.0.0.1", "localhost", "[::1]", "*")},
            timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
            follow_redirects=False,
            headers={"Accept": CONTENT_TYPE, "Accept-Encoding": "identity"},
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

    def send(self, url: str, message: bytes) -> bytes:
        """Post `message` to `url`; the body of the answer.

        An answer with an error status is given back like any other if it is a CMP message (RFC 9811 3.1).

        Raises:
            TransportError: if no complete CMP answer came.
        """
        try:
            return self._post(url, message)
        except httpx.ConnectTimeout:
            raise ConnectFailed(
                f"no connection to {url} within {CONNECT_TIMEOUT:.0f} seconds"
            ) from None
        except httpx.ConnectError as error:
            raise ConnectFailed(f"no connection to {url}: {clean(str(error))}") from None
        except httpx.TimeoutException:
            raise TimedOut(f"no answer from {url} within {READ_TIMEOUT:.0f} seconds") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ConnectFailed(f"{url} is no URL: {error}") from None
        except httpx.HTTPError as error:
            raise ConnectionBroken(f"the connection to {url} broke: {clean(str(error))}") from None

    def _post(self, url: str, message: bytes) -> bytes:
        deadline = time.monotonic() + self._total_timeout
        headers = {"Content-Type": CONTENT_TYPE}
        with self._client.stream("POST", url, content=message, headers=headers) as response:
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind != CONTENT_TYPE:
                raise _not_cmp(url, response.status_code, kind)
            body = bytearray()
            for part in response.iter_raw():
                body += part
                if len(body) > MAX_MESSAGE_SIZE:
                    raise AnswerTooLarge(
                        f"the answer of {url} has more than {MAX_MESSAGE_SIZE} bytes"
                    )
                if time.monotonic() > deadline:
                    raise TimedOut(
                        f"no whole answer from {url} within {self._total_timeout:.0f} seconds"
                    )
            return bytes(body)


class _Direct(httpx.HTTPTransport):
    """Connections without a proxy, kept open where HTTP/1.0 allows it (see `keepalive`)."""

    def __init__(self) -> None:
        super().__init__()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(), network_backend=KeepAliveBackend()
        )


def _not_cmp(url: str, status: int, kind: str) -> TransportError:
    what = f"{clean(kind)} in place of {CONTENT_TYPE}" if kind else "no content type"
    return HTTPStatusError(f"{url} answered with HTTP status {status} and {what}")

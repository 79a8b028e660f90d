"""Connections in, connections out that stay open where an HTTP/1.0 server says that they may.

Some CMP servers, that of OpenSSL among them, answer `HTTP/1.0` with `Connection: keep-alive` (RFC 9112
C.2.2), and bind a transaction to its connection. h11 takes every HTTP/1.0 connection for closed after one
answer. The answer is therefore shown to it as what it is in effect: one of HTTP/1.1.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

_OLD = b"HTTP/1.0 "
_KEEP_ALIVE = re.compile(rb"^connection:[ \t]*keep-alive[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
# What a header may grow to before it is passed on as it is; h11 refuses it then.
_LONGEST_HEADER = 64 * 1024


class KeepAliveBackend(httpcore.SyncBackend):
    """Opens TCP connections as `httpcore.SyncBackend` does."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to `host`, with its answers shown as said above."""
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self._answer_begins = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(max_bytes, timeout)
        if not self._answer_begins:
            return data
        head = data
        while data and _is_open_header(head):
            data = self._inner.read(max_bytes, timeout)
            head += data
        self._answer_begins = False
        return _as_persistent(head)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._answer_begins = True
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _is_open_header(head: bytes) -> bool:
    """Whether this is the beginning of an HTTP/1.0 header that does not end yet."""
    is_old = head[: len(_OLD)] == _OLD[: len(head)]
    return is_old and b"\r\n\r\n" not in head and len(head) < _LONGEST_HEADER


def _as_persistent(answer: bytes) -> bytes:
    header = answer.partition(b"\r\n\r\n")[0]
    if header.startswith(_OLD) and _KEEP_ALIVE.search(header + b"\r"):
        return b"HTTP/1.1 " + answer[len(_OLD) :]
    return answer

"""HTTP on a bare socket: what is sent is exactly what a test says."""

import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from csc.runtime.sandbox.http.server import Server


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Exchange:
    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._file = connection.makefile("rb")

    def send(self, data: bytes) -> None:
        """A server that has said enough may have closed the connection."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def line(self) -> bytes:
        line = self._file.readline()
        assert line.endswith(b"\r\n"), line
        return line[:-2]

    def answer(self, has_body: bool = True) -> Answer:
        version, status, *_ = self.line().split(b" ")
        assert version == b"HTTP/1.1"
        headers: dict[str, str] = {}
        while line := self.line():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers["content-length"]) if has_body else 0
        return Answer(int(status), headers, self._file.read(length))

    def is_closed(self) -> bool:
        return self._file.read() == b""

    def close(self) -> None:
        self._file.close()


@contextmanager
def exchange(server: Server) -> Generator[Exchange]:
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        wire = Exchange(connection)
        try:
            yield wire
        finally:
            wire.close()


def post(target: str, body: bytes, *fields: str, version: str = "1.1") -> bytes:
    head = [
        f"POST {target} HTTP/{version}",
        "Host: ca",
        "Content-Type: application/pkixcmp",
        f"Content-Length: {len(body)}",
        *fields,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body

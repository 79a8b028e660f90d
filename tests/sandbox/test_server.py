"""The sandbox CA's HTTP: what is served, and what is refused with which status (RFC 9811)."""

import http.client
import socket
from collections.abc import Generator
from pathlib import Path

import pytest
from csc.runtime.cmp.codec import MAX_MESSAGE_SIZE, decode
from csc.runtime.cmp.model import BodyType
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import Server, serve

CMP = {"Content-Type": "application/pkixcmp"}


@pytest.fixture
def server(tmp_path: Path) -> Generator[Server]:
    with SandboxCA.open(tmp_path) as ca, serve(ca) as running:
        yield running


def ask(server: Server, method: str, body: bytes | None, headers: dict[str, str]) -> tuple:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    connection.request(method, "/any/path", body, headers)
    response = connection.getresponse()
    answer = response.status, response.headers.get_content_type(), response.read()
    connection.close()
    return answer


def test_listens_on_loopback_only(server: Server) -> None:
    assert server.host == "127.0.0.1"


def test_a_message_gets_a_message(server: Server) -> None:
    status, kind, body = ask(server, "POST", b"garbage", CMP)
    assert (status, kind) == (200, "application/pkixcmp")
    assert decode(body).body.type is BodyType.ERROR


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", CMP, 405),
        ("PUT", CMP, 405),
        ("POST", {"Content-Type": "text/plain"}, 415),
        ("POST", {}, 415),
        ("POST", {**CMP, "Content-Length": "x"}, 400),
        ("POST", {**CMP, "Content-Length": "-1"}, 400),
        ("POST", {**CMP, "Content-Length": str(MAX_MESSAGE_SIZE + 1)}, 413),
    ],
)
def test_what_is_no_message(
    server: Server, method: str, headers: dict[str, str], status: int
) -> None:
    assert ask(server, method, None, headers)[0] == status


def test_connection_is_kept(server: Server) -> None:
    """A client may send all messages of a transaction over one connection."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    for _ in range(3):
        connection.request("POST", "/", b"garbage", CMP)
        assert connection.getresponse().read()
    connection.close()


def test_idle_connection_does_not_stop_the_end(tmp_path: Path) -> None:
    """The server ends though a client holds a connection open and says nothing."""
    with SandboxCA.open(tmp_path) as ca:
        with serve(ca) as server:
            idle = socket.create_connection((server.host, server.port))
        idle.close()


def test_half_a_request_is_dropped(server: Server) -> None:
    with socket.create_connection((server.host, server.port)) as half:
        half.sendall(b"POST / HTTP/1.1\r\nContent-Type: application/pkixcmp\r\nContent-Length: 99")
    assert ask(server, "POST", b"garbage", CMP)[0] == 200

"""RFC 9483 6.1 and RFC 9811: CMP over HTTP."""

import http.client
import os
from collections.abc import Generator

import pytest
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import BodyType, InfoTypeAndValue
from csc.runtime.cmp.protection import protect
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import Server, serve
from peers.asker import SECRET, genm, header

CMP = "application/pkixcmp"
QUESTION = genm(InfoTypeAndValue("1.3.6.1.5.5.7.4.17"))  # caCerts


@pytest.fixture
def server(ca: SandboxCA) -> Generator[Server]:
    with serve(ca) as running:
        yield running


def post(server: Server, path: str, body: bytes, kind: str = CMP) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request("POST", path, body, {"Content-Type": kind})
        response = connection.getresponse()
        return response.status, response.headers.get_content_type(), response.read()
    finally:
        connection.close()


# RFC 9811 3.4; the operation labels are those of RFC 9483 6.1.
PATHS = [
    "/.well-known/cmp",
    "/.well-known/cmp/getcacerts",
    "/.well-known/cmp/p/tls-server",
    "/.well-known/cmp/p/tls-server/getcacerts",
    "/pkix/",
]


@pytest.mark.parametrize("path", PATHS)
def test_paths(server: Server, path: str) -> None:
    request = protect(header(), QUESTION, SECRET, random=os.urandom)
    status, kind, body = post(server, path, request)
    assert (status, kind) == (200, CMP)
    assert decode(body).body.type is BodyType.GENP


def test_refusal_is_a_message_too(server: Server) -> None:
    """Status 200 and the CMP media type: whatever the CA answers."""
    status, kind, body = post(server, "/.well-known/cmp", b"\x30\x00")
    assert (status, kind) == (200, CMP)
    assert decode(body).body.type is BodyType.ERROR


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "application/pkixcmpx"])
def test_other_media_types(server: Server, kind: str) -> None:
    request = protect(header(), QUESTION, SECRET, random=os.urandom)
    status, *_ = post(server, "/.well-known/cmp", request, kind)
    assert 400 <= status < 500


def test_media_type_with_parameters(server: Server) -> None:
    request = protect(header(), QUESTION, SECRET, random=os.urandom)
    status, *_ = post(server, "/.well-known/cmp", request, f"{CMP.upper()}; charset=binary")
    assert status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_post_only(server: Server, method: str) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    request = protect(header(), QUESTION, SECRET, random=os.urandom)
    connection.request(method, "/.well-known/cmp", request, {"Content-Type": CMP})
    assert 400 <= connection.getresponse().status < 500
    connection.close()

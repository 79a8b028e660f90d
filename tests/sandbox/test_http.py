"""HTTP of every kind on raw sockets, and the paths and statuses of RFC 9811 and RFC 9483 6.1."""

import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from csc.runtime.cmp.codec import MAX_MESSAGE_SIZE, decode
from csc.runtime.cmp.model import (
    BodyType,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
)
from csc.runtime.cmp.protection import protect
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import LIMITS, Server, serve
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import SECRET, enrolled, failures, genm, header, ir, issued, p10cr, rr
from peers.raw_http import Exchange, exchange, post

QUICK = replace(LIMITS, idle=0.3, request=0.3, lingering=0.3)


@contextmanager
def serving(
    folder: Path, limits=LIMITS, **behaviour: object
) -> Generator[tuple[SandboxCA, Server]]:
    with SandboxCA.open(folder, behaviour=Behaviour(**behaviour)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        with serve(ca, limits=limits) as server:
            yield ca, server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with serving(tmp_path_factory.mktemp("ca")) as (_, running):
        yield running


def message(body: PKIBody | None = None) -> bytes:
    return protect(header(), body or ir(), SECRET, random=os.urandom)


HOST = "Host: ca\r\n"
TYPE = "Content-Type: application/pkixcmp\r\n"
CASES = {
    # RFC 9112 2.2, 3: what begins a request
    "nothing but line ends, then garbage": ("\r\n\r\n\x01\x02\r\n\r\n", 400),
    "a TLS ClientHello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), 400),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/0.9": ("GET /\r\n\r\n", 400),
    "another version": (f"POST / HTTP/3.0\r\n{HOST}\r\n", 505),
    "no version": (f"POST /\r\n{HOST}\r\n", 400),
    "a version that is none": (f"POST / HTTP/1.x\r\n{HOST}\r\n", 400),
    "two blanks": (f"POST  / HTTP/1.1\r\n{HOST}\r\n", 400),
    "a target with a blank": (f"POST /a b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a target that is no path": (f"POST cmp HTTP/1.1\r\n{HOST}\r\n", 400),
    "CONNECT": (f"CONNECT ca:443 HTTP/1.1\r\n{HOST}\r\n", 400),
    "a long target": (f"POST /{'a' * 5000} HTTP/1.1\r\n{HOST}\r\n", 414),
    "a target without end": ("POST /" + "a" * 30000, 414),
    "bare line feeds": (f"POST / HTTP/1.1\n{HOST.strip()}\n\n", 400),
    "a bare line feed inside": (f"POST / HTTP/1.1\r\n{HOST}X: a\nY: b\r\n\r\n", 400),
    "a bare carriage return": (f"POST / HTTP/1.1\r\n{HOST}X: a\rY: b\r\n\r\n", 400),
    "NUL": (f"POST / HTTP/1.1\r\n{HOST}X: \0\r\n\r\n", 400),
    # RFC 9112 3.2, 5: fields
    "no Host": (f"POST / HTTP/1.1\r\n{TYPE}Content-Length: 0\r\n\r\n", 400),
    "two Hosts": (f"POST / HTTP/1.1\r\n{HOST}{HOST}\r\n", 400),
    "a blank before the colon": (f"POST / HTTP/1.1\r\n{HOST}X : a\r\n\r\n", 400),
    "a folded line": (f"POST / HTTP/1.1\r\n{HOST}X: a\r\n b\r\n\r\n", 400),
    "a line without a colon": (f"POST / HTTP/1.1\r\n{HOST}X\r\n\r\n", 400),
    "an empty name": (f"POST / HTTP/1.1\r\n{HOST}: a\r\n\r\n", 400),
    "many fields": (f"POST / HTTP/1.1\r\n{HOST}" + "X: a\r\n" * 200 + "\r\n", 431),
    "a large field": (f"POST / HTTP/1.1\r\n{HOST}X: {'a' * 20000}\r\n\r\n", 431),
    "a head without end": (f"POST / HTTP/1.1\r\n{HOST}" + "X: aaaaaaaaaaaa\r\n" * 2000, 431),
    "an expectation": (f"POST / HTTP/1.1\r\n{HOST}Expect: tea\r\n\r\n", 417),
    # RFC 9112 6: lengths
    "no length": (f"POST / HTTP/1.1\r\n{HOST}{TYPE}\r\n", 411),
    "a length that is none": (f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: x\r\n\r\n", 400),
    "a negative length": (f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: -1\r\n\r\n", 400),
    "a length with a sign": (f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: +1\r\n\r\n", 400),
    "a length in other digits": (
        f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: \xb2\r\n\r\n",
        400,
    ),
    "two lengths": (
        f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
        400,
    ),
    "a list of lengths": (f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: 1, 1\r\n\r\na", 400),
    "too long": (
        f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: {MAX_MESSAGE_SIZE + 1}\r\n\r\n",
        413,
    ),
    "a length beyond numbers": (
        f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: {'9' * 5000}\r\n\r\n",
        400,
    ),
    "length and coding": (
        f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "another coding": (f"POST / HTTP/1.1\r\n{HOST}{TYPE}Transfer-Encoding: gzip\r\n\r\n", 501),
    "two codings": (
        f"POST / HTTP/1.1\r\n{HOST}{TYPE}Transfer-Encoding: gzip, chunked\r\n\r\n",
        501,
    ),
    "a coding in HTTP/1.0": (
        f"POST / HTTP/1.0\r\n{HOST}{TYPE}Transfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    # RFC 9112 7.1: chunks
    "a chunk without size": (
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n\r\n",
        400,
    ),
    "a chunk's size that is none": (
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0x1\r\n",
        400,
    ),
    "a chunk that is longer than it says": (
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n1\r\naaa\r\n",
        400,
    ),
    "a huge chunk": (
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        413,
    ),
    "chunks that are too many": (
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n" + "1\r\na\r\n" * 5000,
        400,
    ),
    "an extension without end": (
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n1;" + "a" * 1000,
        400,
    ),
    "a trailer without end": (
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n" + "X: a\r\n" * 9000,
        400,
    ),
    # RFC 9110: methods and types
    "GET": (f"GET / HTTP/1.1\r\n{HOST}\r\n", 405),
    "HEAD": (f"HEAD / HTTP/1.1\r\n{HOST}\r\n", 405),
    "OPTIONS of all": (f"OPTIONS * HTTP/1.1\r\n{HOST}\r\n", 405),
    "PUT": (f"PUT / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: 0\r\n\r\n", 405),
    "a method that is not known": (f"BREW / HTTP/1.1\r\n{HOST}\r\n", 501),
    "another type": (
        f"POST / HTTP/1.1\r\n{HOST}Content-Type: text/plain\r\nContent-Length: 1\r\n\r\na",
        415,
    ),
    "no type": (f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1\r\n\r\na", 415),
    # RFC 9811 3.6: paths
    "an operation that is not known": (post("/.well-known/cmp/brew", b"a"), 404),
    "a profile that is not known": (post("/.well-known/cmp/p/brew", b"a"), 404),
    "no profile": (post("/.well-known/cmp/p/", b"a"), 404),
    "an operation in another place": (post("/.well-known/cmp/keyupdate/x", b"a"), 404),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_no_request(server: Server, name: str) -> None:
    sent, status = CASES[name]
    with exchange(server) as wire:
        wire.send(sent if isinstance(sent, bytes) else sent.encode("latin-1"))
        assert wire.answer(has_body=name != "HEAD").status == status
    assert works(server)


def works(server: Server) -> bool:
    with exchange(server) as wire:
        wire.send(post("/", message()))
        return wire.answer().status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/cmp/",
        "/ejbca/publicweb/cmp/alias?x=y",
        "/.well-known/cmpx",
        "/.well-known/cmp",
        "/.well-known/cmp/",
        "/.well-known/cmp/initialization",
        "/.well-known/cmp/initiali%7aation/",
        "/.well-known/cmp/p/tls-server",
        "/.well-known/cmp/p/tls-server/initialization",
        "http://ca/.well-known/cmp/initialization",
    ],
)
def test_paths(server: Server, target: str) -> None:
    with exchange(server) as wire:
        wire.send(post(target, message()))
        answer = wire.answer()
        assert (answer.status, answer.headers["content-type"]) == (200, "application/pkixcmp")
        assert answer.headers["cache-control"] == "no-store"
        assert decode(answer.body).body.type is BodyType.IP


def test_profile_of_the_path(server: Server) -> None:
    with exchange(server) as wire:
        wire.send(post("/.well-known/cmp/p/tls-server", message()))
        certificate = issued(decode(wire.answer().body))
    assert "serverAuth" in str(certificate.extensions)


CA_CERTS = InfoTypeAndValue("1.3.6.1.5.5.7.4.17")
CURRENT_CRL = InfoTypeAndValue("1.3.6.1.5.5.7.4.6")


@pytest.mark.parametrize(
    ("label", "body", "is_right"),
    [
        ("initialization", ir(), True),
        ("certification", ir(body_type=BodyType.CR), True),
        ("pkcs10", p10cr(), True),
        ("getcacerts", genm(CA_CERTS), True),
        ("certification", ir(), False),
        ("initialization", ir(body_type=BodyType.CR), False),
        ("keyupdate", ir(), False),
        ("revocation", ir(), False),
        ("nested", ir(), False),
        ("pkcs10", ir(), False),
        ("initialization", p10cr(), False),
        ("getcacerts", genm(CURRENT_CRL), False),
        ("getcacerts", genm(CA_CERTS, CURRENT_CRL), False),
        ("getcrls", genm(CA_CERTS), False),
    ],
)
def test_operation_of_the_path(server: Server, label: str, body: PKIBody, is_right: bool) -> None:
    with exchange(server) as wire:
        wire.send(post(f"/.well-known/cmp/{label}", message(body)))
        answer = wire.answer()
    assert answer.status == 200
    read = decode(answer.body)
    assert (read.body.type is not BodyType.ERROR) is is_right
    if not is_right:
        assert failures(read) == {PKIFailureInfo.BAD_REQUEST}


def test_revocation_and_confirmation_go_to_the_path_of_their_operation(tmp_path: Path) -> None:
    with serving(tmp_path) as (ca, server):
        _, credential = enrolled(ca)
        request = protect(
            header(sender=credential.certificate.subject),
            rr(credential.certificate),
            credential,
            random=os.urandom,
        )
        with exchange(server) as wire:
            wire.send(post("/.well-known/cmp/revocation", request))
            assert decode(wire.answer().body).body.type is BodyType.RP
        assert ca.ledger()[0].status is Status.REVOKED


@pytest.mark.parametrize("tag", [15, 16, 17, 18])
def test_announcements_get_no_message(server: Server, tag: int) -> None:
    """RFC 9811 3.7. The body of a genm gets the tag of an announcement."""
    data = message(genm())
    assert data.count(b"\xb5\x02\x30\x00") == 1
    with exchange(server) as wire:
        wire.send(
            post("/", data.replace(b"\xb5\x02\x30\x00", bytes([0xA0 | tag]) + b"\x02\x30\x00"))
        )
        answer = wire.answer()
    assert (answer.status, answer.headers["content-type"]) == (501, "text/plain; charset=utf-8")


# -- connections -----------------------------------------------------------------------------------


def test_http_1_0(server: Server) -> None:
    with exchange(server) as wire:
        wire.send(post("/", message(), version="1.0"))
        assert wire.answer().headers["connection"] == "close"
        assert wire.is_closed()
    with exchange(server) as wire:
        for _ in range(2):
            wire.send(post("/", message(), "Connection: keep-alive", version="1.0"))
            assert wire.answer().headers["connection"] == "keep-alive"


def test_connection_ends_with_an_error(server: Server) -> None:
    """RFC 9811 5, item 1."""
    with exchange(server) as wire:
        wire.send(post("/", b"garbage"))
        assert wire.answer().headers["connection"] == "close"
        assert wire.is_closed()


def test_connection_stays_with_status_waiting(tmp_path: Path) -> None:
    with serving(tmp_path, polls=1, waits_by_error=True) as (_, server), exchange(server) as wire:
        wire.send(post("/", message()))
        answer = wire.answer()
        assert decode(answer.body).body.type is BodyType.ERROR
        assert "connection" not in answer.headers


def test_client_that_closes(server: Server) -> None:
    with exchange(server) as wire:
        wire.send(post("/", message(), "Connection: close"))
        assert wire.answer().headers["connection"] == "close"
        assert wire.is_closed()


def test_pipelined(server: Server) -> None:
    """Requests that are sent ahead are answered in order, whatever comes behind them."""
    sent = [message(), message(genm(CA_CERTS)), message()]
    with exchange(server) as wire:
        wire.send(b"".join(post("/", data) for data in sent) + b"garbage\r\n\r\n")
        kinds = [decode(wire.answer().body).body.type for _ in sent]
        assert kinds == [BodyType.IP, BodyType.GENP, BodyType.IP]
        assert wire.answer().status == 400
        assert wire.is_closed()


@pytest.mark.parametrize("size", [1, 7, 100, 10000])
def test_chunked(server: Server, size: int) -> None:
    data = message()
    chunks = [data[n : n + size] for n in range(0, len(data), size)]
    body = b"".join(b"%X;x=y\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    head = f"POST / HTTP/1.1\r\n{HOST}{TYPE}Transfer-Encoding: Chunked\r\n\r\n".encode()
    with exchange(server) as wire:
        for _ in range(2):  # and the connection goes on
            wire.send(head + body + b"0\r\nTrailer: x\r\n\r\n")
            assert wire.answer().status == 200


def test_byte_by_byte(server: Server) -> None:
    data = post("/", message())
    with exchange(server) as wire:
        for n in range(len(data)):
            wire.send(data[n : n + 1])
        assert wire.answer().status == 200


def test_continue(server: Server) -> None:
    data = message()
    head = post("/", data, "Expect: 100-continue")[: -len(data)]
    with exchange(server) as wire:
        wire.send(head)
        assert wire.line() == b"HTTP/1.1 100 Continue"
        assert wire.line() == b""
        wire.send(data)
        assert wire.answer().status == 200


def test_no_continue_for_what_is_too_large(server: Server) -> None:
    head = (
        f"POST / HTTP/1.1\r\n{HOST}{TYPE}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
    )
    with exchange(server) as wire:
        wire.send(head.encode())
        assert wire.answer().status == 413


def test_refusal_reaches_a_client_that_sends_on(server: Server) -> None:
    """Closing at once would reset the connection, and take the answer away."""
    with exchange(server) as wire:
        wire.send(f"POST / HTTP/1.1\r\n{HOST}{TYPE}Content-Length: 9999999\r\n\r\n".encode())
        wire.send(bytes(500_000))
        assert wire.answer().status == 413


def test_half_closed(server: Server) -> None:
    with exchange(server) as wire:
        wire.send(post("/", message()))
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.answer().status == 200


@pytest.mark.parametrize("begun", [b"POST / HT", post("/", b"a" * 100)[:-1]])
def test_slow_client(tmp_path: Path, begun: bytes) -> None:
    """A request has its time from its first byte, however many bytes come."""
    with serving(tmp_path, QUICK) as (_, server), exchange(server) as slow:
        slow.send(begun)
        assert slow.answer().status == 408
        assert slow.is_closed()


def test_drip(tmp_path: Path) -> None:
    with serving(tmp_path, QUICK) as (_, server), exchange(server) as slow:
        slow.send(b"POST / HTTP/1.1\r\n")
        slow.socket.settimeout(0.01)
        deadline = time.monotonic() + 30
        answer = b""
        while not answer and time.monotonic() < deadline:
            slow.send(b"X: a\r\n")
            try:
                answer = slow.socket.recv(100)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_idle_connection_ends(tmp_path: Path) -> None:
    with serving(tmp_path, QUICK) as (_, server), exchange(server) as idle:
        assert idle.is_closed()


def test_too_many_connections(tmp_path: Path) -> None:
    few = replace(LIMITS, connections=3)
    with serving(tmp_path, few) as (_, server):
        held: list[Exchange] = []
        contexts = [exchange(server) for _ in range(3)]
        held = [context.__enter__() for context in contexts]
        for wire in held:  # they are known to be there once they are answered
            wire.send(post("/", message()))
            assert wire.answer().status == 200
        with exchange(server) as late:
            late.send(post("/", message()))
            answer = late.answer()
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert late.is_closed()
        for context in contexts:
            context.__exit__(None, None, None)
        deadline = time.monotonic() + 30
        while not works_or_busy(server) and time.monotonic() < deadline:
            pass
        assert works_or_busy(server)


def works_or_busy(server: Server) -> bool:
    with exchange(server) as wire:
        wire.send(post("/", message()))
        return wire.answer().status == 200


def test_requests_of_a_connection(tmp_path: Path) -> None:
    with serving(tmp_path, replace(LIMITS, requests=2)) as (_, server), exchange(server) as wire:
        wire.send(post("/", message()))
        assert "connection" not in wire.answer().headers
        wire.send(post("/", message()))
        assert wire.answer().headers["connection"] == "close"
        assert wire.is_closed()


def test_held_back(tmp_path: Path) -> None:
    """An answer that is held back keeps nobody else waiting."""
    with serving(tmp_path, delay=0.5) as (ca, server), exchange(server) as first:
        begun = time.monotonic()
        first.send(post("/", message()))
        while not ca.requests():
            assert time.monotonic() < begun + 30
        ca.change_behaviour({"delay": 0})
        with exchange(server) as second:
            second.send(post("/", message()))
            assert second.answer().status == 200
        assert first.answer().status == 200
        assert time.monotonic() - begun >= 0.5


def test_mistakes_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one request brings about by a mistake undoes nothing of the others."""
    with SandboxCA.open(tmp_path) as ca, serve(ca) as server:
        ca.add_secret(SECRET.reference, SECRET.secret)
        monkeypatch.setattr("csc.runtime.sandbox.ca.expire", lambda ledger, now: 1 / 0)
        with exchange(server) as wire:
            wire.send(post("/", message()))
            answer = wire.answer()
        monkeypatch.undo()
        assert failures(decode(answer.body)) == {PKIFailureInfo.SYSTEM_FAILURE}
        assert ca.ledger() == ()
        assert [entry.failures for entry in ca.requests()] == ["systemFailure"]
        assert works(server)

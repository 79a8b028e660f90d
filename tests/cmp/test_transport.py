"""CMP over HTTP, against a real server on loopback."""

import socket
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from csc.runtime.cmp.codec import MAX_MESSAGE_SIZE
from csc.runtime.cmp.errors import (
    AnswerTooLarge,
    ConnectFailed,
    ConnectionBroken,
    HTTPStatusError,
    TimedOut,
    TransportError,
)
from csc.runtime.cmp.transport import HttpTransport

PKIXCMP = "application/pkixcmp"
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Reads the request, notes it, and leaves the answer to the test."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(self)
        self.server.answer(self)

    def do_GET(self) -> None:
        self.server.seen.append(self)
        reply(self, b"followed")

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.seen: list[Handler] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/pkix/"


@contextmanager
def serving(answer: Answer) -> Generator[Server]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


def reply(
    handler: Handler, body: bytes, *, status: int = 200, kind: str | None = PKIXCMP, **more: str
) -> None:
    handler.send_response(status)
    if kind is not None:
        handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    for field, value in more.items():
        handler.send_header(field, value)
    handler.end_headers()
    handler.wfile.write(body)


def send(server: Server, message: bytes = b"question", **options: float) -> bytes:
    with HttpTransport(**options) as http:
        return http.send(server.url, message)


def test_a_message_is_posted_and_the_answer_comes_back() -> None:
    """RFC 9811 3.2: POST, application/pkixcmp, the message as it is."""
    with serving(lambda handler: reply(handler, b"\x00answer\xff")) as server:
        assert send(server, b"\x30\x00\xff") == b"\x00answer\xff"
    (request,) = server.seen
    assert request.command == "POST"
    assert request.path == "/pkix/"
    assert request.headers["Content-Type"] == PKIXCMP
    assert request.body == b"\x30\x00\xff"


def test_a_transaction_uses_one_connection() -> None:
    with serving(lambda handler: reply(handler, handler.body)) as server, HttpTransport() as http:
        assert [http.send(server.url, bytes([n])) for n in range(3)] == [b"\0", b"\1", b"\2"]
    assert len({request.client_address for request in server.seen}) == 1


def old_reply(handler: Handler, *headers: bytes, size: int = 1) -> None:
    """An HTTP/1.0 answer, written in pieces of `size` bytes."""
    lines = (b"HTTP/1.0 200 OK", b"Content-Type: application/pkixcmp", *headers, b"", handler.body)
    answer = b"\r\n".join(lines)
    for start in range(0, len(answer), size):
        handler.wfile.write(answer[start : start + size])
        handler.wfile.flush()
    handler.close_connection = b"Connection: keep-alive" not in headers


@pytest.mark.parametrize("size", [1, 1000])
def test_http_1_0_connections_are_kept_where_the_server_says_so(size: int) -> None:
    """RFC 9112 C.2.2. Openssl's CMP server knows a transaction only as long as its connection."""

    def answer(handler: Handler) -> None:
        old_reply(handler, b"Connection: keep-alive", b"Content-Length: 2", size=size)

    with serving(answer) as server, HttpTransport() as http:
        assert [http.send(server.url, bytes([n, 7])) for n in range(3)] == [
            b"\0\7",
            b"\1\7",
            b"\2\7",
        ]
    assert len({request.client_address for request in server.seen}) == 1


@pytest.mark.parametrize(
    "headers", [(b"Content-Length: 2",), (), (b"Connection: close", b"Content-Length: 2")]
)
def test_http_1_0_connections_are_closed_otherwise(headers: tuple[bytes, ...]) -> None:
    with serving(lambda handler: old_reply(handler, *headers)) as server, HttpTransport() as http:
        assert [http.send(server.url, bytes([n, 7])) for n in range(2)] == [b"\0\7", b"\1\7"]
    assert len({request.client_address for request in server.seen}) == 2


def test_threads_share_a_transport() -> None:
    """Each gets the answer to its own message, over a connection that nobody else uses meanwhile."""
    together = threading.Barrier(4)
    with (
        serving(lambda handler: reply(handler, handler.body)) as server,
        HttpTransport() as http,
        ThreadPoolExecutor(4) as pool,
    ):

        def talk(thread: int) -> list[bool]:
            together.wait()
            messages = [bytes([thread, n]) * 5000 for n in range(10)]
            return [http.send(server.url, message) == message for message in messages]

        assert all(all(right) for right in pool.map(talk, range(4)))
    assert len({request.client_address for request in server.seen}) <= 4


@pytest.mark.parametrize("kind", ["application/pkixcmp; charset=x", "Application/PKIXCMP"])
def test_the_content_type_is_read_as_http_reads_it(kind: str) -> None:
    with serving(lambda handler: reply(handler, b"answer", kind=kind)) as server:
        assert send(server) == b"answer"


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_cmp_message_with_an_error_status_is_handed_up(status: int) -> None:
    """The CMP layer says more than the status does."""
    with serving(lambda handler: reply(handler, b"error body", status=status)) as server:
        assert send(server) == b"error body"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (404, "text/html", "HTTP status 404 and text/html in place of application/pkixcmp"),
        (200, "text/html", "HTTP status 200 and text/html in place of application/pkixcmp"),
        (500, None, "HTTP status 500 and no content type"),
    ],
)
def test_what_is_no_cmp_message_is_named(status: int, kind: str | None, words: str) -> None:
    with (
        serving(lambda handler: reply(handler, b"<html>", status=status, kind=kind)) as server,
        pytest.raises(HTTPStatusError, match=words),
    ):
        send(server)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with (
        serving(
            lambda handler: reply(
                handler, b"", status=status, kind="text/html", Location="/elsewhere"
            )
        ) as server,
        pytest.raises(HTTPStatusError, match=f"HTTP status {status}"),
    ):
        send(server)
    assert [request.path for request in server.seen] == ["/pkix/"]


def test_the_largest_answer_passes_and_a_byte_more_does_not() -> None:
    with serving(lambda handler: reply(handler, bytes(MAX_MESSAGE_SIZE))) as server:
        assert len(send(server)) == MAX_MESSAGE_SIZE
    with (
        serving(lambda handler: reply(handler, bytes(MAX_MESSAGE_SIZE + 1))) as server,
        pytest.raises(AnswerTooLarge, match="more than 1048576 bytes"),
    ):
        send(server)


def test_an_endless_answer_is_cut_off() -> None:
    """The size is checked while reading; the server would never stop."""

    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", PKIXCMP)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            while not handler.server.released.is_set():
                handler.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        except OSError:
            pass
        handler.close_connection = True

    with serving(endless) as server, pytest.raises(AnswerTooLarge):
        send(server)


def test_an_answer_that_drips_is_cut_off_by_the_total_time() -> None:
    """Each piece comes in time; the whole does not."""

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", PKIXCMP)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        try:
            while not handler.server.released.wait(0.005):
                handler.wfile.write(b"x")
        except OSError:
            pass
        handler.close_connection = True

    with serving(drip) as server, pytest.raises(TimedOut, match="no whole answer"):
        send(server, total_timeout=0.05)


def test_no_answer_is_a_timeout() -> None:
    def silent(handler: Handler) -> None:
        handler.server.released.wait()
        handler.close_connection = True

    with (
        serving(silent) as server,
        pytest.raises(TimedOut, match=r"no answer from .* within 0\.05 seconds"),
    ):
        send(server, read_timeout=0.05)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\n"])
def test_a_connection_that_ends_early_is_broken(sent: bytes) -> None:
    def hang_up(handler: Handler) -> None:
        handler.wfile.write(sent)
        handler.close_connection = True

    with serving(hang_up) as server, pytest.raises(ConnectionBroken, match="broke"):
        send(server)


def test_half_an_answer_is_broken() -> None:
    def half(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", PKIXCMP)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.close_connection = True

    with serving(half) as server, pytest.raises(ConnectionBroken):
        send(server)


def test_what_is_not_http_is_broken() -> None:
    def babble(handler: Handler) -> None:
        handler.wfile.write(b"220 \x1b[31mmail ready\r\n\r\n")
        handler.close_connection = True

    with serving(babble) as server, pytest.raises(ConnectionBroken) as caught:
        send(server)
    assert str(caught.value).isprintable()


def test_nobody_listens() -> None:
    pauses: list[float] = []
    with socket.socket() as bound:  # bound, but not listening
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        with (
            HttpTransport(pause=pauses.append, jitter=lambda: 1.0) as http,
            pytest.raises(ConnectFailed, match="no connection to"),
        ):
            http.send(url, b"question")
    assert pauses == [0.5, 1.0]


@pytest.mark.parametrize(
    "url", ["", "pkix", "ftp://127.0.0.1/", "http://", "http://[::1", "http://a:b/"]
)
def test_what_is_no_url_is_not_connected_to(url: str) -> None:
    with HttpTransport() as http, pytest.raises(TransportError) as caught:
        http.send(url, b"question")
    assert isinstance(caught.value, ConnectFailed)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    with socket.socket() as proxy:
        proxy.bind(("127.0.0.1", 0))
        for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        for variable in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(variable, raising=False)
        with (
            serving(lambda handler: reply(handler, b"direct")) as server,
            HttpTransport() as http,
        ):
            assert http.send(f"http://{host}:{server.server_port}/", b"question") == b"direct"


def test_a_proxy_of_the_environment_is_used_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda handler: reply(handler, b"by proxy")) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        for variable in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(variable, raising=False)
        with HttpTransport() as http:
            assert http.send("http://ca.example/pkix/", b"question") == b"by proxy"
    assert [request.path for request in proxy.seen] == ["http://ca.example/pkix/"]

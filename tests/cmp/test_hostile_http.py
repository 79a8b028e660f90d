"""Whatever a server does to HTTP or TLS ends in a named error, in time, and in little memory."""

import gzip
import tracemalloc
from dataclasses import dataclass

import pytest
from csc.runtime.cmp.codec import MAX_MESSAGE_SIZE, decode
from csc.runtime.cmp.errors import (
    AnswerTooLarge,
    CMPError,
    ConnectFailed,
    ConnectionBroken,
    HTTPStatusError,
    MalformedMessage,
    Redirected,
    ServerBusy,
    TimedOut,
    TlsFailed,
    TransportError,
)
from csc.runtime.cmp.transport import HttpTransport, TlsTrust
from peers.hostile import Connection, Script, after_request, answering, hostile, http_answer
from peers.tls import der, make_tls_root, server_context

# Seconds: the one for faults that have to end by themselves, the other for those that only time ends.
PATIENT, SHORT = 20.0, 0.3
MOST_MEMORY = 8 * MAX_MESSAGE_SIZE
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(64 * MAX_MESSAGE_SIZE))


@dataclass(frozen=True)
class Fault:
    script: Script
    error: type[CMPError]
    words: str
    total: float = PATIENT


def close_at_once(connection: Connection) -> None:
    del connection


def reset_at_once(connection: Connection) -> None:
    connection.read_request()
    connection.reset()


def reset_in_the_body(connection: Connection) -> None:
    connection.read_request()
    connection.send(HEAD + b"Content-Length: 100\r\n\r\nhalf")
    connection.reset()


def silent(connection: Connection) -> None:
    connection.wait()


def flood(head: bytes, data: bytes) -> Script:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(head)
        connection.flood(data)

    return script


def drip(head: bytes, data: bytes) -> Script:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(head)
        connection.drip(data)

    return script


def stay_open(data: bytes) -> Script:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(data)
        connection.wait()

    return script


def redirect(status: str, **headers: str) -> Script:
    return after_request(http_answer(b"", status=status, kind=None, **headers))


def other(status: str, kind: str | None = "text/html", **headers: str) -> Script:
    return after_request(http_answer(b"<html>", status=status, kind=kind, **headers))


def lengths(*values: str) -> Script:
    lines = "".join(f"Content-Length: {value}\r\n" for value in values)
    return after_request(HEAD + lines.encode() + b"\r\nanswer")


FAULTS = {
    # The connection
    "closes at once": Fault(close_at_once, ConnectionBroken, "broke"),
    "closes after the request": Fault(after_request(b""), ConnectionBroken, "broke"),
    "closes in the status line": Fault(after_request(b"HTTP/1.1 2"), ConnectionBroken, "broke"),
    "closes in the headers": Fault(after_request(HEAD), ConnectionBroken, "broke"),
    "closes after the headers": Fault(lengths("6000"), ConnectionBroken, "broke"),
    "closes in a chunk": Fault(after_request(CHUNKED + b"20\r\nhalf"), ConnectionBroken, "broke"),
    "closes before the last chunk": Fault(
        after_request(CHUNKED + b"4\r\nhalf\r\n"), ConnectionBroken, "broke"
    ),
    "resets at once": Fault(reset_at_once, ConnectionBroken, "broke"),
    "resets in the body": Fault(reset_in_the_body, ConnectionBroken, "broke"),
    # Not HTTP
    "garbage in place of a status line": Fault(
        after_request(b"\x00\xff\x1b[31m\r\n\r\n"), ConnectionBroken, "broke"
    ),
    "HTTP/0.9": Fault(after_request(b"\x30\x03\x02\x01\x00"), ConnectionBroken, "broke"),
    "another protocol": Fault(
        after_request(b"220 \x1b[31mmail ready\r\n\r\n"), ConnectionBroken, "broke"
    ),
    "a status without a number": Fault(
        after_request(b"HTTP/1.1 fine\r\n\r\n"), ConnectionBroken, "broke"
    ),
    "a status of four digits": Fault(
        after_request(b"HTTP/1.1 2000 OK\r\n\r\n"), ConnectionBroken, "broke"
    ),
    "a version to come": Fault(
        after_request(HEAD.replace(b"1.1", b"4.0") + b"\r\n"), ConnectionBroken, "another version"
    ),
    "a header without a colon": Fault(
        after_request(HEAD + b"what is this\r\n\r\n"), ConnectionBroken, "broke"
    ),
    "a header with NUL": Fault(after_request(HEAD + b"A: \x00\r\n\r\n"), ConnectionBroken, "broke"),
    "TLS on a plain port": Fault(
        after_request(b"\x15\x03\x01\x00\x02\x02\x46"), ConnectionBroken, "port for https"
    ),
    # Length
    "Content-Length too short": Fault(lengths("3"), ConnectionBroken, "more than the 3 bytes"),
    "Content-Length too long": Fault(
        stay_open(http_answer(b"answer", Content_Length="7")), TimedOut, "no whole answer", SHORT
    ),
    "Content-Length negative": Fault(lengths("-1"), ConnectionBroken, "broke"),
    "Content-Length in words": Fault(lengths("six"), ConnectionBroken, "broke"),
    "Content-Length twice": Fault(lengths("6", "5"), ConnectionBroken, "broke"),
    "Content-Length of ten thousand digits": Fault(
        lengths("9" * 10_000), ConnectionBroken, "broke"
    ),
    "two framings": Fault(
        after_request(HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        HTTPStatusError,
        "both Content-Length and Transfer-Encoding",
    ),
    "a framing that nobody knows": Fault(
        after_request(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n"), ConnectionBroken, "broke"
    ),
    "a chunk of no size": Fault(
        after_request(CHUNKED + b"zz\r\nanswer\r\n"), ConnectionBroken, "broke"
    ),
    "a chunk longer than it says": Fault(
        after_request(CHUNKED + b"2\r\nanswer\r\n0\r\n\r\n"), ConnectionBroken, "broke"
    ),
    "no body": Fault(after_request(http_answer(b"")), HTTPStatusError, "empty body"),
    # Size
    "an endless header": Fault(flood(HEAD + b"A: ", b"a" * 999), AnswerTooLarge, "headers"),
    "endless headers": Fault(flood(HEAD, b"Name: value\r\n"), AnswerTooLarge, "headers"),
    "hundreds of headers": Fault(
        after_request(HEAD + b"A: b\r\n" * 300 + b"\r\n"), AnswerTooLarge, "256 lines"
    ),
    "an endless status line": Fault(flood(b"HTTP/1.1 200 ", b"o" * 999), AnswerTooLarge, "headers"),
    "endless interim answers": Fault(
        flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), AnswerTooLarge, "headers"
    ),
    "endless trailers": Fault(
        flood(CHUNKED + b"1\r\nx\r\n0\r\n", b"A: b\r\n"), ConnectionBroken, "broke"
    ),
    "an endless chunk extension": Fault(
        flood(CHUNKED + b"1;", b"a" * 999), ConnectionBroken, "broke"
    ),
    "an endless body": Fault(flood(HEAD + b"\r\n", bytes(65536)), AnswerTooLarge, "1048576"),
    "endless chunks": Fault(
        flood(CHUNKED, b"10000\r\n" + bytes(0x10000) + b"\r\n"), AnswerTooLarge, "1048576"
    ),
    "a body of gigabytes": Fault(
        flood(HEAD + b"Content-Length: 99999999999\r\n\r\n", bytes(65536)),
        AnswerTooLarge,
        "1048576",
    ),
    "a gzip bomb": Fault(
        after_request(http_answer(BOMB, Content_Encoding="gzip")), HTTPStatusError, "gzip"
    ),
    # Time
    "never answers": Fault(silent, TimedOut, "no whole answer", SHORT),
    "drips the status line": Fault(drip(b"", b"HTTP/1.1 200 " * 99), TimedOut, "no whole", SHORT),
    "drips headers": Fault(drip(HEAD, b"A: b\r\n"), TimedOut, "no whole", SHORT),
    "drips interim answers": Fault(
        drip(b"", b"HTTP/1.1 102 Wait\r\n\r\n"), TimedOut, "no whole", SHORT
    ),
    "drips the body": Fault(
        drip(HEAD + b"Content-Length: 9999\r\n\r\n", b"x"), TimedOut, "no whole", SHORT
    ),
    "drips chunks": Fault(drip(CHUNKED, b"1\r\nx\r\n"), TimedOut, "no whole", SHORT),
    # Answers that hold no CMP message
    "301": Fault(
        redirect("301 Moved", Location="https://user:secret@other.example/p?token=secret#x"),
        Redirected,
        "status 301 and points to https://other.example/p$",
    ),
    "302 to nonsense": Fault(
        redirect("302 Found", Location="http://[::1\x1b[31m"), Redirected, r"http://\[::1 \[31m$"
    ),
    "303": Fault(redirect("303 See Other", Location="/elsewhere"), Redirected, "to /elsewhere"),
    "307": Fault(redirect("307 Temporary", Location="//elsewhere"), Redirected, "to //elsewhere"),
    "308 to far away": Fault(
        redirect("308 Permanent", Location="/" + "a" * 9999), Redirected, "to /a{199}…$"
    ),
    "300 without a place": Fault(redirect("300 Choose"), HTTPStatusError, "status 300"),
    "204": Fault(after_request(b"HTTP/1.1 204 No\r\n\r\n"), HTTPStatusError, "status 204"),
    "304": Fault(after_request(b"HTTP/1.1 304 Old\r\n\r\n"), HTTPStatusError, "status 304"),
    "101": Fault(
        after_request(b"HTTP/1.1 101 Up\r\nUpgrade: x\r\n\r\n"), ConnectionBroken, "broke"
    ),
    "202 with a message": Fault(
        after_request(http_answer(b"answer", status="202 Accepted")),
        HTTPStatusError,
        "status 202 in place of 200",
    ),
    "200 with HTML": Fault(
        other("200 OK"), HTTPStatusError, "status 200 and text/html in place of application/pkixcmp"
    ),
    "200 without a type": Fault(other("200 OK", None), HTTPStatusError, "no content type"),
    "200 with a polluted type": Fault(
        other("200 OK", "text/\xa0\x85" + "x" * 999), HTTPStatusError, "text/  x+… in place of"
    ),
    "two types": Fault(
        after_request(HEAD + http_answer(b"answer").partition(b"\r\n")[2]),
        HTTPStatusError,
        "application/pkixcmp, application/pkixcmp in place of",
    ),
    "401": Fault(other("401 Unauthorized"), HTTPStatusError, "status 401"),
    "407": Fault(other("407 Proxy"), HTTPStatusError, "status 407"),
    "502": Fault(other("502 Bad Gateway"), HTTPStatusError, "status 502"),
    "503 for an hour": Fault(
        other("503 Busy", Retry_After="3600"), ServerBusy, "asked again in 3600 seconds"
    ),
    # What HTTP cannot see
    "HTML that says it is CMP": Fault(after_request(http_answer(b"<html>")), MalformedMessage, "."),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_a_name(name: str) -> None:
    """One attempt each: what may have reached the CA is not sent again."""
    fault = FAULTS[name]
    with (
        hostile(fault.script) as server,
        HttpTransport(total_timeout=fault.total) as http,
        pytest.raises(fault.error, match=fault.words) as caught,
    ):
        decode(http.send(server.url, b"question"))
    assert type(caught.value) is fault.error
    assert server.connections == 1
    shown = str(caught.value)
    assert shown.isprintable()
    assert "secret" not in shown
    assert len(shown) < 400
    assert caught.value.way_out


@pytest.mark.parametrize(
    "name",
    [name for name in FAULTS if name.startswith(("a gzip", "an endless", "endless", "a body"))],
)
def test_a_fault_takes_little_memory(name: str) -> None:
    with hostile(FAULTS[name].script) as server, HttpTransport() as http:
        tracemalloc.start()
        try:
            with pytest.raises(TransportError):
                http.send(server.url, b"question")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < MOST_MEMORY


def test_silence_is_told_by_the_time_for_reading() -> None:
    with (
        hostile(silent) as server,
        HttpTransport(read_timeout=0.1) as http,
        pytest.raises(TimedOut, match=r"no answer from .* within 0\.1 seconds"),
    ):
        http.send(server.url, b"question")


def test_a_server_that_does_not_read_is_given_up() -> None:
    """A large message fills the buffers between here and there."""
    with (
        hostile(lambda connection: connection.stopped.wait() and None) as server,
        HttpTransport(total_timeout=SHORT) as http,
        pytest.raises(TimedOut),
    ):
        http.send(server.url, bytes(64 * MAX_MESSAGE_SIZE))


def test_interim_answers_are_passed_over() -> None:
    """RFC 9110 15.2: a client must be able to, asked for or not."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with (
        hostile(after_request(interim + http_answer(b"answer"))) as server,
        HttpTransport() as http,
    ):
        assert http.send(server.url, b"question") == b"answer"


def test_an_answer_that_was_not_asked_for_is_not_the_next_one() -> None:
    """It lies in the buffer behind the end of the first one, which only its framing shows."""
    answer = CHUNKED + b"6\r\nanswer\r\n0\r\n\r\n"

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer + http_answer(b"planted"))
        connection.wait()

    with hostile(script) as server, HttpTransport() as http:
        assert http.send(server.url, b"question") == b"answer"
        with pytest.raises(ConnectionBroken):
            http.send(server.url, b"question")


def test_what_is_left_of_a_wrong_answer_is_not_the_next_one() -> None:
    planted = http_answer(b"answer" + http_answer(b"planted"), Content_Length="6")

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(http_answer(b"answer 1") if connection.number else planted)
        connection.wait()

    with hostile(script) as server, HttpTransport() as http:
        with pytest.raises(ConnectionBroken, match="more than the 6 bytes"):
            http.send(server.url, b"question")
        assert http.send(server.url, b"question") == b"answer 1"


def test_a_connection_that_speaks_unasked_is_not_used_again() -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(http_answer(b"answer %d" % connection.number))
        if connection.number == 0:
            connection.read_request()  # never comes

    with hostile(script) as server, HttpTransport() as http:
        assert http.send(server.url, b"question") == b"answer 0"
        server.speak(0, b"HTTP/1.1 408 Too slow\r\n\r\n")
        assert http.send(server.url, b"question") == b"answer 1"


ROOT = make_tls_root("TLS root")
TRUST = TlsTrust(der(ROOT), uses_system=False)
TLS_FAULTS = {
    "another name": (server_context(ROOT, "other.example"), "mismatch", "subjectAltName"),
    "no name": (server_context(ROOT), "mismatch", "subjectAltName"),
    "signed by itself": (server_context(None, "127.0.0.1"), "self-signed", "issued"),
    "another CA": (
        server_context(make_tls_root("Other root"), "127.0.0.1"),
        "unable to get local issuer",
        "issued",
    ),
    "expired": (server_context(ROOT, "127.0.0.1", begins=-9, ends=-1), "has expired", "renewed"),
    "not valid yet": (
        server_context(ROOT, "127.0.0.1", begins=1, ends=9),
        "not yet valid",
        "clock",
    ),
}


@pytest.mark.parametrize("name", TLS_FAULTS)
def test_a_refused_certificate_has_a_name(name: str) -> None:
    """The message is not sent, not even once more."""
    context, got, way_out = TLS_FAULTS[name]
    with (
        hostile(answering(bytes), context) as server,
        HttpTransport(total_timeout=PATIENT) as http,
        pytest.raises(
            TlsFailed, match=r"certificate of 127\.0\.0\.1 is refused: expected"
        ) as caught,
    ):
        http.send(server.url, b"question", TRUST)
    assert got in caught.value.got
    assert way_out in caught.value.way_out
    assert server.connections == 1
    assert not server.requests


def test_a_plain_server_on_a_port_for_https() -> None:
    def plain(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 400 Bad\r\n\r\n")
        connection.wait()

    with (
        hostile(plain) as server,
        HttpTransport(total_timeout=PATIENT) as http,
        pytest.raises(TlsFailed, match=r"no TLS with 127\.0\.0\.1") as caught,
    ):
        http.send(server.url.replace("http:", "https:"), b"question", TRUST)
    assert "is this a port for https" in caught.value.way_out


def test_a_handshake_that_breaks_off() -> None:
    pauses: list[float] = []
    with (
        hostile(close_at_once) as server,
        HttpTransport(total_timeout=PATIENT, pause=pauses.append) as http,
        pytest.raises(ConnectFailed),
    ):
        http.send(server.url.replace("http:", "https:"), b"question", TRUST)
    assert len(pauses) == 2
    assert server.connections == 3


@pytest.mark.parametrize("script", [silent, drip(b"", b"\x16\x03\x03\x40\x00")])
def test_a_handshake_that_takes_for_ever(script: Script) -> None:
    def ignoring(connection: Connection) -> None:
        connection.read_request = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
        script(connection)

    with (
        hostile(ignoring) as server,
        HttpTransport(total_timeout=SHORT) as http,
        pytest.raises(ConnectFailed, match="no connection to"),
    ):
        http.send(server.url.replace("http:", "https:"), b"question", TRUST)

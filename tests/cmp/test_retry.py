"""When the same message is sent again, and when not: the table of `http.retry`."""

import socket
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from csc.runtime.cmp.errors import (
    ConnectionBroken,
    HTTPStatusError,
    ServerBusy,
    TransportError,
)
from csc.runtime.cmp.http.retry import asked_pause, backoff
from csc.runtime.cmp.transport import HttpTransport
from peers.hostile import Connection, Script, after_request, answering, hostile, http_answer

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def busy(status: str = "503 Busy", **headers: str) -> Script:
    return after_request(http_answer(b"later", status=status, kind="text/plain", **headers))


def in_turn(*scripts: Script) -> Script:
    """Each connection by its script, the last one for all that follow."""

    def script(connection: Connection) -> None:
        scripts[min(connection.number, len(scripts) - 1)](connection)

    return script


def once(connection: Connection) -> None:
    """Answers one request, and says that more may follow; then closes on reading one more."""
    answering_one = connection.read_request()
    assert answering_one
    connection.send(http_answer(answering_one.body))
    connection.read_request()


@pytest.mark.parametrize("status", ["503 Busy", "429 Slow down"])
def test_a_busy_server_is_asked_again_when_it_says(status: str) -> None:
    pauses: list[float] = []
    script = in_turn(busy(status, Retry_After="7"), answering(bytes))
    with hostile(script) as server, HttpTransport(pause=pauses.append) as http:
        assert http.send(server.url, b"question") == b"question"
    assert pauses == [7]
    assert [request.body for request in server.requests] == [b"question", b"question"]


def test_a_server_that_stays_busy() -> None:
    pauses: list[float] = []
    with (
        hostile(busy(Retry_After="1")) as server,
        HttpTransport(pause=pauses.append) as http,
        pytest.raises(ServerBusy, match="status 503: it wants to be asked again in 1 seconds"),
    ):
        http.send(server.url, b"question")
    assert pauses == [1, 1]


def test_a_pause_beyond_the_total_time_is_not_begun() -> None:
    with (
        hostile(busy(Retry_After="60")) as server,
        HttpTransport(total_timeout=50, pause=lambda _: pytest.fail("paused")) as http,
        pytest.raises(ServerBusy) as caught,
    ):
        http.send(server.url, b"question")
    assert caught.value.retry_after == 60


@pytest.mark.parametrize(
    "script", [busy(), busy("502 Bad", Retry_After="1"), busy("504 Late", Retry_After="1")]
)
def test_what_a_gateway_says_may_have_reached_the_ca(script: Script) -> None:
    with hostile(script) as server, HttpTransport() as http, pytest.raises(HTTPStatusError):
        http.send(server.url, b"question")
    assert server.connections == 1


def test_an_answer_is_never_asked_for_again() -> None:
    answer = http_answer(b"error", status="503 Busy", Retry_After="1")
    with hostile(after_request(answer)) as server, HttpTransport() as http:
        assert http.send(server.url, b"question") == b"error"
    assert server.connections == 1


@pytest.mark.parametrize("how", ["closes", "resets"])
def test_a_kept_connection_that_is_gone_is_replaced(how: str) -> None:
    """It ends while the request is under way, which looks the same as an idle one that just ended."""

    def first(connection: Connection) -> None:
        once(connection)
        if how == "resets":
            connection.reset()

    with hostile(in_turn(first, answering(bytes))) as server, HttpTransport() as http:
        assert http.send(server.url, b"one") == b"one"
        assert http.send(server.url, b"two") == b"two"
    assert [request.body for request in server.requests] == [b"one", b"two", b"two"]


def test_a_kept_connection_that_breaks_within_the_answer_is_not_replaced() -> None:
    def script(connection: Connection) -> None:
        once(connection)
        connection.send(b"HTTP")

    with hostile(script) as server, HttpTransport() as http:
        assert http.send(server.url, b"one") == b"one"
        with pytest.raises(ConnectionBroken):
            http.send(server.url, b"two")
    assert server.connections == 1


def test_connect_failed_means_that_nothing_was_sent() -> None:
    """A journal is closed on ConnectFailed: it is not told once a message may have reached the CA."""
    with hostile(once) as server, HttpTransport(pause=lambda _: None) as http:
        assert http.send(server.url, b"one") == b"one"
        server.close_listener()
        with pytest.raises(TransportError) as caught:
            http.send(server.url, b"two")
    assert type(caught.value) is ConnectionBroken


def test_a_server_that_comes_up_is_reached() -> None:
    """Nothing was sent while nobody listened."""
    with ExitStack() as stack:
        bound = stack.enter_context(socket.socket())
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]

        def start(seconds: float) -> None:
            del seconds
            bound.close()
            stack.enter_context(hostile(answering(bytes), port=port))

        http = stack.enter_context(HttpTransport(pause=start))
        assert http.send(f"http://127.0.0.1:{port}/", b"question") == b"question"


def test_backoff_doubles_and_is_spread() -> None:
    assert [backoff(n, 1.0) for n in range(3)] == [0.5, 1.0, 2.0]
    assert [backoff(n, 0.0) for n in range(3)] == [0.25, 0.5, 1.0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("9" * 5000, 999999999.0),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("Wed, 25 Nov 2026 12:00:30", 30.0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("１", None),
        ("Wed, 99 Nov 99999999 12:00:30 GMT", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert asked_pause(503, text, NOON) == seconds

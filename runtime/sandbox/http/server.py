"""The sandbox CA over HTTP (RFC 9811): requests in, what the CA answers out, and who listens where."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from ...cmp.codec import MAX_MESSAGE_SIZE
from ..ca import SandboxCA
from ..ledger.traffic import RequestEntry
from ..requests.outcome import Outcome, Posted
from .loop import Answer, Limits, Loop
from .messages import Reply, Request, refusal
from .paths import UnknownPath, read_path
from .published import published

CONTENT_TYPE = "application/pkixcmp"
LIMITS = Limits(body=MAX_MESSAGE_SIZE)
# RFC 9811 3.7: an announcement is not answered by a CMP message, and nobody has anything to announce to a CA.
_ANNOUNCEMENTS = ("ckuann", "cann", "rann", "crlann")
_METHODS = ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "GET", "HEAD", "POST")

Watch = Callable[[RequestEntry], None]
Complain = Callable[[Exception], None]


@dataclass(frozen=True, slots=True)
class Server:
    """Where a running server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The URL to send requests to; any path is served."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


def _ignore(what: object) -> None:
    del what


@contextmanager
def serve(
    ca: SandboxCA,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    limits: Limits = LIMITS,
    watch: Watch = _ignore,
    complain: Complain = _ignore,
) -> Generator[Server]:
    """Serve `ca` for the length of the block; port 0 takes a free one.

    Every message is told to `watch` once its answer is durable, every mistake of this program to `complain`.

    Raises:
        OSError: if the port is taken, or the address is none of this machine.
    """
    with listening(host, port, _answering(ca, watch, complain), limits) as server:
        yield server


@contextmanager
def listening(host: str, port: int, answer: Answer, limits: Limits) -> Generator[Server]:
    """Answer requests in a thread of its own for the length of the block.

    Raises:
        OSError: as in `serve`.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        loop = Loop(listener, answer, limits)
    except BaseException:
        listener.close()
        raise
    server = Server(host, listener.getsockname()[1])
    thread = threading.Thread(target=loop.run, name="sandbox-ca")
    thread.start()
    try:
        yield server
    finally:
        loop.stop()
        thread.join()


def _answering(ca: SandboxCA, watch: Watch, complain: Complain) -> Answer:
    def answer(requests: Sequence[Request]) -> Sequence[Reply]:
        replies = [_read_safely(request) for request in requests]
        posted = [message for message in replies if isinstance(message, Posted)]
        outcomes: list[Outcome | Exception]
        try:
            outcomes = ca.handle_all(posted) if posted else []
        except Exception as error:
            outcomes = [error] * len(posted)
        left = iter(outcomes)
        return [_reply(next(left)) if isinstance(r, Posted) else r for r in replies]

    def _read_safely(request: Request) -> Reply | Posted:
        try:
            return _read(ca, request)
        except Exception as error:  # no request may end the thread that serves all
            return _mistake(error)

    def _mistake(error: Exception) -> Reply:
        complain(error)
        return refusal(
            HTTPStatus.INTERNAL_SERVER_ERROR, "this is a mistake of the server's", closes=True
        )

    def _reply(outcome: Outcome | Exception) -> Reply:
        if isinstance(outcome, Exception):
            return _mistake(outcome)
        watch(outcome.entry)
        if outcome.entry.kind in _ANNOUNCEMENTS:
            return refusal(HTTPStatus.NOT_IMPLEMENTED, "announcements are not taken")
        # RFC 9811 5, item 1: the connection ends with an error.
        return Reply(
            HTTPStatus.OK,
            CONTENT_TYPE,
            outcome.answer,
            closes=outcome.is_error,
            delay=outcome.delay,
        )

    return answer


def _read(ca: SandboxCA, request: Request) -> Reply | Posted:
    """The message that a request carries, or what is answered without one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_message = request.method == "POST" and kind == CONTENT_TYPE
    if not is_message:
        found = _published(ca, request)
        if found is not None:
            return found
    try:
        labels = read_path(request.path, ca.profile_names)
    except UnknownPath as error:
        return refusal(HTTPStatus.NOT_FOUND, str(error))
    if is_message:
        return Posted(request.body, labels.operation, labels.profile)
    if request.method == "POST":  # RFC 9811 3.4
        return refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"Content-Type is {CONTENT_TYPE}",
            ("Accept-Post", CONTENT_TYPE),
        )
    if request.method not in _METHODS:
        return refusal(HTTPStatus.NOT_IMPLEMENTED, "there is no such method")
    return refusal(
        HTTPStatus.METHOD_NOT_ALLOWED, "CMP messages are sent with POST", ("Allow", "POST")
    )


def _published(ca: SandboxCA, request: Request) -> Reply | None:
    """What the CA publishes at the path of a request: the one place for whatever is not CMP."""
    found = published(ca, request.method, request.path, request.headers, request.body)
    if found is None:
        return None
    return Reply(found.status, found.content_type, found.body, found.headers)

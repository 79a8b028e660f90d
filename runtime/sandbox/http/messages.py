"""Bytes of a connection in, HTTP requests out; replies in, their bytes out (RFC 9110, 9112). No I/O.

What is not exactly HTTP/1.0 or 1.1 is refused with the status that says why; nothing is guessed, and nothing
that is too large is kept.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

# Bytes. Clients of CMP send some hundred.
MOST_OF_A_HEAD = 16 * 1024
MOST_OF_A_TARGET = 4 * 1024
_MOST_OF_A_CHUNK_LINE = 256
_MOST_FIELDS = 64
_MOST_CHUNKS = 4096

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~]+) HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_TOKEN_BYTES = frozenset(
    b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\r\n"
)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_ONCE = ("host", "content-length", "transfer-encoding", "content-type")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Malformed(Exception):
    """What came is no request that is served; the connection cannot go on."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Names in `headers` are in lower case; `keeps`: the client wants to send another one."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)  # Authorization is one of them
    body: bytes = field(repr=False)
    minor: int = 1
    keeps: bool = True

    @property
    def path(self) -> str:
        """The path of the target, as it came, without a query."""
        path = self.target
        if not path.startswith("/"):  # absolute-form, RFC 9112 3.2.2
            _, _, path = path.partition("://")
            path = "/" + path.partition("/")[2]
        return path.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. `delay` is seconds to hold it back; `closes` ends the connection with it."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    closes: bool = False
    delay: float = 0.0


def refusal(
    status: HTTPStatus, text: str, *headers: tuple[str, str], closes: bool = False
) -> Reply:
    """A reply that says in a line what is wrong."""
    return Reply(status, "text/plain; charset=utf-8", f"{text}\n".encode(), headers, closes)


def encode(reply: Reply, request: Request | None, *, closes: bool) -> bytes:
    """The bytes of the reply to a request, or to what is none."""
    head = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}\r\nDate: {_date(int(time.time()))}"]
    if reply.content_type:
        head.append(f"Content-Type: {reply.content_type}")
    if reply.status != HTTPStatus.NOT_MODIFIED:  # it would be what is not sent that has a length
        head.append(f"Content-Length: {len(reply.body)}")
    given = {name.lower() for name, _ in reply.headers}
    if "cache-control" not in given:
        head.append("Cache-Control: no-store")
    head += [f"{name}: {value}" for name, value in reply.headers]
    if closes:
        head.append("Connection: close")
    elif request is not None and request.minor == 0:
        head.append("Connection: keep-alive")
    head.append("\r\n")
    body = b"" if request is not None and request.method == "HEAD" else reply.body
    return "\r\n".join(head).encode("latin-1", "replace") + body


@lru_cache(maxsize=32)
def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


@dataclass(frozen=True, slots=True)
class _Head:
    method: str
    target: str
    minor: int
    headers: dict[str, str]
    keeps: bool
    length: int | None  # None: chunked
    expects: bool


class Reader:
    """Reads the requests of one connection, one after the other."""

    __slots__ = (
        "_body",
        "_buffer",
        "_chunks",
        "_head",
        "_left",
        "_limit",
        "_searched",
        "wants_continue",
    )

    def __init__(self, limit: int) -> None:
        """`limit` is the most bytes of a body."""
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0
        self._head: _Head | None = None
        self._body = bytearray()
        # Of a chunk: bytes that are still to come; 0: its size is; -1: the trailer is.
        self._left = 0
        self._chunks = 0
        self.wants_continue = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has come."""
        return self._head is None and not self._buffer

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._buffer += data

    def next(self) -> Request | None:
        """The next request, None until it is there as a whole.

        Raises:
            Malformed: if it is none, or too large.
        """
        if self._head is None:
            head = self._read_head()
            if head is None:
                return None
            self._head = head
            self.wants_continue = head.expects
        head = self._head
        body = self._read_chunks() if head.length is None else self._take(head.length)
        if body is None:
            return None
        self._head = None
        self.wants_continue = False
        return Request(head.method, head.target, head.headers, body, head.minor, head.keeps)

    def _take(self, length: int) -> bytes | None:
        if len(self._buffer) < length:
            return None
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    # -- head --------------------------------------------------------------------------------------

    def _read_head(self) -> _Head | None:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # RFC 9112 2.2
            del buffer[:2]
        if not buffer:
            self._searched = 0
            return None
        if buffer[0] not in _TOKEN_BYTES:
            raise Malformed(HTTPStatus.BAD_REQUEST, "this is no HTTP; TLS is not served")
        end = buffer.find(b"\r\n\r\n", max(0, self._searched - 3), MOST_OF_A_HEAD + 4)
        if end < 0:
            self._check_unfinished(buffer)
            self._searched = len(buffer)
            return None
        lines = bytes(buffer[:end]).split(b"\r\n")
        del buffer[: end + 4]
        self._searched = 0
        return self._parse(lines)

    @staticmethod
    def _check_unfinished(buffer: bytearray) -> None:
        line = buffer.find(b"\n", 0, MOST_OF_A_HEAD)
        if line == 0 or (line > 0 and buffer[line - 1] != 0x0D):
            raise Malformed(HTTPStatus.BAD_REQUEST, "lines end with CR and LF")
        if line < 0 and len(buffer) > MOST_OF_A_TARGET + 64:
            raise Malformed(HTTPStatus.REQUEST_URI_TOO_LONG, "the request line is too long")
        if len(buffer) > MOST_OF_A_HEAD:
            raise Malformed(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"a head has at most {MOST_OF_A_HEAD} bytes",
            )

    def _parse(self, lines: list[bytes]) -> _Head:
        match = _REQUEST_LINE.fullmatch(lines[0])
        if match is None:
            raise Malformed(HTTPStatus.BAD_REQUEST, "the request line cannot be read")
        method, target, major, minor = match.groups()
        if major != b"1":
            raise Malformed(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is served")
        if len(target) > MOST_OF_A_TARGET:
            raise Malformed(HTTPStatus.REQUEST_URI_TOO_LONG, "the target is too long")
        headers = _fields(lines[1:])
        version = min(int(minor), 1)
        if version == 1 and "host" not in headers:  # RFC 9112 3.2
            raise Malformed(HTTPStatus.BAD_REQUEST, "Host is missing")
        if not target.startswith(b"/") and b"://" not in target and target != b"*":
            raise Malformed(HTTPStatus.BAD_REQUEST, "the target is no path")
        connection = {word.strip().lower() for word in headers.get("connection", "").split(",")}
        keeps = "close" not in connection and (version == 1 or "keep-alive" in connection)
        expects = headers.get("expect", "").lower()
        if expects not in ("", "100-continue"):
            raise Malformed(HTTPStatus.EXPECTATION_FAILED, "100-continue can be expected")
        return _Head(
            method.decode(),
            target.decode(),
            version,
            headers,
            keeps,
            self._length(method, headers, version),
            expects != "" and version == 1,
        )

    def _length(self, method: bytes, headers: dict[str, str], version: int) -> int | None:
        """RFC 9112 6.3. None: the body is chunked."""
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is not None:
            if length is not None or version == 0:  # RFC 9112 6.1: somebody tries something
                raise Malformed(HTTPStatus.BAD_REQUEST, "Transfer-Encoding cannot stand here")
            if coding.strip().lower() != "chunked":
                raise Malformed(HTTPStatus.NOT_IMPLEMENTED, "chunked is the only coding served")
            self._left = self._chunks = 0
            self._body = bytearray()
            return None
        if length is None:
            if method in (b"POST", b"PUT", b"PATCH"):
                raise Malformed(HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing")
            return 0
        if not (length.isascii() and length.isdigit() and len(length) <= 19):
            raise Malformed(HTTPStatus.BAD_REQUEST, "Content-Length is no length")
        if int(length) > self._limit:
            raise self._too_large()
        return int(length)

    def _too_large(self) -> Malformed:
        return Malformed(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a message has at most {self._limit} bytes"
        )

    # -- chunks (RFC 9112 7.1) ---------------------------------------------------------------------

    def _read_chunks(self) -> bytes | None:
        while self._left >= 0:
            if self._left == 0:
                line = self._line(_MOST_OF_A_CHUNK_LINE)
                if line is None:
                    return None
                match = _CHUNK_SIZE.fullmatch(line)
                if match is None:
                    raise Malformed(HTTPStatus.BAD_REQUEST, "a chunk's size cannot be read")
                size = int(match[1], 16)
                if len(self._body) + size > self._limit:
                    raise self._too_large()
                self._left = size + 2 if size else -1
                self._chunks += 1
                if self._chunks > _MOST_CHUNKS:
                    raise Malformed(HTTPStatus.BAD_REQUEST, "there are too many chunks")
            else:
                data = self._take(self._left)
                if data is None:
                    return None
                if not data.endswith(b"\r\n"):
                    raise Malformed(HTTPStatus.BAD_REQUEST, "a chunk is longer than it says")
                self._body += memoryview(data)[:-2]
                self._left = 0
        while True:  # the trailer says nothing that is needed
            line = self._line(MOST_OF_A_HEAD)
            if line is None:
                return None
            if not line:
                return bytes(self._body)
            self._left -= len(line)
            if -self._left > MOST_OF_A_HEAD:
                raise Malformed(HTTPStatus.BAD_REQUEST, "the trailer is too long")

    def _line(self, most: int) -> bytes | None:
        end = self._buffer.find(b"\r\n", 0, most + 2)
        if end < 0:
            if len(self._buffer) > most:
                raise Malformed(HTTPStatus.BAD_REQUEST, "a line of the body is too long")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line


def _fields(lines: list[bytes]) -> dict[str, str]:
    """RFC 9112 5. A folded line, a blank before the colon and the like are refused."""
    if len(lines) > _MOST_FIELDS:
        raise Malformed(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"a head has at most {_MOST_FIELDS} fields"
        )
    headers: dict[str, str] = {}
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise Malformed(HTTPStatus.BAD_REQUEST, "a header field cannot be read")
        name = match[1].decode().lower()
        value = match[2].decode("latin-1").rstrip(" \t")
        if name in headers:
            if name in _ONCE:
                raise Malformed(HTTPStatus.BAD_REQUEST, f"{name} stands there twice")
            value = f"{headers[name]}, {value}"
        headers[name] = value
    return headers

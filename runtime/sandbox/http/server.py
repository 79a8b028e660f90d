"""The sandbox CA over HTTP on loopback (RFC 9811)."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ...cmp.codec import MAX_MESSAGE_SIZE
from ..ca import SandboxCA
from .published import OCSP_REQUEST, published

CONTENT_TYPE = "application/pkixcmp"
# Seconds that a client may take for one read before its connection is closed.
_PATIENCE = 30


@dataclass(frozen=True, slots=True)
class Server:
    """Where a running server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The URL to send requests to; any path is served."""
        return f"http://{self.host}:{self.port}/"


@contextmanager
def serve(ca: SandboxCA, host: str = "127.0.0.1", port: int = 0) -> Generator[Server]:
    """Serve `ca` for the length of the block; port 0 takes a free one.

    Raises:
        OSError: if the port is taken.
    """
    server = _Server((host, port), _handler(ca))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="sandbox-ca")
    thread.start()
    try:
        yield Server(host, server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    # A connection that a client keeps open must not keep the process alive.
    daemon_threads = True
    block_on_close = False


def _handler(ca: SandboxCA) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "csc-sandbox"
        sys_version = ""
        timeout = _PATIENCE
        # An answer leaves as a whole: its end does not wait until its beginning is acknowledged.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            length = self.headers.get("Content-Length", "")
            if kind != CONTENT_TYPE and kind != OCSP_REQUEST:
                self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type is {CONTENT_TYPE}")
            elif not length.isascii() or not length.isdigit():
                self._refuse(HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing")
            elif int(length) > MAX_MESSAGE_SIZE:
                self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the message is too large")
            else:
                request = self.rfile.read(int(length))
                if len(request) != int(length):
                    return
                if not self._publish(request):
                    if kind != CONTENT_TYPE:
                        text = f"Content-Type is {CONTENT_TYPE}"
                        self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, text)
                    else:
                        self._answer(HTTPStatus.OK, CONTENT_TYPE, ca.respond(request))

        def do_GET(self) -> None:
            if not self._publish(b""):
                self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "CMP messages are sent with POST")

        def _publish(self, body: bytes) -> bool:
            found = published(ca, self.command, self.path, dict(self.headers.items()), body)
            if found is None:
                return False
            if found.status >= HTTPStatus.BAD_REQUEST:
                self.close_connection = True
            self._answer(found.status, found.content_type, found.body, found.headers)
            return True

        do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815

        def _refuse(self, status: HTTPStatus, text: str) -> None:
            self.close_connection = True  # what follows on the connection was not read
            self._answer(status, "text/plain", f"{text}\n".encode())

        def _answer(
            self,
            status: int,
            kind: str,
            body: bytes,
            headers: tuple[tuple[str, str], ...] = (),
        ) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            if status != HTTPStatus.NOT_MODIFIED:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    return Handler

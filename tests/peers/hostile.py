"""A server on loopback that does with a connection whatever a test says.

A script is a function of a `Connection`; each connection runs it in a thread of its own. What goes over the
wire is written byte by byte, so that HTTP can be broken anywhere. For faults of CMP itself, `answering` makes
a script of a function of message to message, and speaks proper HTTP around it:

    with hostile(answering(lambda request: ca.confirm(request))) as server:
        http.send(server.url, request)

`server.requests` lists what came, in order. Servers stop with their block; scripts that wait end then, too.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

PKIXCMP = "application/pkixcmp"


@dataclass(frozen=True)
class Request:
    """`headers` by name in lower case; `connection` counts from 0."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


class Connection:
    """One client's connection. `stopped` is set when the server stops."""

    def __init__(self, connected: socket.socket, number: int, server: "Server") -> None:
        self.socket = connected
        self.number = number
        self.stopped = server.stopped
        self._server = server
        self._buffer = b""

    def read_request(self) -> Request | None:
        """The next request, None if the client hung up."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._fill():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            if not self._fill():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        method, target, _ = first.split(" ")
        request = Request(method, target, headers, body, self.number)
        self._server.requests.append(request)
        return request

    def _fill(self) -> bool:
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def flood(self, data: bytes) -> None:
        """Send `data` again and again, until the client hangs up."""
        while not self.stopped.is_set():
            self.send(data)

    def drip(self, data: bytes, *, pace: float = 0.01) -> None:
        """Send a byte at a time, one each `pace` seconds, beginning anew at the end."""
        while True:
            for byte in data:
                if self.stopped.wait(pace):
                    return
                self.send(bytes([byte]))

    def wait(self) -> None:
        """Say nothing until the client hangs up."""
        while self._fill():
            pass

    def reset(self) -> None:
        """Close with RST in place of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.socket = self._server.keep(context.wrap_socket(self.socket, server_side=True))


Script = Callable[[Connection], None]


class Server:
    """`url` has a path; `port` is for URLs of other shapes."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None, port: int) -> None:
        self.stopped = threading.Event()
        self.requests: list[Request] = []
        self.connections = 0
        self._script = script
        self._tls = tls
        self._failures: list[BaseException] = []
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._spawn(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/pkix/"

    def keep(self, connected: socket.socket) -> socket.socket:
        """Have a socket closed when the server stops."""
        self._sockets.append(connected)
        return connected

    def speak(self, number: int, data: bytes) -> None:
        """Send `data` to the client of a connection, whatever its script does."""
        self._sockets[number].sendall(data)

    def close_listener(self) -> None:
        """Take no more connections; those that are open stay."""
        self._hang_up(self._listener)

    def stop(self) -> None:
        self.stopped.set()
        self._hang_up(self._listener)
        for connected in self._sockets:
            self._hang_up(connected)
        for thread in self._threads:
            thread.join(10)
        if self._failures:
            raise self._failures[0]

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(self.keep(connected), self.connections, self)
            self.connections += 1
            self._spawn(self._serve, connection)

    def _serve(self, connection: Connection) -> None:
        try:
            if self._tls is not None:
                connection.start_tls(self._tls)
            self._script(connection)
        except OSError:
            pass  # the client hung up, as it should
        except BaseException as error:  # a test's own mistake
            self._failures.append(error)
        finally:
            connection.socket.close()

    @staticmethod
    def _hang_up(connected: socket.socket) -> None:
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)
        connected.close()


@contextmanager
def hostile(script: Script, tls: ssl.SSLContext | None = None, port: int = 0) -> Generator[Server]:
    """A server that runs `script` for each connection, over TLS with `tls`; port 0 takes a free one."""
    server = Server(script, tls, port)
    try:
        yield server
    finally:
        server.stop()


def http_answer(
    body: bytes, *, status: str = "200 OK", kind: str | None = PKIXCMP, **headers: str
) -> bytes:
    """A proper HTTP answer; headers are named with underscores, `Content_Length=""` leaves it out."""
    fields = {"Content_Type": kind or "", "Content_Length": f"{len(body)}", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1") + body


def answering(answer: Callable[[bytes], bytes]) -> Script:
    """A script that answers each request as a CMP server does, with what `answer` makes of its body."""

    def script(connection: Connection) -> None:
        while (request := connection.read_request()) is not None:
            connection.send(http_answer(answer(request.body)))

    return script


def after_request(data: bytes) -> Script:
    """A script that reads a request, sends `data`, whatever that is, and closes."""

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(data)

    return script

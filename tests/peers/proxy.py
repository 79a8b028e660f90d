"""A little HTTP proxy as a script of `peers.hostile`: whatever name is asked for, it leads to one port."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from .hostile import Connection, Script


def proxying(port: int) -> Script:
    """Forward http requests (RFC 9112 3.2.2) and open tunnels (RFC 9110 9.3.6), all to a loopback port."""

    def script(connection: Connection) -> None:
        while (request := connection.read_request()) is not None:
            if request.method == "CONNECT":
                with socket.create_connection(("127.0.0.1", port)) as upstream:
                    connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    _tunnel(connection.socket, upstream)
                return
            parts = urlsplit(request.target)
            lines = [f"{request.method} {parts.path} HTTP/1.1"]
            lines += [f"{k}: {v}" for k, v in request.headers.items() if not k.startswith("proxy-")]
            head = "\r\n".join([*lines, "", ""]).encode("latin-1")
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                upstream.sendall(head + request.body)
                upstream.shutdown(socket.SHUT_WR)  # so that it closes when it has answered
                while data := upstream.recv(65536):
                    connection.send(data)

    return script


def _tunnel(one: socket.socket, other: socket.socket) -> None:
    back = threading.Thread(target=_copy, args=(other, one))
    back.start()
    _copy(one, other)
    back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

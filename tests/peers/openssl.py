"""`openssl cmp` as a peer: its mock server, and its client."""

import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest


def _has_cmp() -> bool:
    openssl = shutil.which("openssl")
    if openssl is None:
        return False
    listed = subprocess.run(
        [openssl, "list", "-commands"], capture_output=True, text=True, check=False
    )
    return "cmp" in listed.stdout.split()


needs_openssl = pytest.mark.skipif(
    not _has_cmp(), reason="openssl with its cmp command is not here"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def mock_server(folder: Path, *options: str) -> Generator[int]:
    """The mock server on a free loopback port, for the length of the block."""
    port = free_port()
    log = folder / "mock-server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["openssl", "cmp", "-config", "", "-port", str(port), *options],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        try:
            _wait_for(port, process, log)
            with _relay(port) as relay_port:
                yield relay_port
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def _relay(port: int) -> Generator[int]:
    """A port whose connections lead to `port`, with HTTP/1.1 in place of HTTP/1.0 in answers.

    The mock server keeps connections open under HTTP/1.0, which h11 does not follow, and it forgets a
    transaction together with its connection. Everything else goes through as it is.
    """

    class Relay(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                answers = upstream.makefile("rb")
                while (request := _message(self.rfile)) is not None:
                    upstream.sendall(request)
                    answer = _message(answers)
                    if answer is None:
                        return
                    self.wfile.write(answer.replace(b"HTTP/1.0 ", b"HTTP/1.1 ", 1))
                answers.close()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _message(stream: IO[bytes]) -> bytes | None:
    """One HTTP message with its Content-Length, None at the end of the stream."""
    head, length = b"", 0
    while line := stream.readline():
        head += line
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if line == b"\r\n":
            return head + stream.read(length)
    return None


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the port takes connections. The server serves one at a time: the probe is closed at once."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"openssl cmp ended: {log.read_text()}")
        if "ACCEPT" in log.read_text(errors="replace"):
            return
        time.sleep(0.02)
    raise AssertionError(f"openssl cmp does not listen: {log.read_text()}")


def client(folder: Path, port: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the client against a server on loopback."""
    arguments: Sequence[str] = (
        "openssl", "cmp", "-config", "", "-batch", "-server", f"127.0.0.1:{port}", "-path", "pkix/",
        "-no_proxy", "127.0.0.1", "-total_timeout", "30", *options,
    )  # fmt: skip
    return subprocess.run(
        arguments, capture_output=True, text=True, cwd=folder, timeout=60, check=False
    )

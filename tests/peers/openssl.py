"""`openssl cmp` as a peer: its mock server, and its client."""

import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

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
            yield port
        finally:
            process.terminate()
            process.wait(10)


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

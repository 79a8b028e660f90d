"""A CA that does not answer until it is told to: whoever asked it is in the middle of a run."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve

from .command import SAMPLES, Csc


@dataclass
class SlowCA:
    """`asked` is set when it has a request; it answers once `answers` is."""

    ca: SandboxCA
    port: int
    asked: threading.Event
    answers: threading.Event

    def apply(self) -> tuple[str, ...]:
        """The arguments of csc for a run that asks it."""
        route = f"ca.example.com:3076:127.0.0.1:{self.port}"
        return ("--connect-to", route, "apply", "--yes", "gateway.cfg")


@contextmanager
def slow_ca(csc: Csc, folder: Path) -> Generator[SlowCA]:
    """The CA on loopback, and a script beside its root."""
    asked, answers = threading.Event(), threading.Event()
    with SandboxCA.open(folder) as ca:
        handle_all = ca.handle_all

        def handle_late(posted: Sequence) -> list:
            asked.set()
            assert answers.wait(60)
            return handle_all(posted)

        ca.handle_all = handle_late
        ca.add_secret(b"my_reference", b"my_secret")
        (csc.folder / "ca_root.der").write_bytes(ca.root.public_bytes(Encoding.DER))
        csc.write("gateway.cfg", (SAMPLES / "gateway.cfg").read_text())
        with serve(ca) as server:
            try:
                yield SlowCA(ca, server.port, asked, answers)
            finally:
                answers.set()

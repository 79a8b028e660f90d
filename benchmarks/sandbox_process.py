"""A sandbox CA in a process of its own, for benchmarks: its port and its CPU time.

    with running(folder) as ca: ...

Its root certificate lies in `folder`; it knows one reference number and its secret.
"""

import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

REFERENCE, SECRET = "benchmark", "0123456789abcdef"
ROOT = "root.pem"


class SandboxProcess:
    """A running CA; each line that it reads is answered with its CPU time until then."""

    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._ask())
        self.root = x509.load_pem_x509_certificate((folder / ROOT).read_bytes())

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/"

    def cpu_seconds(self) -> float:
        """Its CPU time until now."""
        return float(self._ask())

    def _ask(self) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def running(folder: Path) -> Generator[SandboxProcess]:
    """A CA that lives in `folder` for the length of the block; it ends with its standard input."""
    with subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield SandboxProcess(folder, process)
        finally:
            assert process.stdin
            process.stdin.close()


def main() -> None:
    from csc.runtime.sandbox.ca import SandboxCA
    from csc.runtime.sandbox.http.server import serve

    folder = Path(sys.argv[1])
    with SandboxCA.open(folder / "ca") as ca, serve(ca) as server:
        ca.add_secret(REFERENCE.encode(), SECRET.encode())
        (folder / ROOT).write_bytes(ca.root.public_bytes(Encoding.PEM))
        sys.stdin.readline()
        print(server.port, flush=True)
        for _ in sys.stdin:
            print(time.process_time(), flush=True)


if __name__ == "__main__":
    main()

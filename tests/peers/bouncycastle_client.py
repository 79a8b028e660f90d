"""BouncyCastle as a peer: a CMP client of ours on its API, in `bouncycastle_client/`, which is compiled once.

One JVM carries out many operations. What each can be told is at the head of the Java file that does it. What
comes back are facts, all of them BouncyCastle's: it checks answers by itself, and reports what is wrong with
them as findings.
"""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from cryptography import x509

from .java import command

_SOURCES = Path(__file__).with_name("bouncycastle_client")


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an operation."""

    facts: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Every value that a fact has, in order."""
        return [value for found, value in self.facts if found == name]

    def get(self, name: str) -> str | None:
        """The last value of a fact, None if it is not there."""
        return self.all(name)[-1] if self.all(name) else None

    @property
    def messages(self) -> list[str]:
        """The bodies that were sent, each with its answer's: "ir ip"."""
        return self.all("message")

    @property
    def findings(self) -> list[str]:
        """What was wrong with answers."""
        return self.all("finding")

    @property
    def failures(self) -> set[str]:
        """The bits of the PKIFailureInfo that the CA refused with."""
        return {name for value in self.all("failure") for name in value.split(",")}

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate that was granted."""
        (der,) = self.all("certificate")
        return x509.load_der_x509_certificate(bytes.fromhex(der))


class BouncyCastleClient:
    """A running client."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def run(self, do: str, **values: object) -> Report:
        """Carry out an operation. Bytes are told in hexadecimal; what is None is not told."""
        told = {name: value for name, value in values.items() if value is not None}
        line = urlencode(
            {"do": do} | {n: v.hex() if isinstance(v, bytes) else str(v) for n, v in told.items()}
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()
        answer = self._process.stdout.readline().decode()
        assert answer, f"the client ended: {self._log.read_text()}"
        report = Report(tuple(parse_qsl(answer.strip(), keep_blank_values=True)))
        assert report.get("broken") is None, report.get("broken")
        return report


@contextmanager
def bouncycastle_client(folder: Path) -> Generator[BouncyCastleClient]:
    """The client, for the length of the block; its log is in `folder`."""
    log = folder / "bouncycastle-client.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command(_SOURCES),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        with process:
            try:
                yield BouncyCastleClient(process, log)
            finally:
                # It ends when its standard input does, also if this process is killed.
                assert process.stdin is not None
                process.stdin.close()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()

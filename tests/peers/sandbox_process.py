"""`csc sandbox` as a process of its own, and enrolments at it by HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from csc.runtime.cmp import requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.events import CertificateReceived
from csc.runtime.cmp.protection import PasswordCredential
from csc.runtime.cmp.transport import HttpTransport

from .asker import SECRET, utc_now


@dataclass(frozen=True)
class Sandbox:
    process: subprocess.Popen[str]
    url: str
    folder: Path

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])


def start(folder: Path, *options: str, errors: IO[bytes] | None = None) -> Sandbox:
    """A running sandbox; the caller ends it. `errors` gets what it writes on stderr."""
    command = [
        *(sys.executable, "-c", "from csc.cli.main import main; main()"),
        *("sandbox", "--folder", str(folder), "--port", "0", "--json"),
        *("--secret", "ref:psk", *options),
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        cwd=folder.parent,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    return Sandbox(process, json.loads(line)["url"], folder)


def kill(sandbox: Sandbox) -> None:
    sandbox.process.kill()
    sandbox.process.wait()
    assert sandbox.process.stdout is not None
    sandbox.process.stdout.close()


@contextmanager
def running(folder: Path, *options: str) -> Generator[Sandbox]:
    sandbox = start(folder, *options)
    try:
        yield sandbox
    finally:
        sandbox.process.terminate()
        sandbox.process.communicate(timeout=60)


def enrol(url: str, name: str, key: ec.EllipticCurvePrivateKey, root: x509.Certificate) -> int:
    """The serial number of a certificate that our own client got and confirmed."""
    transaction = requests.initialize(
        subject=x509.Name.from_rfc4514_string(f"CN={name}"),
        key=key,
        credential=PasswordCredential(SECRET.reference, SECRET.secret),
        anchors=(root,),
        recipient=root.subject,
        now=utc_now(),
        random=os.urandom,
    )
    with HttpTransport(environment={}) as transport:

        def send(message: bytes) -> bytes:
            return transport.send(url, message)

        connection = Connection(send, utc_now, lambda seconds: None, timedelta(minutes=1))
        outcome = run(transaction, connection, lambda event: None)
    assert isinstance(outcome, CertificateReceived)
    return outcome.certificate.serial_number

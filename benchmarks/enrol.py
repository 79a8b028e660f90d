"""What an enrolment over CMP costs its client: beside its RSA key, and beside a process of `openssl cmp`.

    .venv/bin/python benchmarks/enrol.py [ENROLMENTS]

All is CPU time. Every enrolment is an ir with a shared secret, certConf and all, over HTTP to a sandbox CA
in a process of its own. Both clients get a P-256 key that is there already, and open a connection.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.events import CertificateReceived, Event
from csc.runtime.cmp.keys import KeyType, generate
from csc.runtime.cmp.protection import PasswordCredential
from csc.runtime.cmp.requests import initialize
from csc.runtime.cmp.transport import HttpTransport
from sandbox_process import REFERENCE, ROOT, SECRET, SandboxProcess, running

ENROLMENTS = 100
IMPORTS = 10
# Times the CPU time of the keys, and of `openssl cmp`.
BUDGET_RSA, BUDGET_OPENSSL = 1.35, 1.0
RSA = KeyType("rsa:2048")


def now() -> datetime:
    return datetime.now(UTC)


def ignore(event: Event) -> None:
    del event


def enrol(ca: SandboxProcess, key: PrivateKeyTypes) -> None:
    with HttpTransport(environment={}) as transport:
        transaction = initialize(
            subject=x509.Name.from_rfc4514_string("CN=gw.example.com"),
            key=key,
            credential=PasswordCredential(REFERENCE.encode(), SECRET.encode()),
            anchors=(ca.root,),
            recipient=ca.root.subject,
            now=now(),
            random=os.urandom,
        )
        connection = Connection(
            lambda message: transport.send(ca.url, message), now, time.sleep, timedelta()
        )
        assert isinstance(run(transaction, connection, ignore), CertificateReceived)


def enrol_rsa(ca: SandboxProcess) -> tuple[float, float]:
    """Seconds for the key, and for all."""
    started = time.process_time()
    key = generate(RSA)
    made = time.process_time()
    enrol(ca, key)
    return made - started, time.process_time() - started


def enrol_p256(ca: SandboxProcess, key: PrivateKeyTypes) -> float:
    started = time.process_time()
    enrol(ca, key)
    return time.process_time() - started


def enrol_with_openssl(ca: SandboxProcess, folder: Path) -> float:
    """Seconds of the whole process, the kernel's included."""
    command = [
        "openssl", "cmp", "-config", "", "-batch", "-cmd", "ir", "-server", f"127.0.0.1:{ca.port}",
        "-path", "pkix/", "-no_proxy", "127.0.0.1", "-trusted", ROOT, "-ref", REFERENCE,
        "-secret", f"pass:{SECRET}", "-mac", "hmacWithSHA256", "-newkey", "p256.pem",
        "-subject", "/CN=gw.example.com", "-certout", "cert.pem",
    ]  # fmt: skip
    return child_seconds(command, folder)


def child_seconds(command: list[str], folder: Path) -> float:
    with (folder / "output").open("w+b") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (folder / "output").read_text()
    return usage.ru_utime + usage.ru_stime


def report(what: str, ratio: float, budget: float) -> None:
    print(f"{what}: {ratio:.2f}, budget {budget:.2f}: {'ok' if ratio <= budget else 'over'}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENROLMENTS
    with tempfile.TemporaryDirectory() as name, running(folder := Path(name)) as ca:
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / "p256.pem").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        enrol_p256(ca, key), enrol_with_openssl(ca, folder)  # all is loaded from now on
        # They take turns, so that whatever else the machine does hits all.
        rounds = [
            (enrol_rsa(ca), enrol_p256(ca, key), enrol_with_openssl(ca, folder))
            for _ in range(count)
        ]
        bare = statistics.median(
            child_seconds([sys.executable, "-c", ""], folder) for _ in range(IMPORTS)
        )
        loading = [
            sys.executable,
            "-c",
            "import csc.runtime.cmp.requests, csc.runtime.cmp.transport",
        ]
        loaded = statistics.median(child_seconds(loading, folder) for _ in range(IMPORTS))
    rsa, ours, theirs = zip(*rounds, strict=True)
    keys, whole = (sum(times) for times in zip(*rsa, strict=True))
    own, openssl = statistics.median(ours), statistics.median(theirs)
    print(f"{count} enrolments of each kind, CPU time of the client")
    print(
        f"RSA-2048: {whole / count * 1000:.1f} ms, {keys / count * 1000:.1f} ms of it for the key"
    )
    print(f"P-256: {own * 1000:.1f} ms; openssl cmp: {openssl * 1000:.1f} ms (medians)")
    print(f"import of the client: {(loaded - bare) * 1000:.0f} ms")
    report("RSA-2048 to its key", whole / keys, BUDGET_RSA)
    report("P-256 to openssl cmp", own / openssl, BUDGET_OPENSSL)


if __name__ == "__main__":
    main()

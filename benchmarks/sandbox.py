"""What an enrolment costs the sandbox CA, beside its bare signatures.

    .venv/bin/python benchmarks/sandbox.py [ENROLMENTS]

All is CPU time of the CA's process, over HTTP, from several clients at once, each with a connection that it
keeps. Every enrolment is an ir with certConf, both signed with a P-256 certificate of the CA's, for a P-256
key that was made beforehand. Such an enrolment cannot do without six signatures: those of the certificate
and of two answers are made; those of two messages and of the proof of possession are verified.
"""

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.events import CertificateReceived, Event
from csc.runtime.cmp.protection import Credential, PasswordCredential, SignatureCredential
from csc.runtime.cmp.requests import initialize
from csc.runtime.cmp.transport import HttpTransport
from sandbox_process import REFERENCE, SECRET, SandboxProcess, running

ENROLMENTS = 400
CLIENTS = 4
SIGNATURES = 2000
# Times the CPU time of the signatures.
BUDGET = 12.0


def now() -> datetime:
    return datetime.now(UTC)


def ignore(event: Event) -> None:
    del event


def enrol(
    ca: SandboxProcess,
    transport: HttpTransport,
    key: ec.EllipticCurvePrivateKey,
    credential: Credential,
) -> x509.Certificate:
    transaction = initialize(
        subject=x509.Name.from_rfc4514_string("CN=gw.example.com"),
        key=key,
        credential=credential,
        anchors=(ca.root,),
        recipient=ca.root.subject,
        now=now(),
        random=os.urandom,
    )
    connection = Connection(
        lambda message: transport.send(ca.url, message), now, time.sleep, timedelta()
    )
    outcome = run(transaction, connection, ignore)
    assert isinstance(outcome, CertificateReceived)
    return outcome.certificate


def enrol_all(
    ca: SandboxProcess, keys: list[ec.EllipticCurvePrivateKey], credential: Credential
) -> None:
    with HttpTransport(environment={}) as transport:
        for key in keys:
            enrol(ca, transport, key, credential)


def signature_seconds() -> tuple[float, float]:
    """Seconds for a P-256 signature made, and one verified."""
    key, algorithm, data = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.ECDSA(hashes.SHA256()),
        b"x" * 500,
    )
    started = time.process_time()
    for _ in range(SIGNATURES):
        signature = key.sign(data, algorithm)
    made = time.process_time()
    public = key.public_key()
    for _ in range(SIGNATURES):
        public.verify(signature, data, algorithm)
    return (made - started) / SIGNATURES, (time.process_time() - made) / SIGNATURES


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENROLMENTS
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(count)]
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as ca:
        own_key = ec.generate_private_key(ec.SECP256R1())
        with HttpTransport(environment={}) as transport:
            secret = PasswordCredential(REFERENCE.encode(), SECRET.encode())
            own = enrol(ca, transport, own_key, secret)
        signer = SignatureCredential(own, own_key)
        enrol_all(ca, keys[:10], signer)  # all is loaded from now on
        began, started = ca.cpu_seconds(), time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            shares = [keys[first::CLIENTS] for first in range(CLIENTS)]
            list(pool.map(lambda share: enrol_all(ca, share, signer), shares))
        elapsed, spent = time.perf_counter() - started, (ca.cpu_seconds() - began) / count
    made, verified = signature_seconds()
    bare = 3 * made + 3 * verified
    print(f"{count} enrolments by {CLIENTS} clients: {count / elapsed:.0f} a second by the clock")
    print(f"CPU time of the CA: {spent * 1000:.2f} ms each, {1 / spent:.0f} a second and core")
    print(f"its bare signatures: {bare * 1000:.2f} ms")
    ratio = spent / bare
    verdict = "ok" if ratio <= BUDGET else "over"
    print(f"enrolment to its signatures: {ratio:.1f}, budget {BUDGET:.1f}: {verdict}")


if __name__ == "__main__":
    main()

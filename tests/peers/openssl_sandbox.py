"""The client of `openssl cmp` against a sandbox CA over HTTP, and a record of what was said."""

import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import PKIMessage
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.ledger import LedgerEntry, Status
from csc.runtime.sandbox.requests.outcome import Outcome, Posted

from .openssl import client

KEYS: dict[str, Callable[[], object]] = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "RSA-1024": lambda: rsa.generate_private_key(65537, 1024),
}

SECRET = ("-ref", "ref", "-secret", "pass:psk")
# Files: `old` is what a client has, `new` what it renews that with.
NEW = ("-newkey", "old.key", "-subject", "/CN=peer", "-certout", "old.pem")
SIGNED = ("-cert", "old.pem", "-key", "old.key")
RENEWED = ("-newkey", "new.key", "-certout", "new.pem")


@cache
def key_pem(kind: str, number: int = 0) -> bytes:
    """A key, made once in a run of tests; `number` tells keys of a kind apart."""
    key = KEYS[kind]()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]


@dataclass
class Peer:
    """The client in a folder with its keys, and the CA that it talks to."""

    folder: Path
    ca: SandboxCA
    port: int
    messages: list[PKIMessage] = field(default_factory=list)
    """What went over the wire, requests and answers in turns."""

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        self.messages.clear()
        return client(self.folder, self.port, "-trusted", "root.pem", *options)

    def ok(self, *options: str) -> str:
        """What is printed."""
        result = self.run(*options)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    def refused(self, words: str, *options: str) -> None:
        result = self.run(*options)
        assert result.returncode != 0
        assert words in result.stdout + result.stderr, result.stdout + result.stderr

    def key(self, name: str, kind: str) -> None:
        (self.folder / name).write_bytes(key_pem(kind, len(name)))

    def verify(self, certificate: str) -> None:
        """The certificate leads to the root, as openssl sees it."""
        subprocess.run(
            ["openssl", "verify", "-x509_strict", "-CAfile", "root.pem",
             "-untrusted", "ca/chain.pem", certificate],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )  # fmt: skip

    def statuses(self) -> list[Status]:
        return [entry.status for entry in self.ca.ledger()]

    def last(self) -> LedgerEntry:
        return self.ca.ledger()[-1]

    def bodies(self) -> list[str]:
        """What was said, by the names of the bodies."""
        return [str(message.body.type) for message in self.messages]

    def certification_request(self) -> None:
        """A PKCS #10 request of the old key, in peer.csr."""
        subprocess.run(
            [
                "openssl", "req", "-new", "-key", "old.key", "-subj", "/CN=peer", "-out", "peer.csr",
                "-addext", "subjectAltName=DNS:gw.example.com",
            ],
            cwd=self.folder,
            capture_output=True,
            check=True,
        )  # fmt: skip


@contextmanager
def peer_of_sandbox(folder: Path, kind: str = "P-256", **behaviour: object) -> Generator[Peer]:
    """A CA that behaves like that, and a client with two keys."""
    with SandboxCA.open(folder / "ca", behaviour=Behaviour(**behaviour)) as ca:
        said: list[PKIMessage] = []
        handle = ca.handle

        def recorded(posted: Posted) -> Outcome:
            outcome = handle(posted)
            said.extend((decode(posted.data), decode(outcome.answer)))
            return outcome

        ca.handle = recorded  # type: ignore[method-assign]
        with serve(ca) as server:
            ca.add_secret(b"ref", b"psk")
            (folder / "root.pem").write_bytes(ca.root.public_bytes(Encoding.PEM))
            peer = Peer(folder, ca, server.port, said)
            for name in ("old.key", "new.key"):
                peer.key(name, kind)
            yield peer

"""A sandbox CA on loopback and the client on BouncyCastle, side by side, to be compared."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.sandbox.authority.settings import AuthoritySettings
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.ledger import Status

from .bouncycastle_client import BouncyCastleClient, Report

PBM = {"reference": "ref", "secret": "psk", "mac": "pbm"}
PBMAC1 = {"reference": "ref", "secret": "psk", "mac": "pbmac1"}


@dataclass
class Peer:
    """The client, and the CA that it talks to."""

    client: BouncyCastleClient
    ca: SandboxCA
    url: str

    def run(self, do: str, **values: object) -> Report:
        root = self.ca.root.public_bytes(Encoding.DER)
        return self.client.run(do, **{"url": self.url, "root": root, **values})

    def ok(self, do: str, **values: object) -> Report:
        report = self.run(do, **values)
        assert report.findings == []
        assert report.get("over") is None, report.facts
        return report

    def enrolled(self, name: str, **values: object) -> Report:
        """A certificate that is obtained with the secret, and its key, under a name."""
        usual = {**PBM, "request": "ir", "subject": f"CN={name}", "as": name}
        return self.ok("enrol", **{**usual, **values})

    def entered(self, report: Report, status: Status) -> None:
        """The ledger has the certificate that BouncyCastle has, of the transaction in which it got it."""
        (entry,) = (e for e in self.ca.ledger() if e.transaction_id == report.get("transaction"))
        assert entry.data.hex() == report.get("certificate")
        assert entry.status is status

    def statuses(self) -> list[Status]:
        return [entry.status for entry in self.ca.ledger()]


@contextmanager
def talking(
    java: BouncyCastleClient,
    folder: Path,
    settings: AuthoritySettings | None = None,
    **behaviour: object,
) -> Generator[Peer]:
    """The client and a CA that behaves so, for the length of the block."""
    told = Behaviour(**behaviour)
    with SandboxCA.open(folder, None, told, settings) as ca, serve(ca) as server:
        ca.add_secret(b"ref", b"psk")
        yield Peer(java, ca, server.url)

"""Where certificates of the sandbox CA say that their status is told, asked by a client on BouncyCastle."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from peers.bouncycastle_client import Report
from peers.java import needs_bouncycastle
from peers.sandbox_with_bouncycastle import PBM, Peer

pytestmark = needs_bouncycastle


@pytest.fixture
def published(bouncycastle: Peer) -> Peer:
    """The CA's certificates name places on this server."""
    bouncycastle.ca.publish_at(bouncycastle.url.rstrip("/"))
    bouncycastle.enrolled("device")
    return bouncycastle


def told(report: Report) -> set[str]:
    """What OCSP and the CRL say, who have to agree; OCSP is asked in four ways, the CRL in one."""
    assert len(report.all("ocsp")) == 4
    assert len(report.all("crl")) == 1
    return {*report.all("ocsp"), *report.all("crl")}


@pytest.mark.parametrize(
    ("reason", "said"), [(0, "revoked"), (1, "revoked 1"), (4, "revoked 4"), (6, "revoked 6")]
)
def test_revoked(published: Peer, reason: int, said: str) -> None:
    assert told(published.ok("standing", of="device")) == {"good"}
    published.ok("revoke", by="device", old="device", reason=reason)
    assert told(published.ok("standing", of="device")) == {said}


def test_hold_is_taken_back(published: Peer) -> None:
    published.ok("revoke", **PBM, old="device", reason=6)
    assert told(published.ok("standing", of="device")) == {"revoked 6"}
    published.ok("revoke", **PBM, old="device", reason=8)
    assert told(published.ok("standing", of="device")) == {"good"}


def test_after_a_new_root(published: Peer) -> None:
    """What was issued before is asked about at the CA that issued it."""
    old = published.ca.root.public_bytes(Encoding.DER)
    published.ca.roll_over()
    published.enrolled("newer")
    assert told(published.ok("standing", of="device", root=old)) == {"good"}
    assert told(published.ok("standing", of="newer")) == {"good"}

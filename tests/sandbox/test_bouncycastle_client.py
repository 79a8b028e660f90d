"""The sandbox CA as a client on BouncyCastle meets it, over HTTP: what that concludes, beside what the ledger says."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.model import PKIFailureInfo
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.ledger import Status
from peers.bouncycastle_client import BouncyCastleClient, Report, bouncycastle_client
from peers.java import needs_bouncycastle

pytestmark = needs_bouncycastle

PBM = {"reference": "ref", "secret": "psk", "mac": "pbm"}
PBMAC1 = {"reference": "ref", "secret": "psk", "mac": "pbmac1"}


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Generator[BouncyCastleClient]:
    with bouncycastle_client(tmp_path_factory.mktemp("bouncycastle")) as client:
        yield client


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
def talking(java: BouncyCastleClient, folder: Path, **behaviour: object) -> Generator[Peer]:
    with SandboxCA.open(folder, behaviour=Behaviour(**behaviour)) as ca, serve(ca) as server:
        ca.add_secret(b"ref", b"psk")
        java.run("forget")
        yield Peer(java, ca, server.url)


@pytest.fixture
def peer(java: BouncyCastleClient, tmp_path: Path) -> Generator[Peer]:
    with talking(java, tmp_path) as peer:
        yield peer


def test_each_request_with_each_mac(peer: Peer) -> None:
    for mac in (PBM, PBMAC1, {**PBM, "hash": "sha512"}, {**PBMAC1, "hash": "sha512"}):
        for request, answer in (("ir", "ip"), ("cr", "cp"), ("p10cr", "cp")):
            report = peer.ok("enrol", **mac, request=request, subject="CN=device")
            assert report.messages == [f"{request} {answer}", "certConf pkiconf"]
            assert report.get("status") == "accepted"
            assert len(report.all("caPubs")) == (request == "ir")
            assert report.certificate.subject.rfc4514_string() == "CN=device"
            peer.entered(report, Status.CONFIRMED)


@pytest.mark.parametrize("key", ["rsa2048", "p256", "p384", "p521", "ed25519", "ed448"])
def test_life_of_each_kind_of_key(peer: Peer, key: str) -> None:
    """Enrolled with the secret, the key signs for another certificate, for its update, and for its end."""
    peer.enrolled("old", key=key, san="gw.example.com")
    other = peer.ok("enrol", by="old", request="ir", subject="CN=other", key="p256")
    peer.entered(other, Status.CONFIRMED)
    assert other.all("caPubs") == []  # RFC 9483 4.1.1: nothing but the secret vouches for them
    update = {"request": "kur", "subject": "CN=old", "old": "old", "key": key, "as": "new"}
    new = peer.ok("enrol", by="old", **update)
    assert new.messages == ["kur kup", "certConf pkiconf"]
    peer.entered(new, Status.CONFIRMED)
    pkcs10 = peer.ok("enrol", by="new", request="p10cr", subject="CN=third", key=key)
    peer.entered(pkcs10, Status.CONFIRMED)
    assert peer.ok("revoke", by="new", old="new", reason=1).messages == ["rr rp"]
    peer.entered(new, Status.REVOKED)
    assert peer.statuses().count(Status.REVOKED) == 1


def test_old_certificate_is_the_signers_where_it_is_not_named(peer: Peer) -> None:
    peer.enrolled("old")
    peer.ok("enrol", by="old", request="kur", subject="CN=old")
    assert peer.statuses() == [Status.CONFIRMED] * 2


# -- certConf (RFC 9810 5.3.18) --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"confirm": "reject"}, Status.REJECTED),
        ({"confirm": "empty"}, Status.REJECTED),
        ({"confirm": "none"}, Status.ISSUED),
        ({"pvno": 3}, Status.CONFIRMED),
        ({"pvno": 3, "hashAlg": "sha512"}, Status.CONFIRMED),
        ({"pvno": 3, "hashAlg": "sha512", "confirm": "reject"}, Status.REJECTED),
        ({"implicit": 1}, Status.CONFIRMED),
    ],
)
def test_confirmation(peer: Peer, told: dict[str, object], status: Status) -> None:
    for request in ("ir", "p10cr"):
        report = peer.ok("enrol", **PBM, request=request, subject="CN=device", **told)
        assert report.get("confirmed") != "implicitly"
        peer.entered(report, status)


def test_reason_for_a_rejection_is_kept(peer: Peer) -> None:
    peer.ok("enrol", **PBM, request="ir", subject="CN=device", confirm="reject")
    assert peer.ca.ledger()[0].reason == "as told"


# -- what needs a CA that behaves in another way ---------------------------------------------------


def test_implicit_confirmation(java: BouncyCastleClient, tmp_path: Path) -> None:
    with talking(java, tmp_path, grants_implicit_confirm=True) as peer:
        peer.enrolled("old")
        for credential in (PBM, PBMAC1, {"by": "old"}):
            for request in ("ir", "cr", "p10cr"):
                told = {"request": request, "subject": "CN=x", "implicit": 1}
                report = peer.ok("enrol", **credential, **told)
                assert len(report.messages) == 1
                assert report.get("confirmed") == "implicitly"
                peer.entered(report, Status.CONFIRMED)
        report = peer.ok("enrol", by="old", request="kur", subject="CN=old", implicit=1)
        assert report.get("confirmed") == "implicitly"


@pytest.mark.parametrize("by_error", [False, True])
def test_polling(java: BouncyCastleClient, tmp_path: Path, by_error: bool) -> None:
    with talking(java, tmp_path, polls=2, check_after=0, waits_by_error=by_error) as peer:
        peer.enrolled("old")
        requests = (("ir", "ip", PBM), ("p10cr", "cp", PBMAC1), ("cr", "cp", {"by": "old"}),
                    ("kur", "kup", {"by": "old"}))  # fmt: skip
        for request, answer, credential in requests:
            report = peer.ok("enrol", **credential, request=request, subject="CN=old")
            assert report.messages == [
                f"{request} {'error' if by_error else answer}",
                *["pollReq pollRep"] * 2,
                f"pollReq {answer}",
                "certConf pkiconf",
            ]
            peer.entered(report, Status.CONFIRMED)


def test_all_that_waits_by_error(java: BouncyCastleClient, tmp_path: Path) -> None:
    with talking(java, tmp_path, polls=1, check_after=0, waits_by_error=True) as peer:
        waited = ["pollReq pollRep"]
        peer.enrolled("old")
        genm = peer.ok("ask", **PBM, ask="")
        assert genm.messages == ["genm error", *waited, "pollReq genp"]
        rr = peer.ok("revoke", by="old", old="old")
        assert rr.messages == ["rr error", *waited, "pollReq rp"]
        assert peer.statuses() == [Status.REVOKED]


@pytest.mark.parametrize(
    ("mods", "status"), [("take", Status.CONFIRMED), ("refuse", Status.REJECTED)]
)
def test_granted_with_modifications(
    java: BouncyCastleClient, tmp_path: Path, mods: str, status: Status
) -> None:
    """The client finds the differences by itself (RFC 9810 5.2.3), and takes them or not."""
    with talking(java, tmp_path, modifies=True) as peer:
        report = peer.ok("enrol", **PBM, request="ir", subject="CN=device", mods=mods)
        assert report.get("status") == "grantedWithMods"
        assert report.all("difference") == ["subject CN=device,O=csc sandbox"]
        peer.entered(report, status)


def test_extension_that_is_not_granted_is_said(peer: Peer) -> None:
    report = peer.ok("enrol", **PBM, request="ir", subject="CN=device", ca=1)
    assert report.get("status") == "grantedWithMods"
    assert report.all("difference") == ["basicConstraints"]


def test_rejected(java: BouncyCastleClient, tmp_path: Path) -> None:
    with talking(java, tmp_path, rejects=PKIFailureInfo.UNACCEPTED_POLICY) as peer:
        for request, answer in (("ir", "ip"), ("cr", "cp"), ("p10cr", "cp")):
            report = peer.run("enrol", **PBM, request=request, subject="CN=device")
            assert report.messages == [f"{request} {answer}"]
            assert report.get("status") == "rejection"
            assert report.failures == {"unacceptedPolicy"}
            assert report.findings == []
        assert peer.run("ask", **PBM, ask="").messages == ["genm error"]
        assert peer.ca.ledger() == ()


# -- genm (RFC 9810 5.3.19) ------------------------------------------------------------------------

IT = "1.3.6.1.5.5.7.4."


def test_questions(peer: Peer) -> None:
    root = peer.ca.root.public_bytes(Encoding.DER).hex()
    for credential in (PBM, PBMAC1):
        asked = (2, 3, 6, 17, 18, 19, 20, 99)
        report = peer.ok("ask", **credential, ask=",".join(f"{IT}{number}" for number in asked))
        assert report.messages == ["genm genp"]
        given = [f"{IT}{n}" for n in (2, 3, 6, 17)] + [
            f"{IT}19",
            f"{IT}18 without a value",
            f"{IT}7",
        ]
        assert report.all("answer") == given
        assert report.all("caCert") == [root]
        # rootCaKeyUpdate is an answer and no question (RFC 9810 5.3.19.15).
        assert report.all("unsupported") == [f"{IT}18", f"{IT}99"]
        assert len(report.all("crl")) == 1
        assert "2048" in report.all("rsaKeyLen")
        assert "1.2.840.10045.2.1 1.2.840.10045.3.1.7" in report.all("algId")
        assert "1.3.101.112" in report.all("keyType")

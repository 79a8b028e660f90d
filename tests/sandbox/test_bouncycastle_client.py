"""The sandbox CA as a client on BouncyCastle meets it, over HTTP: what it concludes, beside the ledger."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.model import PKIFailureInfo
from csc.runtime.sandbox.authority.settings import AuthoritySettings
from csc.runtime.sandbox.ledger.ledger import Status
from peers.bouncycastle_client import BouncyCastleClient
from peers.java import needs_bouncycastle
from peers.sandbox_with_bouncycastle import PBM, PBMAC1, Peer, talking

pytestmark = needs_bouncycastle

IT = "1.3.6.1.5.5.7.4."


def test_each_request_with_each_mac(bouncycastle: Peer) -> None:
    for mac in (PBM, PBMAC1, {**PBM, "hash": "sha512"}, {**PBMAC1, "hash": "sha512"}):
        for request, answer in (("ir", "ip"), ("cr", "cp"), ("p10cr", "cp")):
            report = bouncycastle.ok("enrol", **mac, request=request, subject="CN=device")
            assert report.messages == [f"{request} {answer}", "certConf pkiconf"]
            assert report.get("status") == "accepted"
            assert len(report.all("caPubs")) == (request == "ir")
            assert report.certificate.subject.rfc4514_string() == "CN=device"
            bouncycastle.entered(report, Status.CONFIRMED)


@pytest.mark.parametrize("key", ["rsa2048", "p256", "p384", "p521", "ed25519", "ed448"])
def test_life_of_each_kind_of_key(bouncycastle: Peer, key: str) -> None:
    """Enrolled with the secret, the key signs for another certificate, for its update, and for its end."""
    bouncycastle.enrolled("old", key=key, san="gw.example.com")
    other = bouncycastle.ok("enrol", by="old", request="ir", subject="CN=other", key="p256")
    bouncycastle.entered(other, Status.CONFIRMED)
    assert other.all("caPubs") == []  # RFC 9483 4.1.1: nothing but the secret vouches for them
    update = {"request": "kur", "subject": "CN=old", "old": "old", "key": key, "as": "new"}
    new = bouncycastle.ok("enrol", by="old", **update)
    assert new.messages == ["kur kup", "certConf pkiconf"]
    bouncycastle.entered(new, Status.CONFIRMED)
    pkcs10 = bouncycastle.ok("enrol", by="new", request="p10cr", subject="CN=third", key=key)
    bouncycastle.entered(pkcs10, Status.CONFIRMED)
    assert bouncycastle.ok("revoke", by="new", old="new", reason=1).messages == ["rr rp"]
    bouncycastle.entered(new, Status.REVOKED)
    assert bouncycastle.statuses().count(Status.REVOKED) == 1


def test_old_certificate_is_the_signers_where_it_is_not_named(bouncycastle: Peer) -> None:
    bouncycastle.enrolled("old")
    bouncycastle.ok("enrol", by="old", request="kur", subject="CN=old")
    assert bouncycastle.statuses() == [Status.CONFIRMED] * 2


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
def test_confirmation(bouncycastle: Peer, told: dict[str, object], status: Status) -> None:
    for request in ("ir", "p10cr"):
        report = bouncycastle.ok("enrol", **PBM, request=request, subject="CN=device", **told)
        assert report.get("confirmed") != "implicitly"
        bouncycastle.entered(report, status)


def test_reason_for_a_rejection_is_kept(bouncycastle: Peer) -> None:
    bouncycastle.ok("enrol", **PBM, request="ir", subject="CN=device", confirm="reject")
    assert bouncycastle.ca.ledger()[0].reason == "as told"


def test_client_gives_up(bouncycastle: Peer) -> None:
    """RFC 9810 5.3.21: an error ends the transaction, and gets pkiconf."""
    for credential in (PBM, PBMAC1):
        told = {"request": "ir", "subject": "CN=device", "confirm": "error"}
        report = bouncycastle.ok("enrol", **credential, **told)
        assert report.messages == ["ir ip", "error pkiconf"]
        bouncycastle.entered(report, Status.REJECTED)
        assert bouncycastle.ok("stray", **credential, body="error").messages == ["error pkiconf"]


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
            # OpenSSL 3.0 takes no other; RFC 9483 3.1 has the request's.
            assert report.get("recipNonce") == "of the last pollReq"
            peer.entered(report, Status.CONFIRMED)


def test_all_that_waits_by_error(java: BouncyCastleClient, tmp_path: Path) -> None:
    with talking(java, tmp_path, polls=1, check_after=0, waits_by_error=True) as peer:
        waited = ["pollReq pollRep"]
        peer.enrolled("old")
        genm = peer.ok("ask", **PBM, ask=f"{IT}17")
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


def test_extension_that_is_not_granted_is_said(bouncycastle: Peer) -> None:
    report = bouncycastle.ok("enrol", **PBM, request="ir", subject="CN=device", ca=1)
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


def test_questions(bouncycastle: Peer) -> None:
    ca = (*bouncycastle.ca.chain, bouncycastle.ca.root)
    certificates = [certificate.public_bytes(Encoding.DER).hex() for certificate in ca]
    for credential in (PBM, PBMAC1):
        asked = (2, 3, 17, 6, 18, 19, 20, 99)
        report = bouncycastle.ok(
            "ask", **credential, ask=",".join(f"{IT}{number}" for number in asked)
        )
        assert report.messages == ["genm genp"]
        given = [f"{IT}{n}" for n in (2, 3, 17, 6)] + [
            f"{IT}19",
            f"{IT}18 without a value",
            f"{IT}7",
        ]
        assert report.all("answer") == given
        assert report.all("caCert") == certificates
        # rootCaKeyUpdate is an answer and no question (RFC 9810 5.3.19.15).
        assert report.all("unsupported") == [f"{IT}18", f"{IT}99"]
        assert len(report.all("crl")) == 1
        assert "2048" in report.all("rsaKeyLen")
        assert "1.2.840.10045.2.1 1.2.840.10045.3.1.7" in report.all("algId")
        assert "1.3.101.112" in report.all("keyType")


def test_newer_crl(bouncycastle: Peer) -> None:
    """RFC 9483 4.3.4: the CRL comes if there is a newer one, and the source is one of the CA's."""
    issuer = bouncycastle.ca.chain[0].subject.rfc4514_string()
    bouncycastle.enrolled("device")
    bouncycastle.ok("revoke", by="device", old="device", reason=6)
    for told, count in (
        ({"crlOf": issuer}, 1),
        ({"crlOf": issuer, "held": -3600}, 1),
        ({"crlOf": issuer, "held": 3600}, 0),
        ({"crlOf": "CN=another CA"}, 0),
    ):
        report = bouncycastle.ok("ask", **PBM, ask=f"{IT}17", **told)
        assert report.all("answer")[1:] == [f"{IT}23" + ("" if count else " without a value")]
        assert report.all("revoked") == [bouncycastle.ca.ledger()[0].serial_number] * count


# -- the CA's own keys -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa:2048", "ec:p384", "ed25519", "ed448"])
def test_each_kind_of_key_of_the_ca(java: BouncyCastleClient, tmp_path: Path, kind: str) -> None:
    # BouncyCastle finds no hash in EdDSA's name, and RFC 9810 5.3.18 wants hashAlg there.
    hash_alg = {"pvno": 3, "hashAlg": "sha512"} if kind.startswith("ed") else {}
    with talking(java, tmp_path, AuthoritySettings(key_kind=kind)) as peer:
        peer.enrolled("device", **hash_alg)
        report = peer.ok("enrol", by="device", request="cr", subject="CN=x", **hash_alg)
        peer.entered(report, Status.CONFIRMED)
        peer.ok("ask", by="device", ask=f"{IT}17,{IT}6")


def test_new_root(bouncycastle: Peer) -> None:
    """RFC 9810 4.4, RFC 9483 4.3.2: who trusts the old root gets the new one, and both go on."""
    old = bouncycastle.ca.root
    trusts_old = {"root": old.public_bytes(Encoding.DER)}
    bouncycastle.enrolled("device")
    asked = {"ask": f"{IT}20:{trusts_old['root'].hex()}"}
    before = bouncycastle.ok("ask", **PBM, **asked)
    assert before.all("answer") == [f"{IT}18 without a value"]
    new = bouncycastle.ca.roll_over()
    for credential in (PBM, {"by": "device"}):
        after = bouncycastle.ok("ask", **credential, **asked, **trusts_old)
        assert after.all("answer") == [f"{IT}18"]
        assert after.get("newWithNew") == new.public_bytes(Encoding.DER).hex()
        assert after.get("newWithOld") is not None
        assert after.get("oldWithNew") is not None
    for root in (trusts_old, {"root": new.public_bytes(Encoding.DER)}):
        told = {"request": "kur", "subject": "CN=device", "as": "device", **root}
        report = bouncycastle.ok("enrol", by="device", **told)
        bouncycastle.entered(report, Status.CONFIRMED)


# -- RAs (RFC 9483 5.2) ----------------------------------------------------------------------------


@pytest.fixture
def with_ra(bouncycastle: Peer) -> Peer:
    """`ra` is an RA of the CA, `device` an end entity."""
    bouncycastle.enrolled("device")
    made = bouncycastle.run("self-sign", subject="CN=an RA", **{"as": "ra"})
    name = x509.Name.from_rfc4514_string("CN=an RA")
    certificate = bouncycastle.ca.issue_ra(name, made.certificate.public_key())
    der = certificate.public_bytes(Encoding.DER)
    bouncycastle.run("adopt", certificate=der, **{"as": "ra"})
    return bouncycastle


def test_added_protection(with_ra: Peer) -> None:
    """The end entity is answered as if the RA were not there: with its own MAC, or a signature."""
    for credential in (PBM, PBMAC1, {"by": "device"}):
        for request in ("ir", "p10cr"):
            report = with_ra.ok("enrol", **credential, ra="ra", request=request, subject="CN=x")
            assert report.messages[-1] == "certConf pkiconf"
            with_ra.entered(report, Status.CONFIRMED)
    with_ra.ok("enrol", by="device", ra="ra", request="kur", subject="CN=device")
    with_ra.ok("revoke", by="device", ra="ra", old="device")


def test_batch(with_ra: Peer) -> None:
    for credential in (PBM, {"by": "device"}):
        before = len(with_ra.ca.ledger())
        told = {"carrier": "ra", "count": 3, "request": "ir", "subject": "CN=x"}
        report = with_ra.ok("batch", **credential, **told)
        assert report.messages == ["nested nested", *["ir ip", "certConf pkiconf"] * 3]
        issued = with_ra.ca.ledger()[before:]
        assert [entry.data.hex() for entry in issued] == report.all("certificate")
        assert {entry.status for entry in issued} == {Status.CONFIRMED}


def test_ra_vouches_for_the_key(with_ra: Peer) -> None:
    for request in ("ir", "cr"):
        told = {"request": request, "subject": "CN=x", "popo": "raVerified"}
        report = with_ra.ok("enrol", by="ra", **told)
        with_ra.entered(report, Status.CONFIRMED)


def test_ra_revokes_for_others(with_ra: Peer) -> None:
    with_ra.ok("revoke", by="ra", old="device", reason=4)
    assert with_ra.ca.ledger()[0].reason == "superseded"


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        ({**PBM, "popo": "raVerified"}, "badPOP"),
        ({"by": "device", "popo": "raVerified"}, "badPOP"),
        ({**PBM, "ra": "device"}, "notAuthorized"),
        ({**PBM, "ra": "ra", "popo": "other"}, "badPOP"),
        ({**PBM, "ra": "ra", "secret": "wrong"}, "badMessageCheck"),
    ],
)
def test_who_is_no_ra_cannot(with_ra: Peer, told: dict[str, object], failure: str) -> None:
    before = with_ra.ca.ledger()
    report = with_ra.run("enrol", **{"request": "ir", "subject": "CN=x", **told})
    assert report.findings == []
    assert report.failures == {failure}
    assert with_ra.ca.ledger() == before

"""Messages that BouncyCastle makes wrong on purpose: each is refused with the one bit that is for it."""

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from csc.runtime.sandbox.ledger.ledger import Status
from peers.bouncycastle_client import BouncyCastleClient
from peers.java import needs_bouncycastle
from peers.sandbox_with_bouncycastle import PBM, Peer, talking

pytestmark = needs_bouncycastle

NONCE = "00" * 16


@dataclass(frozen=True)
class Wrong:
    """What is told to the client, the bit of PKIFailureInfo, and what has become of what was issued.

    `device` and `other` are certificates of the CA; `foreign` has the name of `device`, and nobody issued it.
    """

    told: dict[str, Any]
    failure: str
    leaves: Status | None = None
    do: str = "enrol"
    usual: dict[str, Any] = field(
        default_factory=lambda: {**PBM, "request": "ir", "subject": "CN=x"}
    )


SIGNED = {"by": "device", "request": "cr", "subject": "CN=x"}
UPDATE = {"by": "device", "request": "kur", "subject": "CN=device"}
REVOCATION = {"by": "device", "old": "device"}


def signed(failure: str, **told: Any) -> Wrong:
    return Wrong(told, failure, usual=SIGNED)


def update(failure: str, **told: Any) -> Wrong:
    return Wrong(told, failure, usual=UPDATE)


def revocation(failure: str, **told: Any) -> Wrong:
    return Wrong(told, failure, do="revoke", usual=REVOCATION)


def confirmation(failure: str, leaves: Status = Status.ISSUED, **told: Any) -> Wrong:
    return Wrong({f"certConf.{name}": value for name, value in told.items()}, failure, leaves)


HEADERS = {
    # RFC 9810 5.1.1, 7; RFC 9483 3.1, 3.5
    "pvno 1": Wrong({"ir.pvno": 1}, "unsupportedVersion"),
    "pvno 4": Wrong({"ir.pvno": 4}, "unsupportedVersion"),
    "messageTime of two hours ago": Wrong({"ir.messageTime": -7200}, "badTime"),
    "messageTime of in two hours": Wrong({"ir.messageTime": 7200}, "badTime"),
    "no senderNonce": Wrong({"ir.senderNonce": "none"}, "badSenderNonce"),
    "senderNonce of 64 bits": Wrong({"ir.senderNonce": "00" * 8}, "badSenderNonce"),
    "no transactionID": Wrong({"ir.transactionID": "none"}, "badDataFormat"),
    "transactionID of 64 bits": Wrong({"ir.transactionID": "00" * 8}, "badDataFormat"),
    "recipNonce in a first message": Wrong({"ir.recipNonce": NONCE}, "badRecipientNonce"),
    "for another CA": Wrong({"ir.recipient": "CN=another CA"}, "wrongAuthority"),
    # RFC 9810 5.1.3; RFC 9483 3.2, 3.5
    "wrong secret": Wrong({"secret": "wrong"}, "badMessageCheck"),
    "wrong secret of PBMAC1": Wrong({"secret": "wrong", "mac": "pbmac1"}, "badMessageCheck"),
    "unknown reference": Wrong({"reference": "nobody"}, "badMessageCheck"),
    "changed MAC": Wrong({"ir.protection": "flipped"}, "badMessageCheck"),
    "no protection": Wrong({"ir.protection": "none"}, "badMessageCheck"),
    "changed signature": signed("badMessageCheck", **{"cr.protection": "flipped"}),
    "sender is not the signer": signed("badMessageCheck", **{"cr.sender": "CN=other"}),
    "foreign signer": signed("signerNotTrusted", by="foreign"),
    "signer was revoked": signed("certRevoked", by="revoked"),
}
BODIES = {
    # RFC 4211 4, RFC 9810 5.2.8
    "proof by another key": Wrong({"popo": "other"}, "badPOP"),
    "no proof": Wrong({"popo": "none"}, "badPOP"),
    "proof by another key in PKCS #10": Wrong({"request": "p10cr", "popo": "other"}, "badPOP"),
    "proof by another key in kur": update("badPOP", popo="other"),
    # RFC 9810 5.2.1, RFC 9483 4.1
    "no subject": Wrong({"subject": None, "popo": "none"}, "badCertTemplate"),
    "another certReqId": Wrong({"certReqId": 1}, "badRequest"),
    "update of a certificate of another's": update("notAuthorized", old="other"),
    "update of a foreign certificate": update("badCertId", old="foreign"),
    "update with another subject": update("badCertTemplate", subject="CN=other"),
    # RFC 9483 4.2
    "revocation of a certificate of another's": revocation("notAuthorized", old="other"),
    "revocation of a foreign certificate": revocation("badCertId", old="foreign"),
    "revocation of no certificate": revocation("badCertId", serial="beef"),
    "revocation once more": revocation("certRevoked", by=None, old="revoked", **PBM),
}


@pytest.fixture(scope="module")
def peer(java: BouncyCastleClient, tmp_path_factory: pytest.TempPathFactory) -> Generator[Peer]:
    """One CA for all: what is refused changes nothing."""
    with talking(java, tmp_path_factory.mktemp("ca")) as peer:
        for name in ("device", "other", "revoked"):
            peer.enrolled(name)
        peer.ok("revoke", by="revoked", old="revoked")
        peer.run("self-sign", subject="CN=device", **{"as": "foreign"})
        yield peer


@pytest.mark.parametrize("case", HEADERS.values(), ids=HEADERS)
def test_header_or_protection(peer: Peer, case: Wrong) -> None:
    assert refused(peer, case).endswith(" error")


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_body(peer: Peer, case: Wrong) -> None:
    """RFC 9483 3.6.2: what is wrong with a body is said in an answer of the request's kind."""
    assert refused(peer, case) in ("ir ip", "p10cr cp", "kur kup", "rr rp")


def refused(peer: Peer, case: Wrong) -> str:
    """The exchange in which a request got its failure, and nothing else came of it."""
    before = peer.ca.ledger()
    report = peer.run(case.do, **{**case.usual, **case.told})
    assert report.findings == []
    assert report.failures == {case.failure}
    assert peer.ca.ledger() == before
    (exchange,) = report.messages
    return exchange


CONFIRMATIONS = {
    # RFC 9810 5.1.1, RFC 9483 3.5
    "another recipNonce": confirmation("badRecipientNonce", recipNonce=NONCE),
    "no recipNonce": confirmation("badRecipientNonce", recipNonce="none"),
    "no senderNonce": confirmation("badSenderNonce", senderNonce="none"),
    "unknown transactionID": confirmation("badRequest", transactionID=NONCE),
    "pvno 1": confirmation("unsupportedVersion", pvno=1),
    "messageTime of two hours ago": confirmation("badTime", messageTime=-7200),
    "wrong secret": confirmation("badMessageCheck", secret="wrong"),
    "changed MAC": confirmation("badMessageCheck", protection="flipped"),
    "signed where the request had a MAC": confirmation("wrongIntegrity", by="device"),
    "signed by nobody": confirmation("signerNotTrusted", by="foreign"),
    # RFC 9810 5.3.18
    "certHash of another certificate": confirmation("badCertId", certHash="other"),
    "another certReqId": confirmation("badRequest", certReqId=7),
    "once more": confirmation("certConfirmed", Status.CONFIRMED, times=2),
}


@pytest.mark.parametrize("case", CONFIRMATIONS.values(), ids=CONFIRMATIONS)
def test_confirmation(peer: Peer, case: Wrong) -> None:
    report = peer.run("enrol", **{**case.usual, **case.told})
    assert report.findings == []
    assert report.failures == {case.failure}
    assert report.messages[-1] == "certConf error"
    assert peer.ca.ledger()[-1].status is case.leaves


def test_hash_that_is_not_accepted(peer: Peer) -> None:
    for told, failure in (
        ({"hashAlg": "sha256"}, "badDataFormat"),  # hashAlg belongs to cmp2021 (RFC 9810 5.3.18)
        ({"hashAlg": "sha1", "pvno": 3}, "badAlg"),
    ):
        report = peer.run("enrol", **PBM, request="ir", subject="CN=x", **told)
        assert report.failures == {failure}
        assert peer.statuses()[-1] is Status.ISSUED


POLLS: dict[str, tuple[dict[str, Any], str]] = {
    "another certReqId": ({"certReqId": 7}, "badRequest"),
    "another recipNonce": ({"recipNonce": NONCE}, "badRecipientNonce"),
    "unknown transactionID": ({"transactionID": NONCE}, "badRequest"),
    "wrong secret": ({"secret": "wrong"}, "badMessageCheck"),
}


@pytest.mark.parametrize(("told", "failure"), POLLS.values(), ids=POLLS)
def test_polling(
    java: BouncyCastleClient, tmp_path: Path, told: dict[str, Any], failure: str
) -> None:
    with talking(java, tmp_path, polls=1, check_after=0) as peer:
        changed = {f"pollReq.{name}": value for name, value in told.items()}
        report = peer.run("enrol", **PBM, request="ir", subject="CN=x", **changed)
        assert report.findings == []
        assert report.messages == ["ir ip", "pollReq error"]
        assert report.failures == {failure}
        assert peer.ca.ledger() == ()


def test_what_belongs_to_no_transaction(peer: Peer) -> None:
    for body in ("certConf", "pollReq"):
        report = peer.run("stray", **PBM, body=body)
        assert report.messages == [f"{body} error"]
        assert report.failures == {"badRequest"}


def test_transaction_id_is_used_once(peer: Peer) -> None:
    used = peer.ok("enrol", **PBM, request="ir", subject="CN=x").get("transaction")
    for request in ("ir", "p10cr"):
        told = {"request": request, f"{request}.transactionID": used}
        report = peer.run("enrol", **PBM, subject="CN=y", **told)
        assert report.failures == {"transactionIdInUse"}

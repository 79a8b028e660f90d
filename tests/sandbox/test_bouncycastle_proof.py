"""Keys that decrypt, and keys that the sandbox CA makes, as a client on BouncyCastle meets them."""

import pytest
from csc.runtime.sandbox.ledger.ledger import Status
from peers.java import needs_bouncycastle
from peers.sandbox_with_bouncycastle import PBM, PBMAC1, Peer

pytestmark = needs_bouncycastle

OAEP = "key transport 1.2.840.113549.1.1.7"
ECDH = "key agreement 1.3.132.1.11.1"


@pytest.mark.parametrize(
    ("key", "pvno", "recipient"),
    [
        ("rsa2048", 3, OAEP),
        ("rsa2048", 2, "EncryptedValue"),
        ("p256", 3, ECDH),
        ("p384", 3, ECDH),
    ],
)
def test_encrypted_certificate(bouncycastle: Peer, key: str, pvno: int, recipient: str) -> None:
    """RFC 9810 5.2.8.3.2: only who holds the key can read the certificate, and confirm it."""
    for credential in (PBM, PBMAC1):
        told = {"request": "ir", "subject": "CN=x", "key": key, "pvno": pvno, "popo": "encrCert"}
        report = bouncycastle.ok("enrol", **credential, **told)
        assert report.all("recipient") == [recipient]
        assert report.messages == ["ir ip", "certConf pkiconf"]
        bouncycastle.entered(report, Status.CONFIRMED)


@pytest.mark.parametrize(
    ("key", "pvno", "recipient"),
    [("rsa2048", 3, OAEP), ("rsa2048", 2, "challenge"), ("p256", 3, ECDH)],
)
def test_challenge(bouncycastle: Peer, key: str, pvno: int, recipient: str) -> None:
    """RFC 9810 5.2.8.3.3: a number that only the key's holder can read comes before the certificate."""
    told = {"subject": "CN=x", "key": key, "pvno": pvno, "popo": "challengeResp"}
    for request, answer in (("ir", "ip"), ("cr", "cp")):
        report = bouncycastle.ok("enrol", **PBM, request=request, **told)
        assert report.all("recipient") == [recipient]
        assert report.messages == [
            f"{request} popdecc",
            f"popdecr {answer}",
            "certConf pkiconf",
        ]
        bouncycastle.entered(report, Status.CONFIRMED)
    before = bouncycastle.ca.ledger()
    wrong = {"request": "ir", **told, "popdecr.number": 7}
    assert bouncycastle.run("enrol", **PBM, **wrong).failures == {"badPOP"}
    assert bouncycastle.ca.ledger() == before


def test_key_for_who_knows_the_secret(bouncycastle: Peer) -> None:
    """RFC 9483 4.1.6.3: signed by who may generate keys, and encrypted with the secret."""
    for credential in (PBM, PBMAC1):
        told = {"request": "ir", "subject": "CN=x", "key": "central", "pvno": 3}
        report = bouncycastle.ok("enrol", **credential, **told)
        assert report.all("recipient") == ["password 2.16.840.1.101.3.4.1.45"]
        bouncycastle.entered(report, Status.CONFIRMED)


@pytest.mark.parametrize(("key", "recipient"), [("rsa2048", OAEP), ("p256", ECDH), ("p384", ECDH)])
def test_key_for_the_holder_of_another(bouncycastle: Peer, key: str, recipient: str) -> None:
    """RFC 9483 4.1.6.1 and 4.1.6.2: it comes encrypted for the key that signed, and is of the kind wished."""
    bouncycastle.enrolled("device", key=key)
    bouncycastle.enrolled("ed25519", key="ed25519")
    for like in (None, "device", "ed25519"):
        told = {"request": "cr", "subject": "CN=x", "key": "central", "pvno": 3, "like": like}
        report = bouncycastle.ok("enrol", by="device", **told)
        assert report.all("recipient") == [recipient]
        bouncycastle.entered(report, Status.CONFIRMED)


def test_key_that_signs_only_gets_no_other(bouncycastle: Peer) -> None:
    bouncycastle.enrolled("device", key="ed25519")
    told = {"request": "cr", "subject": "CN=x", "key": "central", "pvno": 3}
    report = bouncycastle.run("enrol", by="device", **told)
    assert report.failures == {"notAuthorized"}
    assert len(bouncycastle.ca.ledger()) == 1


def test_signature_over_another_input(bouncycastle: Peer) -> None:
    """RFC 4211 4.1: where the template has no subject, poposkInput names the sender and is signed instead."""
    bouncycastle.enrolled("device")
    told = {"request": "kur", "sender": "CN=device", "old": "device"}
    report = bouncycastle.ok("enrol", by="device", **told)
    bouncycastle.entered(report, Status.CONFIRMED)
    wrong = bouncycastle.run("enrol", by="device", **{**told, "sender": "CN=another"})
    assert wrong.failures == {"badPOP"}

"""Answers of the sandbox CA that are changed on their way: BouncyCastle, which found nothing, finds it."""

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import (
    BodyType,
    CertRepMessage,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.cmp.protection import (
    Credential,
    MacScheme,
    PasswordCredential,
    SignatureCredential,
    protect,
)
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import SECRET, enrolled
from peers.bouncycastle_client import BouncyCastleClient
from peers.certificates import make_root, name, new_key
from peers.hostile import answering, hostile
from peers.java import needs_bouncycastle
from peers.sandbox_with_bouncycastle import PBM, Peer

pytestmark = needs_bouncycastle

Change = Callable[[bytes], bytes]


@dataclass
class Way:
    """What lies between the CA and the client, and changes the next answer."""

    ca: SandboxCA
    change: Change | None = None

    def __call__(self, request: bytes) -> bytes:
        answer = self.ca.respond(request)
        if self.change is not None:
            answer, self.change = self.change(answer), None
        return answer


@dataclass
class Changing:
    """The client, and the way to the CA."""

    peer: Peer
    way: Way


@pytest.fixture
def changing(java: BouncyCastleClient, tmp_path: Path) -> Generator[Changing]:
    with SandboxCA.open(tmp_path) as ca:
        ca.add_secret(b"ref", b"psk")
        way = Way(ca)
        with hostile(answering(way)) as server:
            yield Changing(Peer(java, ca, server.url), way)


def header(credential: Credential = SECRET, **fields: object) -> Change:
    """The header has other fields, and is protected again."""
    return again(lambda message: (replace(message.header, **fields), message.body), credential)


def response(**fields: object) -> Change:
    """The response that grants a certificate has other fields."""

    def changed(message: PKIMessage) -> tuple[PKIHeader, PKIBody]:
        content = message.body.content
        assert isinstance(content, CertRepMessage)
        (old,) = content.responses
        body = PKIBody(message.body.type, replace(content, responses=(replace(old, **fields),)))
        return message.header, body

    return again(changed)


def again(
    change: Callable[[PKIMessage], tuple[PKIHeader, PKIBody]], credential: Credential = SECRET
) -> Change:
    def changed(data: bytes) -> bytes:
        message = decode(data)
        links = [x509.load_der_x509_certificate(der) for der in message.extra_certs]
        return protect(*change(message), credential, random=os.urandom, extra=links)

    return changed


def mac(data: bytes) -> bytes:
    found = decode(data).protection
    assert found is not None
    return data.replace(found, found[:-1] + bytes([found[-1] ^ 1]))


def earlier(data: bytes) -> bytes:
    time = decode(data).header.message_time
    assert time is not None
    return header(message_time=time - timedelta(hours=1))(data)


def foreign() -> SignatureCredential:
    root, key = make_root("csc sandbox root CA"), new_key()
    return SignatureCredential(root.issue(name("csc sandbox CMP server"), key.public_key()), key)


CHANGES: dict[str, tuple[Change, str]] = {
    "pvno": (header(pvno=3), "1: pvno is 3"),
    "transactionID": (header(transaction_id=bytes(16)), "2: another transactionID"),
    "recipNonce": (header(recip_nonce=bytes(16)), "3: recipNonce is not"),
    "no recipNonce": (header(recip_nonce=None), "3: recipNonce is not"),
    "short senderNonce": (header(sender_nonce=bytes(8)), "4: senderNonce is missing, or short"),
    "no senderNonce": (header(sender_nonce=None), "4: senderNonce is missing, or short"),
    "messageTime": (earlier, "5: messageTime is"),
    "recipient": (header(recipient=name("another")), "6: recipient is"),
    "MAC": (mac, "7: the MAC is wrong"),
    "another secret": (header(PasswordCredential(b"ref", b"x")), "7: the MAC is wrong"),
    "reference": (header(PasswordCredential(b"x", b"psk")), "7: senderKID is not the reference"),
    "kind of MAC": (
        header(PasswordCredential(b"ref", b"psk", MacScheme.PBMAC1)),
        "7: another kind of MAC",
    ),
    "signature": (header(foreign()), "8: signed, and not with a MAC"),
    "certReqId": (response(cert_req_id=1), "certReqId is 1"),
    "failInfo beside a certificate": (
        response(status=PKIStatusInfo(PKIStatus.ACCEPTED, (), {PKIFailureInfo.BAD_ALG})),
        "failInfo beside the status 0",
    ),
    "status": (response(status=PKIStatusInfo(PKIStatus.REVOCATION_WARNING)), "neither granted"),
    "implicitConfirm": (
        header(general_info=(InfoTypeAndValue("1.3.6.1.5.5.7.4.13", b"\x05\x00"),)),
        "implicitConfirm was not asked for",
    ),
    "kind of body": (
        again(lambda message: (message.header, PKIBody(BodyType.CP, message.body.content))),
        "cp instead of ip",
    ),
}


@pytest.mark.parametrize(("change", "finding"), CHANGES.values(), ids=CHANGES)
def test_change_is_found(changing: Changing, change: Change, finding: str) -> None:
    changing.way.change = change
    report = changing.peer.run("enrol", **PBM, request="ir", subject="CN=x")
    assert report.findings[0].startswith(finding)


def test_change_of_what_is_signed_is_found(changing: Changing) -> None:
    changing.peer.enrolled("device")
    told = {"by": "device", "request": "cr", "subject": "CN=x"}
    changing.way.change = header(foreign())
    assert changing.peer.run("enrol", **told).findings[0].startswith("8: the signer: no path")
    changing.way.change = header(SECRET)
    assert changing.peer.run("enrol", **told).findings == ["7: a MAC, and there is no secret"]
    changing.way.change = lambda data: data.replace(b"CMP server", b"CMP SERVER", 1)
    findings = changing.peer.run("enrol", **told).findings
    assert findings == ["8: sender is not the signer", "8: the signature is wrong"]


def test_certificate_that_is_not_right_is_rejected(changing: Changing) -> None:
    """Another certificate of the CA, with another key: BouncyCastle says so in certConf."""
    _, other = enrolled(changing.way.ca)
    changing.way.change = response(certificate=other.certificate.public_bytes(Encoding.DER))
    report = changing.peer.run("enrol", **PBM, request="ir", subject="CN=x")
    assert report.findings == ["another public key"]
    assert report.messages[-1] == "certConf error"  # certHash is not of what was issued
    assert changing.peer.statuses()[-1] is Status.ISSUED


def test_certificate_of_another_ca_is_rejected(bouncycastle: Peer, tmp_path: Path) -> None:
    """It is the right one, but leads to a root that is not trusted."""
    with SandboxCA.open(tmp_path / "other") as other:
        root = other.root.public_bytes(Encoding.DER)
    report = bouncycastle.run("enrol", **PBM, request="ir", subject="CN=x", root=root)
    assert report.findings[0].startswith("no path to the root")
    assert report.get("confirmed") == "rejected"
    (entry,) = bouncycastle.ca.ledger()
    assert entry.status is Status.REJECTED
    assert "no path" in entry.reason

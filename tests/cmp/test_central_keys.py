"""Keys that the CA makes (RFC 9483 4.1.6), from our request to our confirmation."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp import enveloped, requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.credentials import Credential, PasswordCredential, SignatureCredential
from csc.runtime.cmp.errors import CMPError, DecryptionFailed, ProtectionError
from csc.runtime.cmp.events import CertificateReceived, CertificateRefused, Confirmed, Event
from csc.runtime.cmp.keys import KeyType, generate
from csc.runtime.cmp.model import CertConfirmContent, CertResponse, EncryptedKey, PKIStatus
from csc.runtime.cmp.transaction import Transaction
from csc.runtime.cmp.transport import HttpTransport
from peers.bouncycastle import bouncycastle_server, ledger, needs_bouncycastle
from peers.certificates import NOW
from peers.fake_ca import ACCEPTED, SECRET, SUBJECT, FakeCA, cert_rep

BC_SECRET = PasswordCredential(b"3078", b"open sesame")


def utc_now() -> datetime:
    return datetime.now(UTC)


def ask(
    credential: Credential,
    anchors: Sequence[x509.Certificate],
    key: PrivateKeyTypes | None = None,
    now: datetime = NOW,
) -> Transaction:
    return requests.initialize(
        subject=SUBJECT,
        key=key,
        credential=credential,
        anchors=anchors,
        recipient=anchors[0].subject,
        now=now,
        random=secrets.token_bytes,
    )


@needs_bouncycastle
@pytest.mark.parametrize("kind", [None, "rsa:2048", "ec:p256"], ids=str)
def test_from_bouncycastle(tmp_path: Path, kind: str | None) -> None:
    """The key comes encrypted for the secret, or for the certificate that signs, and is confirmed."""
    options = ("--secret", "3078:open sesame", "--central-keys", "--intermediate")
    with bouncycastle_server(tmp_path, *options) as port, HttpTransport() as http:
        root = x509.load_pem_x509_certificate((tmp_path / "root.pem").read_bytes())
        connection = Connection(
            lambda message: http.send(f"http://127.0.0.1:{port}/", message),
            utc_now,
            lambda seconds: None,
            timedelta(minutes=1),
        )
        credential: Credential = BC_SECRET
        if kind is not None:
            key = generate(KeyType(kind))
            own = run(ask(BC_SECRET, (root,), key, utc_now()), connection, lambda event: None)
            assert isinstance(own, CertificateReceived)
            credential = SignatureCredential(own.certificate, key, own.chain)
        seen: list[Event] = []
        result = run(ask(credential, (root,), None, utc_now()), connection, seen.append)
    assert isinstance(result, CertificateReceived)
    assert seen == [result, Confirmed()]
    assert result.key.public_key() == result.certificate.public_key()
    serial = result.certificate.serial_number
    assert [event for event, number, _ in ledger(tmp_path) if number == serial][-1] == "confirmed"


@pytest.mark.parametrize(
    "error", [ProtectionError("the key package: the signature is wrong"), DecryptionFailed("no")]
)
def test_a_key_that_nobody_vouches_for_is_rejected_at_the_ca(
    ca: FakeCA, key, monkeypatch: pytest.MonkeyPatch, error: CMPError
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise error

    monkeypatch.setattr(enveloped, "open_enveloped", fail)
    transaction = ask(SECRET, ca.anchors)
    assert transaction.outgoing is not None
    certificate = ca.issue_for(_with_a_key(ca, key))
    response = CertResponse(
        0,
        ACCEPTED,
        certificate=certificate.public_bytes(Encoding.DER),
        private_key=EncryptedKey(True, b"\x30\x00"),
    )
    body = cert_rep(transaction.outgoing, response)
    event = transaction.receive(ca.answer(transaction.outgoing, body), NOW)
    assert event == CertificateRefused(None, error)
    assert error.transaction_id == transaction.transaction_id
    assert transaction.outgoing is not None
    confirmation = decode(transaction.outgoing).body.content
    assert isinstance(confirmation, CertConfirmContent)
    (status,) = confirmation.statuses
    assert status.status is not None
    assert status.status.status == PKIStatus.REJECTION


def _with_a_key(ca: FakeCA, key: PrivateKeyTypes) -> bytes:
    request = ask(SECRET, ca.anchors, key).outgoing
    assert request is not None
    return request

"""The transaction as a state machine: what it sends, when, and how it goes on after an interruption."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from cryptography.x509 import Name, ReasonFlags
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import CMPError, Rejected
from csc.runtime.cmp.events import (
    CertificateReceived,
    CertificateRefused,
    Confirmed,
    Revoked,
)
from csc.runtime.cmp.model import (
    BodyType,
    CertConfirmContent,
    CertId,
    CertReqMessages,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PopoKind,
    RevReqContent,
)
from csc.runtime.cmp.protection import (
    PasswordCredential,
    verify_mac,
    verify_raw,
    verify_signature,
)
from csc.runtime.cmp.requests import initialize, revoke, update
from csc.runtime.cmp.transaction import Transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from peers.certificates import NOW, make_certificate, name, new_key
from peers.fake_ca import ACCEPTED, SECRET, SUBJECT, FakeCA, make_fake_ca


def start_ir(ca: FakeCA, key, *, resend: bytes | None = None, now=NOW, credential=SECRET):
    return initialize(
        subject=SUBJECT,
        key=key,
        credential=credential,
        anchors=ca.anchors,
        recipient=ca.root.certificate.subject,
        now=now,
        random=secrets.token_bytes,
        resend=resend,
    )


def start_kur(ca: FakeCA, key, *, resend: bytes | None = None):
    return update(
        certificate=ca.certificate,
        certificate_key=ca.certificate_key,
        key=key,
        anchors=ca.anchors,
        now=NOW,
        random=secrets.token_bytes,
        resend=resend,
    )


def start_rr(ca: FakeCA, *, reason: ReasonFlags = ReasonFlags.unspecified):
    return revoke(
        certificate=ca.certificate,
        certificate_key=ca.certificate_key,
        anchors=ca.anchors,
        now=NOW,
        random=secrets.token_bytes,
        reason=reason,
    )


def asked(transaction: Transaction) -> bytes:
    assert transaction.outgoing is not None
    return transaction.outgoing


def check_request(message: PKIMessage, key, recipient: Name) -> None:
    """What RFC 9483 3.1 and 4.1.1 demand of the header, the template and the proof of possession."""
    header = message.header
    assert header.pvno == 2
    assert header.recipient == recipient
    assert header.message_time == NOW
    assert header.transaction_id is not None
    assert len(header.transaction_id) == 16
    assert header.sender_nonce is not None
    assert len(header.sender_nonce) == 16
    assert header.recip_nonce is None
    assert header.general_info == ()  # no implicitConfirm
    content = message.body.content
    assert isinstance(content, CertReqMessages)
    (request,) = content.requests
    assert request.cert_req_id == 0
    assert request.template.subject == SUBJECT
    assert request.template.public_key == key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    assert request.pop.kind is PopoKind.SIGNATURE
    assert request.pop.algorithm is not None
    assert request.pop.signature is not None
    public_key = load_der_public_key(request.template.public_key)
    verify_raw(public_key, request.pop.algorithm, request.pop.signature, request.cert_request)


def test_ir_is_what_the_rfc_wants(ca: FakeCA, key) -> None:
    transaction = start_ir(ca, key)
    message = decode(asked(transaction))
    assert message.body.type is transaction.request_type is BodyType.IR
    check_request(message, key, ca.root.certificate.subject)
    assert message.header.transaction_id == transaction.transaction_id
    assert message.header.sender == name("3078")
    assert message.header.sender_kid == b"3078"
    assert message.extra_certs == ()
    verify_mac(message, SECRET.secret)


@pytest.mark.parametrize("reference", [b"\xff\xfe", b"", b"x" * 65, b"a\nb"])
def test_a_reference_that_is_no_name_gives_the_null_dn(ca: FakeCA, key, reference: bytes) -> None:
    credential = PasswordCredential(reference, b"secret")
    message = decode(asked(start_ir(ca, key, credential=credential)))
    assert message.header.sender == Name([])
    assert message.header.sender_kid == reference


def test_kur_is_what_the_rfc_wants(ca: FakeCA, key) -> None:
    message = decode(asked(start_kur(ca, key)))
    assert message.body.type is BodyType.KUR
    check_request(message, key, ca.certificate.issuer)
    assert message.header.sender == ca.certificate.subject
    content = message.body.content
    assert isinstance(content, CertReqMessages)
    old = CertId(ca.certificate.issuer, ca.certificate.serial_number)
    assert content.requests[0].old_cert_id == old
    assert message.extra_certs[0] == ca.certificate.public_bytes(Encoding.DER)
    verify_signature(message, ca.certificate.public_key())


@pytest.mark.parametrize(
    ("reason", "number"),
    [(ReasonFlags.unspecified, 0), (ReasonFlags.key_compromise, 1), (ReasonFlags.superseded, 4)],
)
def test_rr_is_what_the_rfc_wants(ca: FakeCA, reason: ReasonFlags, number: int) -> None:
    message = decode(asked(start_rr(ca, reason=reason)))
    assert message.body.type is BodyType.RR
    assert message.header.sender == ca.certificate.subject
    content = message.body.content
    assert isinstance(content, RevReqContent)
    (details,) = content.details
    assert details.template.issuer == ca.certificate.issuer
    assert details.template.serial_number == ca.certificate.serial_number
    (entry,) = details.crl_entry_details
    assert (entry.oid, entry.value) == ("2.5.29.21", bytes([0x0A, 1, number]))
    verify_signature(message, ca.certificate.public_key())


def test_nothing_random_is_used_twice(ca: FakeCA, key) -> None:
    first, second = (decode(asked(start_ir(ca, key))).header for _ in range(2))
    assert first.transaction_id != second.transaction_id
    assert first.sender_nonce != second.sender_nonce
    assert first.protection_alg != second.protection_alg  # the salt


def test_the_mac_has_the_same_parameters_all_along(ca: FakeCA, key) -> None:
    """RFC 9810 5.1.3.1: one key is derived; the CA's parameters are its own."""
    transaction = start_ir(ca, key)
    request = asked(transaction)
    answer = ca.enrol(request, ca.issue_for(request))
    transaction.receive(answer, NOW)
    algorithms = [decode(m).header.protection_alg for m in (request, answer, asked(transaction))]
    assert algorithms[0] == algorithms[2] != algorithms[1]
    verify_mac(decode(asked(transaction)), SECRET.secret)


@pytest.mark.parametrize("start", [start_ir, start_kur])
def test_enrolment_from_request_to_confirmation(ca: FakeCA, key, start: Callable) -> None:
    """certConf carries the certificate's hash and answers the CA's nonce; pkiconf ends it all."""
    transaction = start(ca, key)
    request = asked(transaction)
    certificate = ca.issue_for(request)
    answer = ca.enrol(request, certificate)
    event = transaction.receive(answer, NOW)
    issuers = (ca.root.certificate,)
    assert event == CertificateReceived(certificate, event.chain, ACCEPTED, key, (), issuers)

    message = decode(asked(transaction))
    assert message.body.type is BodyType.CERT_CONF
    assert message.header.pvno == 2
    assert message.header.transaction_id == transaction.transaction_id
    assert message.header.recip_nonce == decode(answer).header.sender_nonce
    assert message.header.sender_nonce != decode(request).header.sender_nonce
    content = message.body.content
    assert isinstance(content, CertConfirmContent)
    (status,) = content.statuses
    assert status.cert_req_id == 0
    assert status.cert_hash == hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    assert status.hash_alg is None
    assert status.status is None
    if start is start_ir:
        verify_mac(message, SECRET.secret)
    else:
        verify_signature(message, ca.certificate.public_key())

    assert transaction.receive(ca.confirm(asked(transaction)), NOW) == Confirmed()
    assert transaction.outgoing is None


def test_revocation_needs_no_confirmation(ca: FakeCA) -> None:
    transaction = start_rr(ca)
    assert transaction.receive(ca.revoke(asked(transaction)), NOW) == Revoked(ACCEPTED)
    assert transaction.outgoing is None


def test_a_certificate_without_a_hash_of_its_own_is_confirmed_with_hash_alg(ca, key) -> None:
    """Ed25519 names no hash, so certConf says which, in a message of version 3 (RFC 9810 5.3.18)."""
    issuer_key = ed25519.Ed25519PrivateKey.generate()
    certificate = make_certificate(SUBJECT, key.public_key(), name("Ed CA"), issuer_key)
    transaction = start_ir(ca, key)
    event = transaction.receive(ca.enrol(asked(transaction), certificate), NOW)
    assert isinstance(event, CertificateRefused)
    message = decode(asked(transaction))
    assert message.header.pvno == 3
    content = message.body.content
    assert isinstance(content, CertConfirmContent)
    (status,) = content.statuses
    assert status.cert_hash == hashlib.sha512(certificate.public_bytes(Encoding.DER)).digest()
    assert status.hash_alg is not None
    assert status.hash_alg.oid == "2.16.840.1.101.3.4.2.3"


def received(ca: FakeCA, key) -> Transaction:
    transaction = start_ir(ca, key)
    request = asked(transaction)
    transaction.receive(ca.enrol(request, ca.issue_for(request)), NOW)
    return transaction


def test_already_confirmed_counts_as_confirmed(ca: FakeCA, key) -> None:
    """A certConf sent again after its pkiconf was lost."""
    transaction = received(ca, key)
    refusal = PKIStatusInfo(
        PKIStatus.REJECTION, fail_info=frozenset({PKIFailureInfo.CERT_CONFIRMED})
    )
    body = PKIBody(BodyType.ERROR, ErrorMsgContent(refusal))
    assert transaction.receive(ca.answer(asked(transaction), body), NOW) == Confirmed(
        was_before=True
    )
    assert transaction.outgoing is None


def test_any_other_error_to_a_confirmation_is_a_refusal(ca: FakeCA, key) -> None:
    transaction = received(ca, key)
    refusal = PKIStatusInfo(PKIStatus.REJECTION, fail_info=frozenset({PKIFailureInfo.BAD_CERT_ID}))
    body = PKIBody(BodyType.ERROR, ErrorMsgContent(refusal))
    with pytest.raises(Rejected, match=r"certificate confirmation.*\(badCertId\)"):
        transaction.receive(ca.answer(asked(transaction), body), NOW)


def test_already_confirmed_does_not_answer_a_request(ca: FakeCA, key) -> None:
    transaction = start_ir(ca, key)
    refusal = PKIStatusInfo(
        PKIStatus.REJECTION, fail_info=frozenset({PKIFailureInfo.CERT_CONFIRMED})
    )
    body = PKIBody(BodyType.ERROR, ErrorMsgContent(refusal))
    with pytest.raises(Rejected, match="certConfirmed"):
        transaction.receive(ca.answer(asked(transaction), body), NOW)


def test_nothing_is_received_after_the_end(ca: FakeCA) -> None:
    transaction = start_rr(ca)
    answer = ca.revoke(asked(transaction))
    transaction.receive(answer, NOW)
    with pytest.raises(ValueError, match="done"):
        transaction.receive(answer, NOW)


def test_an_answer_is_taken_once(ca: FakeCA, key) -> None:
    """The ip again does not answer the certConf: its recipNonce is the request's."""
    transaction = start_ir(ca, key)
    answer = ca.enrol(asked(transaction), ca.issue_for(asked(transaction)))
    transaction.receive(answer, NOW)
    with pytest.raises(CMPError, match="recipNonce"):
        transaction.receive(answer, NOW)


@pytest.mark.parametrize("start", [start_ir, start_kur])
def test_a_request_is_sent_again_byte_for_byte(ca: FakeCA, key, start: Callable) -> None:
    """What an interrupted run left is taken up with its transactionID and nonce."""
    first = start(ca, key)
    again = start(ca, key, resend=asked(first))
    assert again.outgoing == first.outgoing
    assert again.transaction_id == first.transaction_id
    answer = ca.enrol(asked(first), ca.issue_for(asked(first)))
    assert isinstance(again.receive(answer, NOW), CertificateReceived)
    assert again.receive(ca.confirm(asked(again)), NOW) == Confirmed()


def test_the_answer_to_a_request_sent_again_may_be_as_old_as_the_request(ca, key) -> None:
    """The CA answers a retransmission with what it answered first; the certificate must not be lost."""
    first = start_ir(ca, key)
    answer = ca.enrol(asked(first), ca.issue_for(asked(first)))
    tomorrow = NOW + timedelta(days=1)
    again = start_ir(ca, key, resend=asked(first), now=tomorrow)
    assert isinstance(again.receive(answer, tomorrow), CertificateReceived)


def test_no_secret_shows(ca: FakeCA, key) -> None:
    transaction = start_ir(ca, key)
    for shown in (repr(transaction), repr(SECRET), repr(vars(transaction))):
        assert "sesame" not in shown


_CA = make_fake_ca()
_KEY = new_key()


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_cmp_error(data: bytes) -> None:
    with pytest.raises(CMPError):
        start_kur(_CA, _KEY).receive(data, NOW)


def _honest() -> tuple[bytes, bytes]:
    request = asked(start_kur(_CA, _KEY))
    return request, _CA.enrol(request, _CA.issue_for(request))


_REQUEST, _ANSWER = _honest()


@settings(max_examples=300)
@given(st.integers(0, len(_ANSWER) - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_never_passes(position: int, change: int) -> None:
    """A signed answer with one byte changed is refused by name, wherever the byte is."""
    changed = bytearray(_ANSWER)
    changed[position] ^= change
    with pytest.raises(CMPError):
        start_kur(_CA, _KEY, resend=_REQUEST).receive(bytes(changed), NOW)

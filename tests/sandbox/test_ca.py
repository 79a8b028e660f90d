"""The sandbox CA without HTTP: what it answers to messages that no well-behaved client sends."""

import os
import threading
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from csc.runtime.cmp import requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import (
    BodyType,
    CertConfirmContent,
    CertId,
    CertRepMessage,
    CertTemplate,
    Extension,
    PKIBody,
    PKIConfirmContent,
    PKIFailureInfo,
    PopoKind,
    ProofOfPossession,
    RevDetails,
    RevReqContent,
)
from csc.runtime.cmp.protection import (
    PasswordCredential,
    protect,
    verify_mac,
    verify_signature,
)
from csc.runtime.sandbox.authority.root import root_of
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peers.asker import (
    KEY,
    ROOT_NAME,
    SECRET,
    SUBJECT,
    ask,
    cert_req,
    confirm,
    enrolled,
    failures,
    header,
    ir,
    issued,
    template,
    utc_now,
)


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path) as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


# -- answers ---------------------------------------------------------------------------------------


def test_answer_to_a_secret_is_protected_with_it(ca: SandboxCA) -> None:
    head = header()
    answer = ask(ca, ir(), head)
    verify_mac(answer, SECRET.secret)
    assert answer.header.transaction_id == head.transaction_id
    assert answer.header.recip_nonce == head.sender_nonce
    assert answer.header.recipient == SUBJECT
    assert len(answer.header.sender_nonce or b"") == 16
    content = answer.body.content
    assert isinstance(content, CertRepMessage)
    assert content.ca_pubs == (ca.root.public_bytes(Encoding.DER),)


def test_answer_to_a_signature_is_signed(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    answer = ask(ca, ir(body_type=BodyType.KUR), header(), credential)
    signer = x509.load_der_x509_certificate(answer.extra_certs[0])
    assert (
        answer.header.sender
        == signer.subject
        == x509.Name.from_rfc4514_string("CN=csc sandbox CMP server")
    )
    verify_signature(answer, signer.public_key())
    signer.verify_directly_issued_by(ca.chain[0])


def test_refusal_of_a_wrong_secret_is_signed(ca: SandboxCA) -> None:
    answer = ask(ca, ir(), credential=PasswordCredential(b"ref", b"wrong"))
    assert failures(answer) == {PKIFailureInfo.BAD_MESSAGE_CHECK}
    verify_signature(answer, x509.load_der_x509_certificate(answer.extra_certs[0]).public_key())


def test_certificate_is_what_was_asked_for(ca: SandboxCA) -> None:
    certificate = issued(ask(ca, ir()))
    assert certificate.subject == SUBJECT
    assert certificate.public_key() == KEY.public_key()
    certificate.verify_directly_issued_by(ca.chain[0])
    assert certificate.serial_number.bit_length() > 64
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert not constraints.value.ca


def test_unknown_extension_is_left_out_and_said(ca: SandboxCA) -> None:
    extension = Extension("2.5.29.37", False, b"\x30\x00")
    answer = ask(ca, ir(cert_req(template(extensions=(extension,)))))
    content = answer.body.content
    assert isinstance(content, CertRepMessage)
    assert content.responses[0].status.status == 1  # grantedWithMods
    assert "2.5.29.37" in content.responses[0].status.status_string[0]


# -- refusals --------------------------------------------------------------------------------------

HEADERS = {
    "version": ({"pvno": 1}, PKIFailureInfo.UNSUPPORTED_VERSION),
    "no transactionID": ({"transaction_id": None}, PKIFailureInfo.BAD_DATA_FORMAT),
    "short transactionID": ({"transaction_id": b"x" * 15}, PKIFailureInfo.BAD_DATA_FORMAT),
    "no senderNonce": ({"sender_nonce": None}, PKIFailureInfo.BAD_SENDER_NONCE),
    "short senderNonce": ({"sender_nonce": b"x" * 15}, PKIFailureInfo.BAD_SENDER_NONCE),
    "old": ({"message_time": utc_now() - timedelta(days=1)}, PKIFailureInfo.BAD_TIME),
    "for another CA": (
        {"recipient": x509.Name.from_rfc4514_string("CN=x")},
        PKIFailureInfo.WRONG_AUTHORITY,
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_wrong_header(ca: SandboxCA, name: str) -> None:
    changes, failure = HEADERS[name]
    assert failures(ask(ca, ir(), header(**changes))) == {failure}
    assert ca.ledger() == ()


def _small() -> bytes:
    key = rsa.generate_private_key(65537, 1024)
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


BODIES = {
    "two requests": (
        lambda: ir(cert_req(template()), cert_req(template())),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "certReqId": (lambda: ir(cert_req(template(), number=1)), PKIFailureInfo.BAD_REQUEST),
    "no subject": (
        lambda: ir(cert_req(template(subject=None))),
        PKIFailureInfo.BAD_CERT_TEMPLATE,
    ),
    "no key, but a signature": (
        lambda: ir(cert_req(template(public_key=None))),
        PKIFailureInfo.BAD_POP,
    ),
    "short key": (
        lambda: ir(cert_req(template(public_key=_small()))),
        PKIFailureInfo.BAD_CERT_TEMPLATE,
    ),
    "another issuer": (
        lambda: ir(cert_req(template(issuer=SUBJECT))),
        PKIFailureInfo.BAD_CERT_TEMPLATE,
    ),
    "signature of another key": (
        lambda: ir(cert_req(template(), key=ec.generate_private_key(ec.SECP256R1()))),
        PKIFailureInfo.BAD_POP,
    ),
    "raVerified": (
        lambda: ir(replace(cert_req(template()), pop=ProofOfPossession(PopoKind.RA_VERIFIED))),
        PKIFailureInfo.BAD_POP,
    ),
    "no proof": (
        lambda: ir(replace(cert_req(template()), pop=ProofOfPossession(PopoKind.ABSENT))),
        PKIFailureInfo.BAD_POP,
    ),
    "update of nothing": (lambda: ir(body_type=BodyType.KUR), PKIFailureInfo.BAD_CERT_ID),
    "revocation of nothing": (
        lambda: PKIBody(
            BodyType.RR,
            RevReqContent((RevDetails(CertTemplate(issuer=ROOT_NAME, serial_number=5)),)),
        ),
        PKIFailureInfo.BAD_CERT_ID,
    ),
    "revocation without a serial number": (
        lambda: PKIBody(BodyType.RR, RevReqContent((RevDetails(CertTemplate(issuer=ROOT_NAME)),))),
        PKIFailureInfo.ADD_INFO_NOT_AVAILABLE,
    ),
    "an answer": (
        lambda: PKIBody(BodyType.PKI_CONF, PKIConfirmContent()),
        PKIFailureInfo.BAD_REQUEST,
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_wrong_body(ca: SandboxCA, name: str) -> None:
    body, failure = BODIES[name]
    answer = ask(ca, body())
    assert failures(answer) == {failure}
    verify_mac(answer, SECRET.secret)
    assert ca.ledger() == ()


def test_update_cannot_change_the_subject(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    other = template(subject=x509.Name.from_rfc4514_string("CN=other"))
    answer = ask(ca, ir(cert_req(other), body_type=BodyType.KUR), header(), credential)
    assert failures(answer) == {PKIFailureInfo.BAD_CERT_TEMPLATE}


def test_signer_of_another_ca(ca: SandboxCA, tmp_path: Path) -> None:
    with SandboxCA.open(tmp_path / "other") as other:
        other.add_secret(SECRET.reference, SECRET.secret)
        _, credential = enrolled(other)
    answer = ask(ca, ir(body_type=BodyType.KUR), header(), credential)
    assert failures(answer) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}


def test_certificate_of_somebody_else(ca: SandboxCA) -> None:
    """A valid certificate may not renew or revoke another one."""
    _, credential = enrolled(ca)
    victim = issued(ask(ca, ir(cert_req(template(subject=x509.Name.from_rfc4514_string("CN=v"))))))
    old = CertId(victim.issuer, victim.serial_number)
    update = ir(cert_req(template(subject=None), old=old), body_type=BodyType.KUR)
    assert failures(ask(ca, update, header(), credential)) == {PKIFailureInfo.NOT_AUTHORIZED}
    revocation = PKIBody(
        BodyType.RR,
        RevReqContent(
            (RevDetails(CertTemplate(issuer=victim.issuer, serial_number=victim.serial_number)),)
        ),
    )
    assert failures(ask(ca, revocation, header(), credential)) == {PKIFailureInfo.NOT_AUTHORIZED}


# -- confirmation ----------------------------------------------------------------------------------


def test_confirmation_of_another_certificate(ca: SandboxCA) -> None:
    answer = ask(ca, ir())
    assert failures(ask(ca, *confirm(answer, b"x" * 32))) == {PKIFailureInfo.BAD_CERT_ID}
    assert [entry.status for entry in ca.ledger()] == [Status.ISSUED]


def test_confirmation_with_another_nonce(ca: SandboxCA) -> None:
    answer = ask(ca, ir())
    right = issued(answer).fingerprint(hashes.SHA256())
    wrong = confirm(answer, right, recip_nonce=os.urandom(16))
    assert failures(ask(ca, *wrong)) == {PKIFailureInfo.BAD_RECIPIENT_NONCE}


def test_confirmation_in_an_unknown_transaction(ca: SandboxCA) -> None:
    answer = ask(ca, ir())
    wrong = confirm(answer, b"x" * 32, transaction_id=os.urandom(16))
    assert failures(ask(ca, *wrong)) == {PKIFailureInfo.BAD_REQUEST}


def test_confirmation_by_somebody_else(ca: SandboxCA) -> None:
    ca.add_secret(b"other", b"psk2")
    answer = ask(ca, ir())
    right = issued(answer).fingerprint(hashes.SHA256())
    wrong = ask(ca, *confirm(answer, right), PasswordCredential(b"other", b"psk2"))
    assert failures(wrong) == {PKIFailureInfo.WRONG_INTEGRITY}


def test_second_confirmation(ca: SandboxCA) -> None:
    answer, credential = enrolled(ca)
    again = confirm(answer, credential.certificate.fingerprint(hashes.SHA256()))
    assert failures(ask(ca, *again)) == {PKIFailureInfo.CERT_CONFIRMED}
    assert [entry.status for entry in ca.ledger()] == [Status.CONFIRMED]


def test_confirmation_without_a_status_rejects(ca: SandboxCA) -> None:
    answer = ask(ca, ir())
    _, head = confirm(answer, b"")
    nothing = PKIBody(BodyType.CERT_CONF, CertConfirmContent(()))
    assert ask(ca, nothing, head).body.type is BodyType.PKI_CONF
    assert [entry.status for entry in ca.ledger()] == [Status.REJECTED]


# -- once, and only once ---------------------------------------------------------------------------


def test_same_bytes_get_the_same_answer(ca: SandboxCA, tmp_path: Path) -> None:
    """A request that is sent again gets the answer that it got before, also after a restart."""
    request = protect(header(), ir(), SECRET, random=os.urandom)
    first = ca.respond(request)
    assert ca.respond(request) == first
    ca.close()
    with SandboxCA.open(tmp_path) as reopened:
        reopened.add_secret(SECRET.reference, SECRET.secret)
        assert reopened.respond(request) == first
        assert len(reopened.ledger()) == 1


def test_transaction_id_is_used_once(ca: SandboxCA) -> None:
    head = header()
    ask(ca, ir(), head)
    again = replace(head, sender_nonce=os.urandom(16))
    assert failures(ask(ca, ir(), again)) == {PKIFailureInfo.TRANSACTION_ID_IN_USE}
    assert len(ca.ledger()) == 1


def connection(ca: SandboxCA) -> Connection:
    return Connection(ca.respond, utc_now, lambda seconds: None, timedelta())


def test_many_at_once(ca: SandboxCA) -> None:
    """Twenty enrolments at the same time: none lost, none issued twice."""
    start = threading.Barrier(20)
    serials: list[int] = []

    def enrol(number: int) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        begun = requests.initialize(
            subject=x509.Name.from_rfc4514_string(f"CN=device-{number}"),
            key=key,
            credential=SECRET,
            anchors=(ca.root,),
            recipient=ca.root.subject,
            now=utc_now(),
            random=os.urandom,
        )
        start.wait(20)
        event = run(begun, connection(ca), lambda event: None)
        serials.append(event.certificate.serial_number)

    threads = [threading.Thread(target=enrol, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(serials)) == 20
    assert {entry.status for entry in ca.ledger()} == {Status.CONFIRMED}
    assert len({entry.subject for entry in ca.ledger()}) == 20


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_requests_are_refused(ca: SandboxCA, data: st.DataObject) -> None:
    """Whatever single byte of a request is changed, the answer is a refusal, and nothing is issued."""
    request = bytearray(protect(header(), ir(), SECRET, random=os.urandom))
    place = data.draw(st.integers(0, 10_000)) % len(request)
    request[place] ^= data.draw(st.integers(1, 255))
    assert failures(decode(ca.respond(bytes(request))))
    assert ca.ledger() == ()


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_garbage_is_refused(ca: SandboxCA, garbage: bytes) -> None:
    assert failures(decode(ca.respond(garbage))) == {PKIFailureInfo.BAD_DATA_FORMAT}


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


def test_expired_certificate_may_not_update(tmp_path: Path) -> None:
    clock = Clock(utc_now())
    with SandboxCA.open(tmp_path, clock) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        _, credential = enrolled(ca)
        clock.now += timedelta(days=100)
        late = header(message_time=clock.now)
        answer = ask(ca, ir(body_type=BodyType.KUR), late, credential)
        assert failures(answer) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}


def test_looking_for_a_root_makes_none(tmp_path: Path) -> None:
    assert root_of(tmp_path / "ca") is None
    assert not (tmp_path / "ca").exists()
    with SandboxCA.open(tmp_path / "ca") as ca:
        assert root_of(tmp_path / "ca") == ca.root.public_bytes(Encoding.DER)

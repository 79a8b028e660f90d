"""RFC 9483 3.5: what is checked of every request, and by which failInfo it is refused."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from csc.runtime.cmp.codec import encode_message, encode_protected_part
from csc.runtime.cmp.model import BodyType, CertConfirmContent, PKIBody, PKIFailureInfo
from csc.runtime.cmp.protection import (
    Credential,
    SignatureCredential,
    protect,
    verify_signature,
)
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    KEY,
    SECRET,
    ask,
    cert_req,
    confirm,
    enrolled,
    failures,
    fingerprint,
    genm,
    header,
    ir,
    issued,
    p10cr,
    rr,
    send,
    template,
    utc_now,
)
from peers.der import wrap
from peers.header_surgery import (
    MESSAGE_TIME,
    PVNO,
    RECIP_NONCE,
    SENDER,
    SENDER_KID,
    SENDER_NONCE,
    TRANSACTION_ID,
    Fields,
    altered,
    with_field,
    with_octets,
    with_place,
    without,
)


def _time(then: datetime) -> bytes:
    return wrap(0x18, then.strftime("%Y%m%d%H%M%SZ").encode())


HEADERS: dict[str, tuple[Callable[[Fields], Fields], PKIFailureInfo]] = {
    "version 0": (with_place(PVNO, b"\x02\x01\x00"), PKIFailureInfo.UNSUPPORTED_VERSION),
    "version 1": (with_place(PVNO, b"\x02\x01\x01"), PKIFailureInfo.UNSUPPORTED_VERSION),
    "version 4": (with_place(PVNO, b"\x02\x01\x04"), PKIFailureInfo.UNSUPPORTED_VERSION),
    "no transactionID": (without(TRANSACTION_ID), PKIFailureInfo.BAD_DATA_FORMAT),
    "transactionID of 120 bits": (
        with_octets(TRANSACTION_ID, bytes(15)),
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "empty transactionID": (with_octets(TRANSACTION_ID, b""), PKIFailureInfo.BAD_DATA_FORMAT),
    "no senderNonce": (without(SENDER_NONCE), PKIFailureInfo.BAD_SENDER_NONCE),
    "senderNonce of 120 bits": (
        with_octets(SENDER_NONCE, bytes(15)),
        PKIFailureInfo.BAD_SENDER_NONCE,
    ),
    "a day ago": (
        with_field(MESSAGE_TIME, _time(utc_now() - timedelta(days=1))),
        PKIFailureInfo.BAD_TIME,
    ),
    "tomorrow": (
        with_field(MESSAGE_TIME, _time(utc_now() + timedelta(days=1))),
        PKIFailureInfo.BAD_TIME,
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_wrong_header(ca: SandboxCA, credential: Credential, name: str) -> None:
    """Refused by an error, whatever the body is."""
    change, failure = HEADERS[name]
    before = ca.ledger()
    for body in (ir(), p10cr(), genm(), rr(ca.root)):
        answer = send(ca, altered(header(), body, credential, change))
        assert answer.body.type is BodyType.ERROR
        assert failures(answer) == {failure}
    assert ca.ledger() == before


def test_message_time_may_be_missing(ca: SandboxCA, credential: Credential) -> None:
    request = altered(header(), ir(), credential, without(MESSAGE_TIME))
    assert send(ca, request).body.type is BodyType.IP


@pytest.mark.parametrize("cut", [1, 40, -1])
def test_what_is_no_message(ca: SandboxCA, credential: Credential, cut: int) -> None:
    """Messages that end early, or go on, and what is none."""
    request = protect(header(), ir(), credential, random=os.urandom)
    before = ca.ledger()
    for wrong in (request[:cut], request + b"\x00", b"", b"\x30\x00", b"hello"):
        answer = send(ca, wrong)
        assert answer.body.type is BodyType.ERROR
        assert failures(answer) == {PKIFailureInfo.BAD_DATA_FORMAT}
    assert ca.ledger() == before


# -- the sender of a signed message ----------------------------------------------------------------


def test_sender_is_the_subject_of_the_signer(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    issuer = wrap(0xA4, credential.certificate.issuer.public_bytes())
    for sender in (issuer, wrap(0xA4, x509.Name([]).public_bytes()), wrap(0x81, b"a@example.com")):
        request = altered(header(), ir(), credential, with_place(SENDER, sender))
        assert failures(send(ca, request)) == {PKIFailureInfo.BAD_MESSAGE_CHECK}


def test_sender_kid_is_the_signers(ca: SandboxCA) -> None:
    """It is the subject key identifier of the certificate that signed, which has one."""
    _, credential = enrolled(ca)
    for change in (with_octets(SENDER_KID, bytes(20)), without(SENDER_KID)):
        answer = send(ca, altered(header(), ir(), credential, change))
        assert failures(answer) == {PKIFailureInfo.BAD_MESSAGE_CHECK}


def test_sender_kid_names_the_secret(ca: SandboxCA) -> None:
    for change in (with_octets(SENDER_KID, b"nobody"), without(SENDER_KID)):
        answer = send(ca, altered(header(), ir(), SECRET, change))
        assert failures(answer) == {PKIFailureInfo.BAD_MESSAGE_CHECK}
    assert ca.ledger() == ()


def test_signer_is_revoked(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    assert ask(ca, rr(credential.certificate)).body.type is BodyType.RP
    for body in (ir(), genm(), ir(body_type=BodyType.KUR), rr(credential.certificate)):
        answer = ask(ca, body, header(), credential)
        assert answer.body.type is BodyType.ERROR
        assert failures(answer) == {PKIFailureInfo.CERT_REVOKED}


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


def test_signer_has_expired(tmp_path: Path) -> None:
    clock = Clock(utc_now())
    with SandboxCA.open(tmp_path, clock) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        _, credential = enrolled(ca)
        clock.now = credential.certificate.not_valid_after_utc + timedelta(seconds=1)
        answer = ask(ca, ir(), header(message_time=clock.now), credential)
        assert failures(answer) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}
        clock.now -= timedelta(seconds=2)
        answer = ask(ca, ir(), header(message_time=clock.now), credential)
        assert answer.body.type is BodyType.IP


def test_signer_is_not_valid_yet(tmp_path: Path) -> None:
    clock = Clock(utc_now())
    with SandboxCA.open(tmp_path, clock) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        begins = (clock.now + timedelta(days=2)).replace(microsecond=0)
        answer = ask(ca, ir(cert_req(template(not_before=begins))))
        ask(ca, *confirm(answer, fingerprint(answer)))
        credential = SignatureCredential(issued(answer), KEY)
        answer = ask(ca, ir(), credential=credential)
        assert failures(answer) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}
        clock.now = begins
        answer = ask(ca, ir(), header(message_time=clock.now), credential)
        assert answer.body.type is BodyType.IP


def test_signer_was_rejected_by_its_holder(ca: SandboxCA) -> None:
    answer = ask(ca, ir())
    _, head = confirm(answer, b"")
    ask(ca, PKIBody(BodyType.CERT_CONF, CertConfirmContent(())), head)
    assert ca.ledger()[-1].status is Status.REJECTED
    credential = SignatureCredential(issued(answer), KEY)
    assert failures(ask(ca, ir(), header(), credential))


# -- what a message goes on from -------------------------------------------------------------------


def test_first_message_answers_nothing(ca: SandboxCA, credential: Credential) -> None:
    before = ca.ledger()
    for body in (ir(), p10cr(), genm(), rr(ca.root)):
        change = with_octets(RECIP_NONCE, os.urandom(16))
        answer = send(ca, altered(header(), body, credential, change))
        assert answer.body.type is BodyType.ERROR
        assert failures(answer) == {PKIFailureInfo.BAD_RECIPIENT_NONCE}
    assert ca.ledger() == before


CONFIRMATIONS: dict[str, tuple[Callable[[Fields], Fields], PKIFailureInfo]] = {
    "no recipNonce": (without(RECIP_NONCE), PKIFailureInfo.BAD_RECIPIENT_NONCE),
    "another recipNonce": (
        with_octets(RECIP_NONCE, bytes(16)),
        PKIFailureInfo.BAD_RECIPIENT_NONCE,
    ),
    "no senderNonce": (without(SENDER_NONCE), PKIFailureInfo.BAD_SENDER_NONCE),
    "no transactionID": (without(TRANSACTION_ID), PKIFailureInfo.BAD_DATA_FORMAT),
    "another transactionID": (
        with_octets(TRANSACTION_ID, bytes(16)),
        PKIFailureInfo.BAD_REQUEST,
    ),
}


@pytest.mark.parametrize("name", CONFIRMATIONS)
def test_wrong_header_of_a_confirmation(ca: SandboxCA, credential: Credential, name: str) -> None:
    change, failure = CONFIRMATIONS[name]
    answer = ask(ca, ir(), header(), credential)
    body, head = confirm(answer, fingerprint(answer))
    refused = send(ca, altered(head, body, credential, change))
    assert refused.body.type is BodyType.ERROR
    assert failures(refused) == {failure}
    assert ca.ledger()[-1].status is Status.ISSUED
    assert ask(ca, body, head, credential).body.type is BodyType.PKI_CONF


def test_transaction_id_is_in_use(ca: SandboxCA, credential: Credential) -> None:
    """Another first message of a transaction is refused, whether that goes on or has ended."""
    open_, ended = header(), header()
    ask(ca, ir(), open_, credential)
    ask(ca, genm(), ended, credential)
    for head in (open_, ended):
        for body in (ir(), genm()):
            again = header(transaction_id=head.transaction_id)
            answer = ask(ca, body, again, credential)
            assert answer.body.type is BodyType.ERROR
            assert failures(answer) == {PKIFailureInfo.TRANSACTION_ID_IN_USE}


def test_refusal_of_what_is_unprotected_is_signed(ca: SandboxCA) -> None:
    request = encode_message(encode_protected_part(header(), ir()), None, ())
    answer = send(ca, request)
    signer = x509.load_der_x509_certificate(answer.extra_certs[0])
    verify_signature(answer, signer.public_key())

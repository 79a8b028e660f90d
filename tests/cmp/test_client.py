"""The driver: the order of sending and observing, and which outcome it ends with."""

import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import ConnectionBroken, ProtectionError, WrongCertificate
from csc.runtime.cmp.events import (
    CertificateReceived,
    CertificateRefused,
    Confirmed,
    Event,
    Revoked,
)
from csc.runtime.cmp.model import BodyType, ErrorMsgContent, PKIBody, PKIStatus, PKIStatusInfo
from csc.runtime.cmp.requests import initialize, revoke
from csc.runtime.cmp.transaction import Transaction
from peers.certificates import NOW, new_key
from peers.fake_ca import ACCEPTED, SECRET, SUBJECT, FakeCA


def no_pause(seconds: float) -> None:
    raise AssertionError(f"nothing is waited for, and this for {seconds} seconds")


def over(send: Callable[[bytes], bytes], pause: Callable[[float], None] = no_pause) -> Connection:
    return Connection(send, lambda: NOW, pause, timedelta(minutes=10))


@pytest.fixture
def ir(ca: FakeCA, key: ec.EllipticCurvePrivateKey) -> Transaction:
    return initialize(
        subject=SUBJECT,
        key=key,
        credential=SECRET,
        anchors=ca.anchors,
        recipient=ca.root.certificate.subject,
        now=NOW,
        random=secrets.token_bytes,
    )


def test_what_is_observed_is_observed_before_the_next_message(ca: FakeCA, ir) -> None:
    """The certificate can be made durable before certConf leaves."""
    log: list[object] = []

    def send(message: bytes) -> bytes:
        kind = decode(message).body.type
        log.append(kind)
        if kind is BodyType.IR:
            return ca.enrol(message, ca.issue_for(message))
        return ca.confirm(message)

    result = run(ir, over(send), lambda event: log.append(type(event)))
    assert isinstance(result, CertificateReceived)
    assert log == [BodyType.IR, CertificateReceived, BodyType.CERT_CONF, Confirmed]


def test_a_failing_observer_keeps_the_confirmation_back(ca: FakeCA, ir) -> None:
    sent: list[BodyType | None] = []

    def send(message: bytes) -> bytes:
        sent.append(decode(message).body.type)
        return ca.enrol(message, ca.issue_for(message))

    def observe(event: Event) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run(ir, over(send), observe)
    assert sent == [BodyType.IR]


def test_a_revocation_ends_with_the_first_answer(ca: FakeCA) -> None:
    transaction = revoke(
        certificate=ca.certificate,
        certificate_key=ca.certificate_key,
        anchors=ca.anchors,
        now=NOW,
        random=secrets.token_bytes,
    )
    assert run(transaction, over(ca.revoke), lambda _: None) == Revoked(ACCEPTED)


@pytest.mark.parametrize("confirms", [True, False])
def test_a_wrong_certificate_is_raised_after_the_ca_was_told(ca: FakeCA, ir, confirms) -> None:
    """The first reason is raised, whatever the CA makes of the rejection."""
    sent: list[BodyType | None] = []
    events: list[Event] = []
    refusal = PKIBody(BodyType.ERROR, ErrorMsgContent(PKIStatusInfo(PKIStatus.REJECTION)))

    def send(message: bytes) -> bytes:
        sent.append(decode(message).body.type)
        if sent == [BodyType.IR]:
            return ca.enrol(message, ca.root.issue(SUBJECT, new_key().public_key()))
        return ca.confirm(message) if confirms else ca.answer(message, refusal)

    with pytest.raises(WrongCertificate, match="another key"):
        run(ir, over(send), events.append)
    assert sent == [BodyType.IR, BodyType.CERT_CONF]
    assert isinstance(events[0], CertificateRefused)


def test_a_transport_error_leaves_the_message_to_be_sent_again(ca: FakeCA, ir) -> None:
    before = ir.outgoing

    def broken(_: bytes) -> bytes:
        raise ConnectionBroken("cut")

    with pytest.raises(ConnectionBroken):
        run(ir, over(broken), lambda _: None)
    assert ir.outgoing == before
    result = run(
        ir,
        over(lambda m: ca.enrol(m, ca.issue_for(m)) if m == before else ca.confirm(m)),
        lambda _: None,
    )
    assert isinstance(result, CertificateReceived)


def test_an_unprotected_answer_is_raised(ca: FakeCA, ir) -> None:
    stranger = type(SECRET)(SECRET.reference, b"guess")
    with pytest.raises(ProtectionError):
        run(
            ir,
            over(lambda m: ca.enrol(m, ca.issue_for(m), credential=stranger)),
            lambda _: None,
        )

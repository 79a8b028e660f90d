"""Requests to the sandbox CA that wait (RFC 9810 5.3.22, RFC 9483 4.4)."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import (
    BodyType,
    CertRepMessage,
    ErrorMsgContent,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    PollRepContent,
    PollReqContent,
)
from csc.runtime.cmp.protection import PasswordCredential, protect
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    SECRET,
    ask,
    cert_req,
    confirm,
    enrolled,
    failures,
    following,
    genm,
    header,
    ir,
    issued,
    p10cr,
    poll,
    rr,
    template,
)

IMPLICIT_CONFIRM = InfoTypeAndValue("1.3.6.1.5.5.7.4.13", b"\x05\x00")


@contextmanager
def opened(folder: Path, **behaviour: object) -> Generator[SandboxCA]:
    with SandboxCA.open(folder, behaviour=Behaviour(**behaviour)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        yield ca


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    with opened(tmp_path, polls=1, check_after=7) as opened_ca:
        yield opened_ca


def is_waiting(answer: PKIMessage) -> bool:
    """Whether an answer has nothing but the status waiting."""
    match answer.body.content:
        case CertRepMessage(responses=(response,), ca_pubs=()):
            return response.status.status == PKIStatus.WAITING and response.certificate is None
        case ErrorMsgContent(status=status):
            return status.status == PKIStatus.WAITING and not status.fail_info
        case _:
            return False


@pytest.mark.parametrize(
    ("body", "kind", "number"),
    [(ir, BodyType.IP, 0), (p10cr, BodyType.CP, -1)],
)
def test_certificate_that_waits(
    ca: SandboxCA, body: Callable[[], PKIBody], kind: BodyType, number: int
) -> None:
    first = ask(ca, body())
    assert is_waiting(first)
    assert first.body.type is kind
    assert isinstance(first.body.content, CertRepMessage)
    assert first.body.content.responses[0].cert_req_id == number
    assert ca.ledger() == ()
    second = ask(ca, *poll(first, number))
    assert isinstance(second.body.content, PollRepContent)
    (entry,) = second.body.content.entries
    assert (entry.cert_req_id, entry.check_after) == (number, 7)
    assert ca.ledger() == ()
    third = ask(ca, *poll(second, number))
    assert third.body.type is kind
    certificate = issued(third)
    done = ask(ca, *confirm(third, certificate.fingerprint(hashes.SHA256()), number))
    assert done.body.type is BodyType.PKI_CONF
    assert [entry.status for entry in ca.ledger()] == [Status.CONFIRMED]


def test_every_kind_waits_by_error(tmp_path: Path) -> None:
    with opened(tmp_path) as ca:
        _, credential = enrolled(ca)
    bodies = {
        BodyType.IP: ir(),
        BodyType.CP: p10cr(),
        BodyType.GENP: genm(),
        BodyType.RP: rr(credential.certificate),
    }
    with opened(tmp_path, polls=1, waits_by_error=True) as ca:
        for kind, body in bodies.items():
            first = ask(ca, body)
            assert is_waiting(first)
            assert first.body.type is BodyType.ERROR
            assert ca.ledger()[0].status is Status.CONFIRMED
            assert failures(ask(ca, *poll(first, 0))) == {PKIFailureInfo.BAD_REQUEST}
            second = ask(ca, *poll(first, -1))
            assert second.body.type is BodyType.POLL_REP
            assert ask(ca, *poll(second, -1)).body.type is kind
        assert ca.ledger()[0].status is Status.REVOKED


def test_only_certificates_wait_without_errors(ca: SandboxCA) -> None:
    assert ask(ca, genm()).body.type is BodyType.GENP


def test_wrong_requests_need_not_wait(ca: SandboxCA) -> None:
    assert failures(ask(ca, ir(cert_req(template(), number=1)))) == {PKIFailureInfo.BAD_REQUEST}


def test_waiting_survives_a_restart(tmp_path: Path) -> None:
    """What was asked for goes on waiting, as often as it was to, whatever the CA does otherwise now."""
    asks = header(general_info=(IMPLICIT_CONFIRM,))
    with opened(tmp_path, polls=1, grants_implicit_confirm=True) as ca:
        first = ask(ca, ir(), asks)
    with opened(tmp_path, grants_implicit_confirm=True) as ca:
        second = ask(ca, *poll(first, 0))
        assert second.body.type is BodyType.POLL_REP
    with opened(tmp_path, grants_implicit_confirm=True) as ca:
        third = ask(ca, *poll(second, 0))
        assert third.header.general_info == (IMPLICIT_CONFIRM,)
        assert [entry.data for entry in ca.ledger()] == [
            third.body.content.responses[0].certificate  # pyright: ignore
        ]
        assert ca.ledger()[0].status is Status.CONFIRMED


def test_same_bytes_get_the_same_answer(ca: SandboxCA) -> None:
    """Neither a request nor a pollReq counts twice."""
    request = protect(header(), ir(), SECRET, random=os.urandom)
    first = ca.respond(request)
    assert ca.respond(request) == first
    body, head = poll(decode(first), 0)
    polled = protect(head, body, SECRET, random=os.urandom)
    second = ca.respond(polled)
    assert decode(second).body.type is BodyType.POLL_REP
    assert ca.respond(polled) == second
    body, head = poll(decode(second), 0)
    again = protect(head, body, SECRET, random=os.urandom)
    third = ca.respond(again)
    assert issued(decode(third))
    assert ca.respond(again) == third
    assert ca.respond(polled) == second
    assert len(ca.ledger()) == 1


def test_wrong_polls(ca: SandboxCA) -> None:
    first = ask(ca, ir())
    body, head = poll(first, 0)
    ca.add_secret(b"other", b"psk2")
    wrong = replace(head, recip_nonce=os.urandom(16))
    assert failures(ask(ca, body, wrong)) == {PKIFailureInfo.BAD_RECIPIENT_NONCE}
    somebody = PasswordCredential(b"other", b"psk2")
    assert failures(ask(ca, body, head, somebody)) == {PKIFailureInfo.WRONG_INTEGRITY}
    for ids in ((), (1,), (-1,), (0, 0)):
        ill = PKIBody(BodyType.POLL_REQ, PollReqContent(ids))
        assert failures(ask(ca, ill, following(first))) == {PKIFailureInfo.BAD_REQUEST}
    unknown = following(first, transaction_id=os.urandom(16))
    assert failures(ask(ca, body, unknown)) == {PKIFailureInfo.BAD_REQUEST}
    early = confirm(first, b"x" * 32)
    assert failures(ask(ca, *early)) == {PKIFailureInfo.BAD_REQUEST}
    assert ask(ca, *poll(first, 0)).body.type is BodyType.POLL_REP
    assert failures(ask(ca, *poll(first, 0))) == {PKIFailureInfo.BAD_RECIPIENT_NONCE}


def test_nothing_waits_any_more(ca: SandboxCA) -> None:
    second = ask(ca, *poll(ask(ca, ir()), 0))
    third = ask(ca, *poll(second, 0))
    assert issued(third)
    assert failures(ask(ca, *poll(third, 0))) == {PKIFailureInfo.BAD_REQUEST}


def test_what_became_wrong_is_refused_in_the_end(tmp_path: Path) -> None:
    """A key update waits, and its certificate is revoked meanwhile by the secret that obtained it."""
    with opened(tmp_path) as ca:
        _, credential = enrolled(ca)
    with opened(tmp_path, polls=1) as ca:
        first = ask(ca, ir(body_type=BodyType.KUR), header(), credential)
        assert is_waiting(first)
        assert ask(ca, rr(credential.certificate)).body.type is BodyType.RP
        late = ask(ca, *poll(first, 0), credential)
        assert failures(late) == {PKIFailureInfo.CERT_REVOKED}
        assert len(ca.ledger()) == 1


def test_rejected_in_the_end(tmp_path: Path) -> None:
    with opened(tmp_path, polls=1, rejects=PKIFailureInfo.NOT_AUTHORIZED) as ca:
        second = ask(ca, *poll(ask(ca, ir()), 0))
        third = ask(ca, *poll(second, 0))
        assert isinstance(third.body.content, CertRepMessage)
        status = third.body.content.responses[0].status
        assert status.fail_info == {PKIFailureInfo.NOT_AUTHORIZED}
        assert ca.ledger() == ()

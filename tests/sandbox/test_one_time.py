"""Secrets that are good for one certificate."""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import BodyType, PKIFailureInfo, PKIMessage
from csc.runtime.cmp.protection import PasswordCredential, protect
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    SECRET,
    ask,
    cert_req,
    confirm,
    failures,
    genm,
    header,
    ir,
    issued,
    p10cr,
    poll,
    rr,
    template,
)

USED = {PKIFailureInfo.NOT_AUTHORIZED}


@contextmanager
def opened(folder: Path, **behaviour: object) -> Generator[SandboxCA]:
    with SandboxCA.open(folder, behaviour=Behaviour(**behaviour)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret, uses=1)
        yield ca


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    with opened(tmp_path) as opened_ca:
        yield opened_ca


def finished(ca: SandboxCA, answer: PKIMessage) -> PKIMessage:
    return ask(ca, *confirm(answer, issued(answer).fingerprint(hashes.SHA256())))


@pytest.mark.parametrize("again", [ir, p10cr], ids=["ir", "p10cr"])
def test_second_certificate(ca: SandboxCA, again: object) -> None:
    first = ask(ca, ir())
    assert finished(ca, first).body.type is BodyType.PKI_CONF
    assert failures(ask(ca, again())) == USED
    assert len(ca.ledger()) == 1


def test_before_the_first_is_confirmed(ca: SandboxCA) -> None:
    first = ask(ca, ir())
    assert failures(ask(ca, ir())) == USED
    assert finished(ca, first).body.type is BodyType.PKI_CONF
    assert [entry.status for entry in ca.ledger()] == [Status.CONFIRMED]


def test_what_else_a_used_secret_is_good_for(ca: SandboxCA) -> None:
    first = ask(ca, ir())
    finished(ca, first)
    assert ask(ca, genm()).body.type is BodyType.GENP
    assert ask(ca, rr(issued(first))).body.type is BodyType.RP
    assert [entry.status for entry in ca.ledger()] == [Status.REVOKED]
    assert failures(ask(ca, ir())) == USED


def test_same_bytes_get_the_same_answer(ca: SandboxCA) -> None:
    request = protect(header(), ir(), SECRET, random=os.urandom)
    assert decode(ca.respond(request)).body.type is BodyType.IP
    assert ca.respond(request) == ca.respond(request)


def test_restart_does_not_renew_it(ca: SandboxCA, tmp_path: Path) -> None:
    ask(ca, ir())
    ca.close()
    with opened(tmp_path) as reopened:
        assert failures(ask(reopened, ir())) == USED
        reopened.add_secret(SECRET.reference, b"another secret", uses=1)
        other = PasswordCredential(SECRET.reference, b"another secret")
        assert failures(ask(reopened, ir(), credential=other)) == USED


def test_what_was_refused_does_not_use_it(tmp_path: Path) -> None:
    with opened(tmp_path, rejects=PKIFailureInfo.SYSTEM_UNAVAIL) as ca:
        assert failures(ask(ca, ir())) == {PKIFailureInfo.SYSTEM_UNAVAIL}
    with opened(tmp_path) as ca:
        assert failures(ask(ca, ir(cert_req(template(), number=1)))) == {PKIFailureInfo.BAD_REQUEST}
        assert ask(ca, genm()).body.type is BodyType.GENP
        assert issued(ask(ca, ir()))


def test_two_that_wait(tmp_path: Path) -> None:
    """Both may wait; who comes back first gets it."""
    with opened(tmp_path, polls=1) as ca:
        first, second = (ask(ca, ir()), ask(ca, ir()))
        first, second = (ask(ca, *poll(one, 0)) for one in (first, second))
        assert issued(ask(ca, *poll(first, 0)))
        late = ask(ca, *poll(second, 0))
        assert late.body.type is BodyType.IP
        assert failures(late) == USED
        assert len(ca.ledger()) == 1


def test_many_at_once(ca: SandboxCA) -> None:
    start, answers = threading.Barrier(8), []
    wanted = [protect(header(), ir(), SECRET, random=os.urandom) for _ in range(8)]

    def send(request: bytes) -> None:
        start.wait(20)
        answers.append(decode(ca.respond(request)))

    threads = [threading.Thread(target=send, args=(request,)) for request in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ca.ledger()) == 1
    granted = [a for a in answers if a.body.content.responses[0].certificate is not None]
    assert len(granted) == 1
    assert len(answers) == 8


def test_secret_without_end(ca: SandboxCA) -> None:
    ca.add_secret(b"open", b"psk2")
    for _ in range(3):
        assert issued(ask(ca, ir(), credential=PasswordCredential(b"open", b"psk2")))

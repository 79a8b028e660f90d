"""RFC 9483 4.4 and 5.1.5: answers that come later."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from csc.runtime.cmp.model import (
    BodyType,
    CertId,
    CertRepMessage,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PollRepContent,
    PollReqContent,
)
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
    fingerprint,
    following,
    genm,
    header,
    ir,
    p10cr,
    poll,
    rr,
    template,
)

KINDS: dict[str, tuple[Callable[[], PKIBody], BodyType, int]] = {
    "ir": (ir, BodyType.IP, 0),
    "cr": (lambda: ir(body_type=BodyType.CR), BodyType.CP, 0),
    "kur": (lambda: ir(body_type=BodyType.KUR), BodyType.KUP, 0),
    "p10cr": (p10cr, BodyType.CP, -1),
}


@contextmanager
def waiting(folder: Path, **behaviour: object) -> Generator[SandboxCA]:
    with SandboxCA.open(folder, behaviour=Behaviour(**behaviour)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        yield ca


@pytest.mark.parametrize("name", KINDS)
def test_certificate(tmp_path: Path, name: str) -> None:
    """status waiting and no certificate; pollRep for the same number; then what would have come at once."""
    body, kind, number = KINDS[name]
    with waiting(tmp_path) as ca:
        _, credential = enrolled(ca)
    with waiting(tmp_path, polls=2, check_after=7) as ca:
        first = ask(ca, body(), header(), credential)
        assert first.body.type is kind
        content = first.body.content
        assert isinstance(content, CertRepMessage)
        (response,) = content.responses
        assert (response.cert_req_id, response.status.status) == (number, PKIStatus.WAITING)
        assert (response.certificate, response.status.fail_info) == (None, frozenset())
        answer = first
        for _ in range(2):
            answer = ask(ca, *poll(answer, number), credential)
            assert answer.body.type is BodyType.POLL_REP
            assert isinstance(answer.body.content, PollRepContent)
            (entry,) = answer.body.content.entries
            assert (entry.cert_req_id, entry.check_after) == (number, 7)
        assert len(ca.ledger()) == 1
        last = ask(ca, *poll(answer, number), credential)
        assert last.body.type is kind
        assert len(ca.ledger()) == 2
        confirmation = confirm(last, fingerprint(last), number)
        assert ask(ca, *confirmation, credential).body.type is BodyType.PKI_CONF
        assert ca.ledger()[-1].status is Status.CONFIRMED


@pytest.mark.parametrize("name", ["genm", "rr"])
def test_any_other_answer(tmp_path: Path, name: str) -> None:
    """An error with status waiting and no failInfo; pollReq then is for -1, the whole answer."""
    with waiting(tmp_path) as ca:
        _, credential = enrolled(ca)
    body, kind = (
        (genm(), BodyType.GENP) if name == "genm" else (rr(credential.certificate), BodyType.RP)
    )
    with waiting(tmp_path, polls=1, waits_by_error=True) as ca:
        first = ask(ca, body, header(), credential)
        assert isinstance(first.body.content, ErrorMsgContent)
        status = first.body.content.status
        assert (status.status, status.fail_info) == (PKIStatus.WAITING, frozenset())
        second = ask(ca, *poll(first, -1), credential)
        assert second.body.type is BodyType.POLL_REP
        assert ask(ca, *poll(second, -1), credential).body.type is kind


def test_wrong_polls(tmp_path: Path) -> None:
    """By an error, and what waits goes on waiting."""
    with waiting(tmp_path, polls=1) as ca:
        first = ask(ca, ir())
        for number in (1, -2):
            answer = ask(ca, *poll(first, number))
            assert answer.body.type is BodyType.ERROR
            assert failures(answer) == {PKIFailureInfo.BAD_REQUEST}
        nobody = ask(ca, *poll(first, 0, transaction_id=bytes(16)))
        assert failures(nobody) == {PKIFailureInfo.BAD_REQUEST}
        replayed = ask(ca, *poll(first, 0, recip_nonce=bytes(16)))
        assert failures(replayed) == {PKIFailureInfo.BAD_RECIPIENT_NONCE}
        twice = PKIBody(BodyType.POLL_REQ, PollReqContent((0, 0)))
        assert failures(ask(ca, twice, following(first))) == {PKIFailureInfo.BAD_REQUEST}
        assert ask(ca, *poll(first, 0)).body.type is BodyType.POLL_REP


def test_what_cannot_be_granted_any_more(tmp_path: Path) -> None:
    """Is said in the answer of the request's own kind."""
    with waiting(tmp_path) as ca:
        _, credential = enrolled(ca)
    with waiting(tmp_path, polls=1) as ca:
        # By the secret: the certificate cannot sign for itself when it is revoked.
        old = CertId(credential.certificate.issuer, credential.certificate.serial_number)
        body = ir(cert_req(template(), old=old), body_type=BodyType.KUR)
        first = ask(ca, body)
        second = ask(ca, *poll(first, 0))
    with waiting(tmp_path) as ca:
        assert ask(ca, rr(credential.certificate)).body.type is BodyType.RP
        last = ask(ca, *poll(second, 0))
        assert last.body.type is BodyType.KUP
        assert failures(last) == {PKIFailureInfo.CERT_REVOKED}
        assert len(ca.ledger()) == 1

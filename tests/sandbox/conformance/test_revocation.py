"""RFC 9483 4.2 and 5.1.3: rr and rp."""

from datetime import timedelta
from pathlib import Path

import pytest
from csc.runtime.cmp.model import (
    BodyType,
    CertTemplate,
    Extension,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    RevDetails,
    RevRepContent,
    RevReqContent,
)
from csc.runtime.cmp.protection import SignatureCredential
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import SECRET, SUBJECT, ask, enrolled, failures, header, rr, utc_now

REASON_CODE = "2.5.29.21"


@pytest.fixture
def certificate(ca: SandboxCA) -> SignatureCredential:
    return enrolled(ca)[1]


def _body(certificate: SignatureCredential, *reasons: bytes, **changes: object) -> PKIBody:
    fields = {
        "issuer": certificate.certificate.issuer,
        "serial_number": certificate.certificate.serial_number,
    }
    details = tuple(Extension(REASON_CODE, False, reason) for reason in reasons)
    revocation = RevDetails(CertTemplate(**(fields | changes)), details)  # type: ignore[arg-type]
    return PKIBody(BodyType.RR, RevReqContent((revocation,)))


def test_revoked(ca: SandboxCA, certificate: SignatureCredential) -> None:
    """Signed by the certificate's own key; rp has one status, accepted, without a failInfo."""
    answer = ask(ca, _body(certificate, b"\x0a\x01\x01"), header(), certificate)
    assert answer.body.type is BodyType.RP
    content = answer.body.content
    assert isinstance(content, RevRepContent)
    (status,) = content.statuses
    assert (status.status, status.fail_info) == (PKIStatus.ACCEPTED, frozenset())
    (entry,) = ca.ledger()
    assert (entry.status, entry.reason) == (Status.REVOKED, "keyCompromise")


WRONG = {
    "no issuer": ((), {"issuer": None}, PKIFailureInfo.ADD_INFO_NOT_AVAILABLE),
    "no serial number": ((), {"serial_number": None}, PKIFailureInfo.ADD_INFO_NOT_AVAILABLE),
    "another issuer": ((), {"issuer": SUBJECT}, PKIFailureInfo.BAD_CERT_ID),
    "unknown serial number": ((), {"serial_number": 4711}, PKIFailureInfo.BAD_CERT_ID),
    "unknown reason": ((b"\x0a\x01\x07",), {}, PKIFailureInfo.BAD_REQUEST),
    "two reasons": ((b"\x0a\x01\x01", b"\x0a\x01\x04"), {}, PKIFailureInfo.BAD_REQUEST),
    "a reason and its contrary": (
        (b"\x0a\x01\x01", b"\x0a\x01\x08"),
        {},
        PKIFailureInfo.BAD_REQUEST,
    ),
    "reason that is none": ((b"\x02\x01\x01",), {}, PKIFailureInfo.BAD_REQUEST),
    "taken back without being revoked": ((b"\x0a\x01\x08",), {}, PKIFailureInfo.BAD_REQUEST),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong(ca: SandboxCA, certificate: SignatureCredential, name: str) -> None:
    reasons, changes, failure = WRONG[name]
    answer = ask(ca, _body(certificate, *reasons, **changes), header(), certificate)
    assert answer.body.type is BodyType.RP
    assert failures(answer) == {failure}
    assert [entry.status for entry in ca.ledger()] == [Status.CONFIRMED]


@pytest.mark.parametrize("count", [0, 2])
def test_one_certificate_at_a_time(
    ca: SandboxCA, certificate: SignatureCredential, count: int
) -> None:
    content = _body(certificate).content
    assert isinstance(content, RevReqContent)
    body = PKIBody(BodyType.RR, RevReqContent(content.details * count))
    answer = ask(ca, body, header(), certificate)
    assert failures(answer) <= {PKIFailureInfo.BAD_REQUEST, PKIFailureInfo.BAD_DATA_FORMAT}
    assert [entry.status for entry in ca.ledger()] == [Status.CONFIRMED]


def test_somebody_elses(ca: SandboxCA, certificate: SignatureCredential) -> None:
    _, other = enrolled(ca)
    answer = ask(ca, _body(other), header(), certificate)
    assert answer.body.type is BodyType.RP
    assert failures(answer) == {PKIFailureInfo.NOT_AUTHORIZED}
    assert {entry.status for entry in ca.ledger()} == {Status.CONFIRMED}


def test_revoked_already(ca: SandboxCA, certificate: SignatureCredential) -> None:
    """The certificate cannot sign any more: the secret that obtained it asks again."""
    ask(ca, rr(certificate.certificate), header(), certificate)
    answer = ask(ca, rr(certificate.certificate))
    assert answer.body.type is BodyType.RP
    assert failures(answer) == {PKIFailureInfo.CERT_REVOKED}


def test_expired_already(tmp_path: Path) -> None:
    now = utc_now()
    with SandboxCA.open(tmp_path, lambda: now) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        certificate = enrolled(ca)[1].certificate
    late = certificate.not_valid_after_utc + timedelta(seconds=1)
    with SandboxCA.open(tmp_path, lambda: late) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        answer = ask(ca, rr(certificate), header(message_time=late))
        assert answer.body.type is BodyType.RP
        assert failures(answer) == {PKIFailureInfo.CERT_REVOKED}
        assert [entry.status for entry in ca.ledger()] == [Status.CONFIRMED]

"""RFC 9483 3.6: in which message an error is said, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from csc.runtime.cmp.model import (
    BodyType,
    CertId,
    CertRepMessage,
    CertTemplate,
    ErrorMsgContent,
    GeneralContent,
    InfoTypeAndValue,
    PKIBody,
    PKIConfirmContent,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PopoKind,
    ProofOfPossession,
    RevDetails,
    RevRepContent,
    RevReqContent,
)
from csc.runtime.cmp.protection import Credential
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    KEY,
    ROOT_NAME,
    ask,
    cert_req,
    confirm,
    csr,
    failures,
    fingerprint,
    following,
    genm,
    header,
    ir,
    issued,
    p10cr,
    poll,
    template,
)

OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Case:
    body: Callable[[], PKIBody]
    answer: BodyType
    failure: PKIFailureInfo


def _enrolment(kind: BodyType, **changes: object) -> Callable[[], PKIBody]:
    return lambda: ir(cert_req(template(**changes)), body_type=kind)


def _no_proof(kind: BodyType) -> Callable[[], PKIBody]:
    absent = ProofOfPossession(PopoKind.ABSENT)
    return lambda: ir(replace(cert_req(template()), pop=absent), body_type=kind)


def _revocation(**fields: object) -> Callable[[], PKIBody]:
    details = RevDetails(CertTemplate(**fields))
    return lambda: PKIBody(BodyType.RR, RevReqContent((details,)))


# Wrong bodies of each kind of request, and where the answer says so.
BODIES = {
    "ir without a subject": Case(
        _enrolment(BodyType.IR, subject=None), BodyType.IP, PKIFailureInfo.BAD_CERT_TEMPLATE
    ),
    "ir for another issuer": Case(
        _enrolment(BodyType.IR, issuer=x509.Name.from_rfc4514_string("CN=x")),
        BodyType.IP,
        PKIFailureInfo.BAD_CERT_TEMPLATE,
    ),
    "ir without a proof": Case(_no_proof(BodyType.IR), BodyType.IP, PKIFailureInfo.BAD_POP),
    "ir signed by another key": Case(
        lambda: ir(cert_req(template(), key=OTHER_KEY)), BodyType.IP, PKIFailureInfo.BAD_POP
    ),
    "ir for two": Case(
        lambda: ir(cert_req(template()), cert_req(template(), number=1)),
        BodyType.IP,
        PKIFailureInfo.BAD_REQUEST,
    ),
    "ir number 1": Case(
        lambda: ir(cert_req(template(), number=1)), BodyType.IP, PKIFailureInfo.BAD_REQUEST
    ),
    "ir number -1": Case(
        lambda: ir(cert_req(template(), number=-1)), BodyType.IP, PKIFailureInfo.BAD_REQUEST
    ),
    "cr without a subject": Case(
        _enrolment(BodyType.CR, subject=None), BodyType.CP, PKIFailureInfo.BAD_CERT_TEMPLATE
    ),
    "cr without a proof": Case(_no_proof(BodyType.CR), BodyType.CP, PKIFailureInfo.BAD_POP),
    "kur of another's certificate": Case(
        lambda: ir(cert_req(template(), old=CertId(ROOT_NAME, 4711)), body_type=BodyType.KUR),
        BodyType.KUP,
        PKIFailureInfo.BAD_CERT_ID,
    ),
    "p10cr without a subject": Case(
        lambda: p10cr(csr(subject=x509.Name([]))), BodyType.CP, PKIFailureInfo.BAD_CERT_TEMPLATE
    ),
    "p10cr that is none": Case(
        lambda: p10cr(b"\x30\x00"), BodyType.CP, PKIFailureInfo.BAD_DATA_FORMAT
    ),
    "rr of nothing": Case(
        _revocation(issuer=ROOT_NAME, serial_number=4711),
        BodyType.RP,
        PKIFailureInfo.BAD_CERT_ID,
    ),
    "rr without a serial number": Case(
        _revocation(issuer=ROOT_NAME), BodyType.RP, PKIFailureInfo.ADD_INFO_NOT_AVAILABLE
    ),
    "genm that asks wrongly": Case(
        lambda: genm(InfoTypeAndValue("1.3.6.1.5.5.7.4.17", b"\x05\x00")),
        BodyType.ERROR,
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "what only a CA sends": Case(
        lambda: PKIBody(BodyType.GENP, GeneralContent(())),
        BodyType.ERROR,
        PKIFailureInfo.BAD_REQUEST,
    ),
    "pkiconf": Case(
        lambda: PKIBody(BodyType.PKI_CONF, PKIConfirmContent()),
        BodyType.ERROR,
        PKIFailureInfo.BAD_REQUEST,
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_wrong_body(ca: SandboxCA, credential: Credential, name: str) -> None:
    """Is said in the answer that the request has, with status rejection, a failInfo and a text."""
    case = BODIES[name]
    before = ca.ledger()
    answer = ask(ca, case.body(), header(), credential)
    assert answer.body.type is case.answer
    assert failures(answer) == {case.failure}
    _check_says_why(answer)
    assert ca.ledger() == before


def _check_says_why(answer: PKIMessage) -> None:
    match answer.body.content:
        case CertRepMessage(responses=(response,), ca_pubs=()):
            assert response.certificate is response.encrypted_cert is response.private_key is None
            status = response.status
        case RevRepContent(statuses=(status,), rev_certs=()):
            pass
        case ErrorMsgContent(status=status):
            pass
        case content:
            raise AssertionError(content)
    assert status.status == PKIStatus.REJECTION
    assert len(status.fail_info) == 1
    assert all(status.status_string)
    assert status.status_string


@pytest.mark.parametrize(("body", "number"), [(ir(), 0), (p10cr(), -1)])
def test_number_of_a_rejection(ca: SandboxCA, body: PKIBody, number: int) -> None:
    wrong = p10cr(csr(subject=x509.Name([]))) if number else ir(cert_req(template(subject=None)))
    for each in (body, wrong):
        content = ask(ca, each).body.content
        assert isinstance(content, CertRepMessage)
        assert [response.cert_req_id for response in content.responses] == [number]


def test_rejection_ends_the_operation(ca: SandboxCA, credential: Credential) -> None:
    """What goes on from it is refused, by an error; so is its transactionID."""
    before = ca.ledger()
    head = header()
    answer = ask(ca, ir(cert_req(template(subject=None))), head, credential)
    for body, next_head in (confirm(answer, bytes(32)), poll(answer, 0)):
        refused = ask(ca, body, next_head, credential)
        assert refused.body.type is BodyType.ERROR
        assert failures(refused) == {PKIFailureInfo.BAD_REQUEST}
    again = ask(ca, ir(), header(transaction_id=head.transaction_id), credential)
    assert failures(again) == {PKIFailureInfo.TRANSACTION_ID_IN_USE}
    assert ca.ledger() == before


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"number": 1}, PKIFailureInfo.BAD_REQUEST),
        ({"cert_hash": bytes(32)}, PKIFailureInfo.BAD_CERT_ID),
    ],
)
def test_wrong_confirmation_is_said_in_an_error(
    ca: SandboxCA, credential: Credential, change: dict, failure: PKIFailureInfo
) -> None:
    answer = ask(ca, ir(), header(), credential)
    right = {"cert_hash": fingerprint(answer)}
    refused = ask(ca, *confirm(answer, **(right | change)), credential)
    assert refused.body.type is BodyType.ERROR
    assert failures(refused) == {failure}
    _check_says_why(refused)


# -- what clients say went wrong (RFC 9810 5.3.21) -------------------------------------------------

GIVEN_UP = PKIBody(
    BodyType.ERROR,
    ErrorMsgContent(
        PKIStatusInfo(
            PKIStatus.REJECTION, ("no use for it",), frozenset({PKIFailureInfo.SYSTEM_FAILURE})
        )
    ),
)


def test_clients_error_about_nothing(ca: SandboxCA, credential: Credential) -> None:
    """Nothing was begun, and its header is right."""
    answer = ask(ca, GIVEN_UP, header(), credential)
    assert answer.body.type is BodyType.PKI_CONF


def test_clients_error_ends_its_operation(ca: SandboxCA, credential: Credential) -> None:
    answer = ask(ca, ir(), header(), credential)
    confirmation = ask(ca, GIVEN_UP, following(answer), credential)
    assert confirmation.body.type is BodyType.PKI_CONF
    entry = ca.ledger()[-1]
    assert (entry.status, entry.reason) == (Status.REJECTED, "no use for it")
    late = confirm(answer, fingerprint(answer))
    assert failures(ask(ca, *late, credential))
    assert ca.ledger()[-1].status is Status.REJECTED


def test_clients_error_with_a_wrong_header(ca: SandboxCA, credential: Credential) -> None:
    answer = ask(ca, ir(), header(), credential)
    head = following(answer, recip_nonce=bytes(16))
    refused = ask(ca, GIVEN_UP, head, credential)
    assert failures(refused) == {PKIFailureInfo.BAD_RECIPIENT_NONCE}
    assert ca.ledger()[-1].status is Status.ISSUED


def test_clients_error_changes_nothing_that_is_done(ca: SandboxCA) -> None:
    answer = ask(ca, ir())
    done = ask(ca, *confirm(answer, fingerprint(answer)))
    assert done.body.type is BodyType.PKI_CONF
    assert ask(ca, GIVEN_UP, following(done)).body.type is BodyType.PKI_CONF
    assert [entry.status for entry in ca.ledger()] == [Status.CONFIRMED]
    assert issued(answer).public_key() == KEY.public_key()

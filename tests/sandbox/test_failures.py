"""Each bit of PKIFailureInfo (RFC 9810 5.2.3): when this CA says it, where, and how that is protected."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    CertConfirmContent,
    CertStatus,
    CertTemplate,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    RevDetails,
    RevReqContent,
)
from csc.runtime.cmp.protection import (
    PasswordCredential,
    is_mac,
    protect,
    verify_mac,
    verify_signature,
)
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    SECRET,
    ask,
    cert_req,
    confirm,
    csr,
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
    utc_now,
)

OTHER = PasswordCredential(b"other", b"psk2")


@dataclass(frozen=True)
class Case:
    """What is asked, what it has to be answered with, and how the CA behaves that says so."""

    failure: PKIFailureInfo
    ask: Callable[[SandboxCA], PKIMessage]
    kind: BodyType = BodyType.ERROR
    by_mac: bool = True
    behaviour: dict[str, object] = field(default_factory=dict)


def digest_of(answer: PKIMessage) -> bytes:
    return issued(answer).fingerprint(hashes.SHA256())


def unknown_hash(ca: SandboxCA) -> PKIMessage:
    answer = ask(ca, ir())
    sha1 = AlgorithmIdentifier("1.3.14.3.2.26")
    status = CertStatus(issued(answer).fingerprint(hashes.SHA1()), 0, None, sha1)
    body = PKIBody(BodyType.CERT_CONF, CertConfirmContent((status,)))
    return ask(ca, body, following(answer, pvno=3))


def two_confirmations(ca: SandboxCA) -> PKIMessage:
    answer = ask(ca, ir())
    status = CertStatus(digest_of(answer), 0)
    body = PKIBody(BodyType.CERT_CONF, CertConfirmContent((status, status)))
    return ask(ca, body, following(answer))


def another_certificate(ca: SandboxCA) -> PKIMessage:
    return ask(ca, *confirm(ask(ca, ir()), bytes(32)))


def another_number(ca: SandboxCA) -> PKIMessage:
    answer = ask(ca, ir())
    return ask(ca, *confirm(answer, digest_of(answer), number=1))


def second_revocation(ca: SandboxCA) -> PKIMessage:
    _, credential = enrolled(ca)
    ask(ca, rr(credential.certificate))
    return ask(ca, rr(credential.certificate))


def revoked_signer(ca: SandboxCA) -> PKIMessage:
    _, credential = enrolled(ca)
    ask(ca, rr(credential.certificate))
    return ask(ca, genm(), header(), credential)


def second_confirmation(ca: SandboxCA) -> PKIMessage:
    answer, _ = enrolled(ca)
    return ask(ca, *confirm(answer, digest_of(answer)))


def by_somebody_else(ca: SandboxCA) -> PKIMessage:
    ca.add_secret(OTHER.reference, OTHER.secret)
    answer = ask(ca, ir())
    return ask(ca, *confirm(answer, digest_of(answer)), OTHER)


def another_nonce(ca: SandboxCA) -> PKIMessage:
    answer = ask(ca, ir())
    return ask(ca, *confirm(answer, digest_of(answer), recip_nonce=bytes(16)))


def without_serial_number(ca: SandboxCA) -> PKIMessage:
    details = RevDetails(CertTemplate(issuer=ca.root.subject))
    return ask(ca, PKIBody(BodyType.RR, RevReqContent((details,))))


def unknown_certificate(ca: SandboxCA) -> PKIMessage:
    details = RevDetails(CertTemplate(issuer=ca.root.subject, serial_number=5))
    return ask(ca, PKIBody(BodyType.RR, RevReqContent((details,))))


def same_nonce(ca: SandboxCA) -> PKIMessage:
    head = header()
    ask(ca, genm(), head)
    return ask(ca, genm(), replace(head, transaction_id=os.urandom(16)))


def same_transaction(ca: SandboxCA) -> PKIMessage:
    head = header()
    ask(ca, genm(), head)
    return ask(ca, genm(), replace(head, sender_nonce=os.urandom(16)))


def foreign_signer(ca: SandboxCA) -> PKIMessage:
    with SandboxCA.open(ca._folder / "other") as other:
        other.add_secret(SECRET.reference, SECRET.secret)
        _, credential = enrolled(other)
    return ask(ca, genm(), header(), credential)


def revocation_of_anothers(ca: SandboxCA) -> PKIMessage:
    _, credential = enrolled(ca)
    ca.add_secret(OTHER.reference, OTHER.secret)
    ca_credential = credential.certificate
    answer = ask(ca, rr(ca_credential), credential=OTHER)
    verify_mac(answer, OTHER.secret)
    return answer


def failing(ca: SandboxCA) -> PKIMessage:
    """The database takes no answer: a fault in the middle of what the CA does."""
    path = ca._folder / "ledger.db"
    with closing(sqlite3.connect(path)) as ledger:
        ledger.execute(
            "CREATE TRIGGER fault BEFORE INSERT ON answer BEGIN SELECT RAISE(ABORT, 'x'); END"
        )
    return ask(ca, ir())


def same_key(ca: SandboxCA) -> PKIMessage:
    ask(ca, ir())
    return ask(ca, ir())


def wants(**changes: object) -> Callable[[SandboxCA], PKIMessage]:
    return lambda ca: ask(ca, ir(), header(**changes))


def is_told(failure: PKIFailureInfo) -> Case:
    """What this CA has no cause to say, unless it is told to refuse everything."""
    return Case(failure, lambda ca: ask(ca, ir()), BodyType.IP, behaviour={"rejects": failure})


F = PKIFailureInfo
CASES = {
    "signature of PKCS #10 with SHA-224": Case(
        F.BAD_ALG, lambda ca: ask(ca, p10cr(csr(digest=hashes.SHA224()))), BodyType.CP
    ),
    "hashAlg SHA-1": Case(F.BAD_ALG, unknown_hash),
    "wrong secret": Case(
        F.BAD_MESSAGE_CHECK,
        lambda ca: ask(ca, ir(), credential=PasswordCredential(b"ref", b"wrong")),
        by_mac=False,
    ),
    "unknown reference": Case(
        F.BAD_MESSAGE_CHECK, lambda ca: ask(ca, ir(), credential=OTHER), by_mac=False
    ),
    "two requests": Case(
        F.BAD_REQUEST,
        lambda ca: ask(ca, ir(cert_req(template()), cert_req(template()))),
        BodyType.IP,
    ),
    "certReqId of a request": Case(
        F.BAD_REQUEST, lambda ca: ask(ca, ir(cert_req(template(), number=1))), BodyType.IP
    ),
    "certReqId of a confirmation": Case(F.BAD_REQUEST, another_number),
    "two statuses in a confirmation": Case(F.BAD_REQUEST, two_confirmations),
    "pollReq for nothing": Case(F.BAD_REQUEST, lambda ca: ask(ca, *poll(ask(ca, ir()), 0))),
    "an old message": Case(F.BAD_TIME, wants(message_time=utc_now() - timedelta(days=1))),
    "revocation of nothing": Case(F.BAD_CERT_ID, unknown_certificate, BodyType.RP),
    "update of nothing": Case(
        F.BAD_CERT_ID, lambda ca: ask(ca, ir(body_type=BodyType.KUR)), BodyType.KUP
    ),
    "confirmation of another certificate": Case(F.BAD_CERT_ID, another_certificate),
    "no transactionID": Case(F.BAD_DATA_FORMAT, wants(transaction_id=None)),
    "no PKIMessage": Case(
        F.BAD_DATA_FORMAT, lambda ca: decode(ca.respond(b"\x30\x00")), by_mac=False
    ),
    "for another CA": Case(
        F.WRONG_AUTHORITY, wants(recipient=x509.Name.from_rfc4514_string("CN=x"))
    ),
    # Of notaries (RFC 3029), by its name in RFC 9810 only.
    "incorrectData": is_told(F.INCORRECT_DATA),
    "no messageTime": Case(
        F.MISSING_TIME_STAMP,
        wants(message_time=None),
        behaviour={"needs_message_time": True},
    ),
    "signature of another key": Case(
        F.BAD_POP,
        lambda ca: ask(ca, ir(cert_req(template(), key=ec.generate_private_key(ec.SECP256R1())))),
        BodyType.IP,
    ),
    "second revocation": Case(F.CERT_REVOKED, second_revocation, BodyType.RP),
    "revoked signer": Case(F.CERT_REVOKED, revoked_signer, by_mac=False),
    "second confirmation": Case(F.CERT_CONFIRMED, second_confirmation),
    "another credential goes on": Case(F.WRONG_INTEGRITY, by_somebody_else),
    "another nonce": Case(F.BAD_RECIPIENT_NONCE, another_nonce),
    "timeNotAvailable": is_told(F.TIME_NOT_AVAILABLE),  # of time-stamping authorities (RFC 3161)
    "unacceptedPolicy": is_told(F.UNACCEPTED_POLICY),  # no policies are asked for here
    # What a profile has not is badCertTemplate (RFC 9483 4.1.1).
    "unacceptedExtension": is_told(F.UNACCEPTED_EXTENSION),
    "revocation without a serial number": Case(
        F.ADD_INFO_NOT_AVAILABLE, without_serial_number, BodyType.RP
    ),
    "short senderNonce": Case(F.BAD_SENDER_NONCE, wants(sender_nonce=bytes(15))),
    "used senderNonce": Case(F.BAD_SENDER_NONCE, same_nonce),
    "no subject": Case(
        F.BAD_CERT_TEMPLATE, lambda ca: ask(ca, ir(cert_req(template(subject=None)))), BodyType.IP
    ),
    "signer of another CA": Case(F.SIGNER_NOT_TRUSTED, foreign_signer, by_mac=False),
    "used transactionID": Case(F.TRANSACTION_ID_IN_USE, same_transaction),
    "cmp1999": Case(F.UNSUPPORTED_VERSION, wants(pvno=1)),
    "certificate of somebody else": Case(F.NOT_AUTHORIZED, revocation_of_anothers, BodyType.RP),
    "systemUnavail": is_told(F.SYSTEM_UNAVAIL),
    "a fault": Case(F.SYSTEM_FAILURE, failing),
    "the same key": Case(
        F.DUPLICATE_CERT_REQ, same_key, BodyType.IP, behaviour={"repeats_keys": False}
    ),
}


def test_every_bit_has_a_case() -> None:
    assert {case.failure for case in CASES.values()} == set(PKIFailureInfo)


@pytest.mark.parametrize("name", CASES)
def test_failure(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    with SandboxCA.open(tmp_path / "ca", behaviour=Behaviour(**case.behaviour)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        answer = case.ask(ca)
    assert answer.body.type is case.kind
    assert failures(answer) == {case.failure}
    assert is_mac(answer) == case.by_mac
    if not case.by_mac:
        signer = x509.load_der_x509_certificate(answer.extra_certs[0])
        verify_signature(answer, signer.public_key())
    elif answer.header.sender_kid == SECRET.reference:
        verify_mac(answer, SECRET.secret)


def test_fault_changes_nothing(tmp_path: Path) -> None:
    """What had begun is undone; when the fault is gone, the very same request is granted."""
    with SandboxCA.open(tmp_path) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret, uses=1)
        request = protect(header(), ir(), SECRET, random=os.urandom)
        fault = "CREATE TRIGGER fault BEFORE INSERT ON answer BEGIN SELECT RAISE(ABORT, 'x'); END"
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
            ledger.execute(fault)
        assert failures(decode(ca.respond(request))) == {PKIFailureInfo.SYSTEM_FAILURE}
        assert ca.ledger() == ()
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
            ledger.execute("DROP TRIGGER fault")
        assert issued(decode(ca.respond(request)))
        assert [entry.status for entry in ca.ledger()] == [Status.ISSUED]


def test_fault_with_a_signed_request(tmp_path: Path) -> None:
    with SandboxCA.open(tmp_path) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        _, credential = enrolled(ca)
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
            ledger.execute("DROP TABLE nonce")
        answer = ask(ca, genm(), header(), credential)
        assert failures(answer) == {PKIFailureInfo.SYSTEM_FAILURE}
        signer = x509.load_der_x509_certificate(answer.extra_certs[0])
        verify_signature(answer, signer.public_key())


def test_rejection_says_what_it_is(tmp_path: Path) -> None:
    """RFC 9483 3.6.2: status rejection, a text, and the bit, in the answer of the request's own kind."""
    with SandboxCA.open(tmp_path) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        answer = ask(ca, ir(cert_req(template(subject=None))))
        (response,) = answer.body.content.responses
        assert response.cert_req_id == 0
        assert response.status.status == PKIStatus.REJECTION
        assert response.status.status_string
        assert response.certificate is None
        late = ask(ca, *confirm(answer, bytes(32)))
        assert failures(late) == {PKIFailureInfo.BAD_REQUEST}

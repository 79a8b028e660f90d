"""A cell in, its exchange with the CA carried out and held against what had to come of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from csc.runtime.cmp import general, requests
from csc.runtime.cmp.client import run
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.credentials import (
    Credential,
    MacScheme,
    PasswordCredential,
    RSAPadding,
    SignatureCredential,
)
from csc.runtime.cmp.errors import CMPError, UntrustedCertificate, WrongCertificate
from csc.runtime.cmp.events import (
    Answered,
    CertificateReceived,
    CertificateRefused,
    Confirmed,
    Event,
    Revoked,
    Waiting,
)
from csc.runtime.cmp.mac import PASSWORD_BASED_MAC, PBMAC1
from csc.runtime.cmp.model import BodyType, InfoTypeAndValue
from csc.runtime.cmp.names import names_of
from csc.runtime.cmp.policy import Policy
from csc.runtime.cmp.transaction import Transaction

from .cells import (
    CENTRAL,
    ERROR,
    EXPLICIT,
    GRANTED,
    MACS,
    NOT_GRANTED,
    OPENSSL,
    REJECTED,
    SANDBOX,
    WAITING,
    Cell,
    Row,
)
from .keys import subject_key
from .sites import (
    NAMES,
    POLLS,
    REFERENCE,
    SECRET,
    SUBJECT,
    Meeting,
    Sites,
    over,
    stranger,
    utc_now,
)

_ANSWERS = {"ir": "ip", "cr": "cp", "p10cr": "cp", "kur": "kup", "rr": "rp", "genm": "genp"}
# protectionAlg of what is sent (RFC 9481 3 and 6.1).
_ALGORITHMS = {
    "PBM": PASSWORD_BASED_MAC,
    "PBM-SHA1": PASSWORD_BASED_MAC,
    "PBMAC1": PBMAC1,
    "RSA PKCS #1": "1.2.840.113549.1.1.11",
    "RSA-PSS": "1.2.840.113549.1.1.10",
    "ECDSA P-256": "1.2.840.10045.4.3.2",
    "ECDSA P-384": "1.2.840.10045.4.3.3",
    "ECDSA P-521": "1.2.840.10045.4.3.4",
    "Ed25519": "1.3.101.112",
    "Ed448": "1.3.101.113",
    "ML-DSA-44": "2.16.840.1.101.3.4.3.17",
    "ML-DSA-65": "2.16.840.1.101.3.4.3.18",
    "ML-DSA-87": "2.16.840.1.101.3.4.3.19",
}
_QUESTIONS = {
    "caCerts": lambda meeting: general.ca_certs(),
    "rootCaCert": lambda meeting: general.root_update(meeting.root),
    "certReqTemplate": lambda meeting: general.template(),
    "crlStatusList": lambda meeting: general.crls(meeting.root.subject),
    "currentCRL": lambda meeting: general.current_crl(),
    "signKeyPairTypes": lambda meeting: general.signing_keys(),
    "encKeyPairTypes": lambda meeting: general.encryption_keys(),
}


def exchange(cell: Cell, sites: Sites) -> None:
    """Carry a cell out.

    Raises:
        CMPError: if client and CA do not get on.
        AssertionError: if they do, but not as the cell says.
    """
    row = cell.row
    sent: list[bytes] = []
    events: list[Event] = []
    refused: CMPError | None = None
    outcome: Event | None = None
    with sites.meet(cell) as meeting:

        def send(message: bytes) -> bytes:
            sent.append(message)
            return sites.http.send(meeting.url, message)

        transaction = begin(row, meeting)
        try:
            outcome = run(transaction, over(send), events.append)
        except (WrongCertificate, UntrustedCertificate) as error:
            if row.confirmation != REJECTED:
                raise
            refused = error
        _check_events(row, events)
        _check_outcome(cell, meeting, outcome or events[-2])
        assert (refused is not None) == (row.confirmation == REJECTED)
        assert {_algorithm(message) for message in sent} == {_ALGORITHMS[row.protection]}
        recorded = meeting.answers(transaction.transaction_id)
        assert recorded == _expected_answers(row)


def begin(row: Row, meeting: Meeting) -> Transaction:
    """The transaction of a row."""
    common = {
        "now": utc_now(),
        "random": secrets.token_bytes,
        "policy": Policy(asks_implicit_confirm=row.confirmation in (GRANTED, NOT_GRANTED)),
    }
    credential = _credential(row, meeting)
    # Where a MAC protects, a CA can be talked to and its certificates distrusted.
    distrusts = row.confirmation == REJECTED and row.protection in MACS
    anchors = (stranger() if distrusts else meeting.root,)
    kind = row.operation.partition(",")[0].partition(" ")[0]
    if kind == "genm":
        question = _question(row, meeting)
        del common["policy"]
        return requests.ask(
            infos=[question],
            credential=credential,
            anchors=anchors,
            recipient=meeting.recipient,
            **common,
        )
    if kind in ("kur", "rr"):
        held = meeting.credential
        assert held is not None
        mine = {
            "certificate": held.certificate,
            "certificate_key": held.private_key,
            "credential": credential,
            "anchors": anchors,
        }
        if kind == "kur":
            return requests.update(key=subject_key(row.key), **mine, **common)
        return requests.revoke(reason=x509.ReasonFlags.superseded, **mine, **common)
    return requests.initialize(
        subject=SUBJECT,
        key=None if row.operation == CENTRAL else subject_key(row.key),
        credential=credential,
        anchors=anchors,
        recipient=meeting.recipient,
        body_type=BodyType(kind),
        names=NAMES,
        **common,
    )


def _credential(row: Row, meeting: Meeting) -> Credential:
    if row.protection in MACS:
        return PasswordCredential(REFERENCE, SECRET, MacScheme(row.protection))
    held = meeting.credential
    assert held is not None
    padding = RSAPadding.PSS if row.protection == "RSA-PSS" else RSAPadding.PKCS1
    return SignatureCredential(held.certificate, held.private_key, held.chain, padding)


def _question(row: Row, meeting: Meeting) -> InfoTypeAndValue:
    return _QUESTIONS[row.operation.removeprefix("genm ")](meeting)


def _algorithm(message: bytes) -> str:
    algorithm = decode(message).header.protection_alg
    assert algorithm is not None
    return algorithm.oid


def _expected_answers(row: Row) -> list[str]:
    """What the CA says, one answer after the other."""
    answer = _ANSWERS[row.operation.partition(",")[0].partition(" ")[0]]
    waits = {WAITING: [answer], ERROR: ["error"]}.get(row.polling, [])
    polls = ["pollRep"] * POLLS if waits else []
    confirms = row.confirmation in (EXPLICIT, NOT_GRANTED, REJECTED)
    return [*waits, *polls, answer, *(["pkiconf"] if confirms else [])]


def _check_events(row: Row, events: Sequence[Event]) -> None:
    waits = [Waiting] * (POLLS + 1) if row.polling else []
    certified = CertificateRefused if row.confirmation == REJECTED else CertificateReceived
    result = {"": Answered if row.operation.startswith("genm") else Revoked}
    confirmed = [] if row.confirmation in ("", GRANTED) else [Confirmed]
    expected = [*waits, result.get(row.confirmation, certified), *confirmed]
    assert [type(event) for event in events] == expected


def _check_outcome(cell: Cell, meeting: Meeting, outcome: Event) -> None:
    """What the client has got, and what the CA did to the certificate."""
    match outcome:
        case CertificateReceived(certificate=certificate, key=key):
            assert certificate.public_key() == key.public_key()
            assert certificate.subject == SUBJECT
            assert names_of(certificate) == NAMES
            if cell.row.operation == CENTRAL:
                assert isinstance(key, ec.EllipticCurvePrivateKey)
            else:
                assert key is subject_key(cell.row.key)
            # OpenSSL's server writes nothing of a certificate that need not be confirmed.
            implicit = cell.peer == OPENSSL and cell.row.confirmation == GRANTED
            assert meeting.fate(certificate) == ["issued" if implicit else "confirmed"]
        case CertificateRefused(certificate=certificate):
            assert certificate is not None
            assert meeting.fate(certificate) == ["rejected"]
        case Revoked():
            assert meeting.credential is not None
            # OpenSSL's server writes down no reason.
            reason = [] if cell.peer == OPENSSL else ["superseded"]
            assert meeting.fate(meeting.credential.certificate) == ["revoked", *reason]
        case Answered(infos=infos):
            if cell.peer == OPENSSL:
                assert infos == (_question(cell.row, meeting),)  # it says what it was asked
            else:
                _check_answer(cell, meeting, infos)
        case _:
            raise AssertionError(f"no outcome: {outcome}")


def _check_answer(cell: Cell, meeting: Meeting, infos: Sequence[InfoTypeAndValue]) -> None:
    match cell.row.operation.removeprefix("genm "):
        case "caCerts":
            assert meeting.root in (general.read_ca_certs(infos) or ())
        case "rootCaCert":
            update = general.read_root_update_answer(infos, meeting.root, utc_now())
            # The sandbox CA has had one root only.
            assert (update is None) == (cell.peer == SANDBOX)
            assert update is None or update.new_with_new != meeting.root
        case "certReqTemplate":
            template = general.read_template_answer(infos)
            assert template is not None
            assert 2048 in template.rsa_lengths
        case "crlStatusList" | "currentCRL":
            (crl,) = general.read_crls(infos) or ()
            issuers = (meeting.root, *meeting.chain)
            assert any(crl.is_signature_valid(issuer.public_key()) for issuer in issuers)
        case "signKeyPairTypes":
            assert "1.3.101.112" in {a.oid for a in general.read_signing_keys(infos) or ()}
        case "encKeyPairTypes":
            found = general.read_encryption_keys(infos)
            assert "1.2.840.113549.1.1.1" in {a.oid for a in found or ()}
        case other:
            raise AssertionError(other)

"""RFC 9483 4.1.1 to 4.1.5 and 5.1.1: requests for certificates, and what comes of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.model import (
    BodyType,
    CertId,
    CertRepMessage,
    Extension,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PopoKind,
    ProofOfPossession,
)
from csc.runtime.cmp.protection import Credential, MacScheme, verify_mac
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    SECRET,
    SUBJECT,
    ask,
    cert_req,
    confirm,
    csr,
    enrolled,
    failures,
    fingerprint,
    header,
    ir,
    issued,
    p10cr,
    rr,
    template,
    utc_now,
)

IMPLICIT_CONFIRM = InfoTypeAndValue("1.3.6.1.5.5.7.4.13", b"\x05\x00")


@dataclass(frozen=True)
class Kind:
    request: Callable[[], PKIBody]
    answer: BodyType
    number: int


KINDS = {
    "ir": Kind(ir, BodyType.IP, 0),
    "cr": Kind(lambda: ir(body_type=BodyType.CR), BodyType.CP, 0),
    "p10cr": Kind(p10cr, BodyType.CP, -1),
}
UPDATE = Kind(lambda: ir(body_type=BodyType.KUR), BodyType.KUP, 0)


def _granted(ca: SandboxCA, kind: Kind, credential: Credential) -> CertRepMessage:
    answer = ask(ca, kind.request(), header(), credential)
    assert answer.body.type is kind.answer
    content = answer.body.content
    assert isinstance(content, CertRepMessage)
    (response,) = content.responses
    assert response.cert_req_id == kind.number
    assert response.status.status in (PKIStatus.ACCEPTED, PKIStatus.GRANTED_WITH_MODS)
    assert not response.status.fail_info
    assert response.certificate is not None
    assert response.encrypted_cert is response.private_key is None
    return content


@pytest.mark.parametrize("name", KINDS)
def test_granted(ca: SandboxCA, credential: Credential, name: str) -> None:
    """One response, of the request's kind and number, with the certificate and no failInfo."""
    (response,) = _granted(ca, KINDS[name], credential).responses
    certificate = x509.load_der_x509_certificate(response.certificate or b"")
    assert certificate.subject == SUBJECT
    assert certificate.serial_number > 0


def test_update_is_granted(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    (response,) = _granted(ca, UPDATE, credential).responses
    certificate = x509.load_der_x509_certificate(response.certificate or b"")
    assert certificate.subject == SUBJECT
    assert certificate.serial_number != credential.certificate.serial_number


def test_trust_anchors_come_with_ip_only(ca: SandboxCA) -> None:
    """caPubs: with ip to a secret the root of the certificate, and nothing else; with cp and kup nothing."""
    _, certificate = enrolled(ca)
    root = ca.root.public_bytes(Encoding.DER)
    assert set(_granted(ca, KINDS["ir"], SECRET).ca_pubs) <= {root}
    assert set(_granted(ca, KINDS["ir"], certificate).ca_pubs) <= {root}
    for name in ("cr", "p10cr"):
        for credential in (SECRET, certificate):
            assert _granted(ca, KINDS[name], credential).ca_pubs == ()
    assert _granted(ca, UPDATE, certificate).ca_pubs == ()


@pytest.mark.parametrize("name", KINDS)
def test_extra_certs_hold_the_chain_of_the_certificate(
    ca: SandboxCA, credential: Credential, name: str
) -> None:
    """All that stands between it and the root, which need not come."""
    answer = ask(ca, KINDS[name].request(), header(), credential)
    certificate = issued(answer)
    sent = [x509.load_der_x509_certificate(der) for der in answer.extra_certs]
    issuers = {c.subject: c for c in [*sent, ca.root]}
    while certificate.subject != ca.root.subject:
        issuer = issuers[certificate.issuer]
        certificate.verify_directly_issued_by(issuer)
        certificate = issuer


# -- confirmation wanted or not --------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("grants", [True, False])
@pytest.mark.parametrize("asks", [True, False])
def test_implicit_confirmation(tmp_path: Path, name: str, *, grants: bool, asks: bool) -> None:
    """It is granted by the same field in the answer; else, the certificate has to be confirmed."""
    behaviour = Behaviour(grants_implicit_confirm=grants)
    with SandboxCA.open(tmp_path, behaviour=behaviour) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        info = (IMPLICIT_CONFIRM,) if asks else ()
        answer = ask(ca, KINDS[name].request(), header(general_info=info))
        is_granted = grants and asks
        assert (IMPLICIT_CONFIRM in answer.header.general_info) == is_granted
        assert ca.ledger()[0].status is (Status.CONFIRMED if is_granted else Status.ISSUED)
        confirmation = confirm(answer, fingerprint(answer), KINDS[name].number)
        late = ask(ca, *confirmation)
        if is_granted:
            assert failures(late) == {PKIFailureInfo.CERT_CONFIRMED}
        else:
            assert late.body.type is BodyType.PKI_CONF
        assert ca.ledger()[0].status is Status.CONFIRMED


# -- updates (4.1.3) -------------------------------------------------------------------------------


def _update(**changes: object) -> PKIBody:
    old = changes.pop("old", None)
    return ir(cert_req(template(**changes), old=old), body_type=BodyType.KUR)  # type: ignore[arg-type]


def test_update_names_what_it_updates(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    serial = credential.certificate.serial_number
    issuer = credential.certificate.issuer
    right = ask(ca, _update(old=CertId(issuer, serial)), header(), credential)
    assert right.body.type is BodyType.KUP
    assert issued(right).subject == SUBJECT
    for wrong in (CertId(issuer, serial + 1), CertId(SUBJECT, serial)):
        answer = ask(ca, _update(old=wrong), header(), credential)
        assert answer.body.type is BodyType.KUP
        assert failures(answer) == {PKIFailureInfo.BAD_CERT_ID}


def test_update_of_a_revoked_certificate(ca: SandboxCA) -> None:
    """By the secret that obtained it: its own key is not heard any more."""
    _, credential = enrolled(ca)
    old = credential.certificate
    assert ask(ca, rr(old)).body.type is BodyType.RP
    answer = ask(ca, _update(old=CertId(old.issuer, old.serial_number)))
    assert answer.body.type is BodyType.KUP
    assert failures(answer) == {PKIFailureInfo.CERT_REVOKED}


def test_update_of_an_expired_certificate(tmp_path: Path) -> None:
    now = utc_now()
    with SandboxCA.open(tmp_path, lambda: now) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        _, credential = enrolled(ca)
    old = credential.certificate
    late = old.not_valid_after_utc + timedelta(seconds=1)
    with SandboxCA.open(tmp_path, lambda: late) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        body = _update(old=CertId(old.issuer, old.serial_number))
        answer = ask(ca, body, header(message_time=late))
        assert answer.body.type is BodyType.KUP
        assert failures(answer) == {PKIFailureInfo.BAD_CERT_ID}


def test_update_keeps_the_subject(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    for subject in (x509.Name([]), SUBJECT):
        answer = ask(ca, _update(subject=subject), header(), credential)
        assert issued(answer).subject == SUBJECT
    other = x509.Name.from_rfc4514_string("CN=other")
    answer = ask(ca, _update(subject=other), header(), credential)
    assert failures(answer) == {PKIFailureInfo.BAD_CERT_TEMPLATE}


# -- proof of possession (5.1.1) -------------------------------------------------------------------

KINDS_OF_CRMF = (BodyType.IR, BodyType.CR, BodyType.KUR)


@pytest.mark.parametrize("kind", KINDS_OF_CRMF)
@pytest.mark.parametrize("pop", [PopoKind.ABSENT, PopoKind.RA_VERIFIED])
def test_missing_proof(ca: SandboxCA, kind: BodyType, pop: PopoKind) -> None:
    """Absent, or said to be verified by one who is no RA (RFC 9810 5.2.8.4)."""
    _, credential = enrolled(ca)
    request = replace(cert_req(template()), pop=ProofOfPossession(pop))
    answer = ask(ca, ir(request, body_type=kind), header(), credential)
    assert failures(answer) <= {PKIFailureInfo.BAD_POP, PKIFailureInfo.NOT_AUTHORIZED}
    assert len(ca.ledger()) == 1


@pytest.mark.parametrize("kind", KINDS_OF_CRMF)
def test_wrong_proof(ca: SandboxCA, kind: BodyType) -> None:
    _, credential = enrolled(ca)
    request = cert_req(template())
    signature = bytearray(request.pop.signature or b"")
    signature[-1] ^= 1
    wrong = replace(request, pop=replace(request.pop, signature=bytes(signature)))
    answer = ask(ca, ir(wrong, body_type=kind), header(), credential)
    assert failures(answer) == {PKIFailureInfo.BAD_POP}
    assert len(ca.ledger()) == 1


def test_wrong_proof_of_pkcs10(ca: SandboxCA, credential: Credential) -> None:
    before = ca.ledger()
    der = bytearray(csr())
    der[-1] ^= 1
    answer = ask(ca, p10cr(bytes(der)), header(), credential)
    assert answer.body.type is BodyType.CP
    assert failures(answer) == {PKIFailureInfo.BAD_POP}
    assert ca.ledger() == before


# -- secrets (4.1.5) -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("mac", [MacScheme.PBM, MacScheme.PBMAC1])
def test_enrolment_with_a_secret(ca: SandboxCA, name: str, mac: MacScheme) -> None:
    """Every message of the operation is protected with it, and by the same algorithm."""
    credential = replace(SECRET, mac=mac)
    first = ask(ca, KINDS[name].request(), header(), credential)
    body, head = confirm(first, fingerprint(first), KINDS[name].number)
    last = ask(ca, body, head, credential)
    assert last.body.type is BodyType.PKI_CONF
    for answer in (first, last):
        verify_mac(answer, SECRET.secret)
        assert answer.header.sender_kid == SECRET.reference
    oids = {m.header.protection_alg.oid for m in (first, last) if m.header.protection_alg}
    assert len(oids) == 1


# -- subjects (4.1.1) ------------------------------------------------------------------------------


def test_name_in_the_alternative_names_only(ca: SandboxCA, credential: Credential) -> None:
    """The NULL-DN as subject is taken if subjectAltName names somebody; not, if nothing does."""
    names = x509.SubjectAlternativeName([x509.DNSName("gw.example.com")])
    extension = Extension(names.oid.dotted_string, True, names.public_bytes())
    named = template(subject=x509.Name([]), extensions=(extension,))
    certificate = issued(ask(ca, ir(cert_req(named)), header(), credential))
    assert certificate.subject == x509.Name([])
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert (found.critical, found.value) == (True, names)
    nobody = ask(ca, ir(cert_req(template(subject=x509.Name([])))), header(), credential)
    assert failures(nobody) == {PKIFailureInfo.BAD_CERT_TEMPLATE}

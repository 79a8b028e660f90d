"""What the sandbox CA makes of p10cr, rr, profiles and kinds of keys, and how it can be told to behave."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from csc.runtime.cmp.codec import (
    decode,
    decode_pbm_parameter,
    encode_pbm_parameter,
    encode_profile,
)
from csc.runtime.cmp.mac import (
    ITERATIONS,
    PASSWORD_BASED_MAC,
    PBMAC1,
    SALT_SIZE,
    mac_algorithm,
)
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    CertConfirmContent,
    CertRepMessage,
    CertStatus,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    RevRepContent,
)
from csc.runtime.cmp.protection import MacKeys, MacScheme, OwnMac, protect, verify_mac
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
    following,
    genm,
    header,
    ir,
    issued,
    p10cr,
    rr,
    template,
)

IMPLICIT_CONFIRM = InfoTypeAndValue("1.3.6.1.5.5.7.4.13", b"\x05\x00")
CERT_PROFILE = "1.3.6.1.5.5.7.4.21"


@contextmanager
def opened(folder: Path, **behaviour: object) -> Generator[SandboxCA]:
    with SandboxCA.open(folder, behaviour=Behaviour(**behaviour)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        yield ca


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    with opened(tmp_path) as opened_ca:
        yield opened_ca


def fingerprint(answer: PKIMessage) -> bytes:
    return issued(answer).fingerprint(hashes.SHA256())


def statuses(ca: SandboxCA) -> list[Status]:
    return [entry.status for entry in ca.ledger()]


# -- PKCS #10 (RFC 9483 4.1.4) ---------------------------------------------------------------------


def test_pkcs10_request_gets_cp_about_no_certificate_request(ca: SandboxCA) -> None:
    names = x509.SubjectAlternativeName([x509.DNSName("gw.example.com")])
    answer = ask(ca, p10cr(csr(names)))
    assert answer.body.type is BodyType.CP
    content = answer.body.content
    assert isinstance(content, CertRepMessage)
    assert content.responses[0].cert_req_id == -1
    assert content.ca_pubs == ()
    certificate = issued(answer)
    assert certificate.subject == SUBJECT
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert found.value == names
    assert failures(ask(ca, *confirm(answer, fingerprint(answer), 0))) == {
        PKIFailureInfo.BAD_REQUEST
    }
    assert ask(ca, *confirm(answer, fingerprint(answer), -1)).body.type is BodyType.PKI_CONF
    assert statuses(ca) == [Status.CONFIRMED]


def test_other_extensions_of_pkcs10_are_left_out_and_said(ca: SandboxCA) -> None:
    answer = ask(ca, p10cr(csr(x509.BasicConstraints(ca=True, path_length=None))))
    content = answer.body.content
    assert isinstance(content, CertRepMessage)
    assert content.responses[0].status.status == PKIStatus.GRANTED_WITH_MODS
    basic = issued(answer).extensions.get_extension_for_class(x509.BasicConstraints)
    assert not basic.value.ca


def _wrongly_signed() -> bytes:
    """A request that ends in another signature than its key made."""
    der = bytearray(csr(key=ed25519.Ed25519PrivateKey.generate()))
    der[-1] ^= 1
    return bytes(der)


PKCS10: dict[str, tuple[Callable[[], bytes], PKIFailureInfo]] = {
    "no PKCS #10": (lambda: b"\x30\x00", PKIFailureInfo.BAD_DATA_FORMAT),
    "wrong signature": (_wrongly_signed, PKIFailureInfo.BAD_POP),
    "signature with SHA-224": (lambda: csr(digest=hashes.SHA224()), PKIFailureInfo.BAD_ALG),
    "no subject": (lambda: csr(subject=x509.Name([])), PKIFailureInfo.BAD_CERT_TEMPLATE),
    "short key": (
        lambda: csr(key=rsa.generate_private_key(65537, 1024)),
        PKIFailureInfo.BAD_CERT_TEMPLATE,
    ),
    "unusual curve": (
        lambda: csr(key=ec.generate_private_key(ec.SECP256K1())),
        PKIFailureInfo.BAD_CERT_TEMPLATE,
    ),
    "DSA": (lambda: csr(key=dsa.generate_private_key(2048)), PKIFailureInfo.BAD_CERT_TEMPLATE),
}


@pytest.mark.parametrize("name", PKCS10)
def test_wrong_pkcs10(ca: SandboxCA, name: str) -> None:
    make, failure = PKCS10[name]
    assert failures(ask(ca, p10cr(make()))) == {failure}
    assert ca.ledger() == ()


# -- keys ------------------------------------------------------------------------------------------

KEYS: dict[str, Callable[[], object]] = {
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed448": ed448.Ed448PrivateKey.generate,
    "ML-DSA-44": mldsa.MLDSA44PrivateKey.generate,
    "ML-DSA-65": mldsa.MLDSA65PrivateKey.generate,
    "ML-DSA-87": mldsa.MLDSA87PrivateKey.generate,
}


@pytest.mark.parametrize("how", ["ir", "p10cr"])
@pytest.mark.parametrize("name", KEYS)
def test_kinds_of_keys(ca: SandboxCA, name: str, how: str) -> None:
    key = KEYS[name]()
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    wanted = template(public_key=spki)
    body = ir(cert_req(wanted, key=key)) if how == "ir" else p10cr(csr(key=key))
    certificate = issued(ask(ca, body))
    assert certificate.public_key() == key.public_key()
    certificate.verify_directly_issued_by(ca.chain[0])


# -- implicit confirmation (RFC 9810 5.1.1.1) ------------------------------------------------------


@pytest.mark.parametrize("how", ["ir", "p10cr"])
def test_implicit_confirmation(tmp_path: Path, how: str) -> None:
    with opened(tmp_path, grants_implicit_confirm=True) as ca:
        body, number = (ir(), 0) if how == "ir" else (p10cr(), -1)
        answer = ask(ca, body, header(general_info=(IMPLICIT_CONFIRM,)))
        assert answer.header.general_info == (IMPLICIT_CONFIRM,)
        assert statuses(ca) == [Status.CONFIRMED]
        late = ask(ca, *confirm(answer, fingerprint(answer), number))
        assert failures(late) == {PKIFailureInfo.CERT_CONFIRMED}


def test_implicit_confirmation_is_not_granted_unasked(tmp_path: Path) -> None:
    with opened(tmp_path, grants_implicit_confirm=True) as ca:
        assert IMPLICIT_CONFIRM not in ask(ca, ir()).header.general_info
        assert statuses(ca) == [Status.ISSUED]


def test_implicit_confirmation_has_no_value(tmp_path: Path) -> None:
    with opened(tmp_path, grants_implicit_confirm=True) as ca:
        asks = InfoTypeAndValue(IMPLICIT_CONFIRM.oid, b"\x01\x01\xff")
        answer = ask(ca, ir(), header(general_info=(asks,)))
        assert failures(answer) == {PKIFailureInfo.BAD_DATA_FORMAT}
        assert ca.ledger() == ()


def test_hash_algorithm_belongs_to_version_3(ca: SandboxCA) -> None:
    """RFC 9810 5.3.18."""
    answer = ask(ca, ir())
    sha512 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.3")
    status = CertStatus(issued(answer).fingerprint(hashes.SHA512()), 0, None, sha512)
    body = PKIBody(BodyType.CERT_CONF, CertConfirmContent((status,)))
    assert failures(ask(ca, body, following(answer))) == {PKIFailureInfo.BAD_DATA_FORMAT}
    assert ask(ca, body, following(answer, pvno=3)).body.type is BodyType.PKI_CONF


# -- other behaviour -------------------------------------------------------------------------------


def test_granted_with_modifications(tmp_path: Path) -> None:
    with opened(tmp_path, modifies=True) as ca:
        answer = ask(ca, ir())
        content = answer.body.content
        assert isinstance(content, CertRepMessage)
        status = content.responses[0].status
        assert status.status == PKIStatus.GRANTED_WITH_MODS
        changed = x509.Name.from_rfc4514_string("O=csc sandbox,CN=device")
        assert issued(answer).subject == changed
        assert changed.rfc4514_string() in status.status_string[0]


def test_everything_is_rejected(tmp_path: Path) -> None:
    """The rejection stands in an answer of the request's own kind, where it has one."""
    with opened(tmp_path) as ca:
        _, credential = enrolled(ca)
    with opened(tmp_path, rejects=PKIFailureInfo.NOT_AUTHORIZED) as ca:
        rejected = {PKIFailureInfo.NOT_AUTHORIZED}
        for body, kind in ((ir(), BodyType.IP), (p10cr(), BodyType.CP)):
            answer = ask(ca, body)
            assert answer.body.type is kind
            assert isinstance(answer.body.content, CertRepMessage)
            (response,) = answer.body.content.responses
            assert response.status.fail_info == rejected
            assert response.certificate is None
        answer = ask(ca, rr(credential.certificate))
        assert isinstance(answer.body.content, RevRepContent)
        assert answer.body.content.statuses[0].fail_info == rejected
        assert failures(ask(ca, genm())) == rejected
        assert statuses(ca) == [Status.CONFIRMED]


@pytest.mark.parametrize("mac", MacScheme)
def test_answer_has_the_same_kind_of_mac(ca: SandboxCA, mac: MacScheme) -> None:
    answer = ask(ca, ir(), credential=replace(SECRET, mac=mac))
    verify_mac(answer, SECRET.secret, accepts_sha1=mac is MacScheme.PBM_SHA1)
    algorithm = answer.header.protection_alg
    assert algorithm is not None
    if mac is MacScheme.PBMAC1:
        assert algorithm.oid == PBMAC1
    else:
        assert algorithm.oid == PASSWORD_BASED_MAC
        owf = decode_pbm_parameter(algorithm.parameters or b"").owf.oid
        assert (owf == "1.3.14.3.2.26") == (mac is MacScheme.PBM_SHA1)


@pytest.mark.parametrize("mac", MacScheme)
def test_answers_have_the_parameters_of_the_request(ca: SandboxCA, mac: MacScheme) -> None:
    """RFC 9810 5.1.3.1: one key is derived for a transaction. A refusal is no exception."""
    credential, head = replace(SECRET, mac=mac), header()
    for body, kind in ((ir(), BodyType.IP), (genm(), BodyType.ERROR)):  # of one transactionID
        request = protect(head, body, credential, random=os.urandom)
        answer = decode(ca.respond(request))
        assert answer.body.type is kind
        assert answer.header.protection_alg == decode(request).header.protection_alg
        verify_mac(answer, SECRET.secret, accepts_sha1=mac is MacScheme.PBM_SHA1)


@pytest.mark.parametrize(("salt", "count"), [(bytes(8), ITERATIONS), (bytes(16), 500)])
def test_weak_parameters_are_not_taken_over(ca: SandboxCA, salt: bytes, count: int) -> None:
    usual = mac_algorithm(MacScheme.PBM, salt)
    weak = replace(decode_pbm_parameter(usual.parameters or b""), iteration_count=count)
    algorithm = replace(usual, parameters=encode_pbm_parameter(weak))
    mac = OwnMac(algorithm, MacKeys(SECRET.secret))
    request = protect(header(), ir(), SECRET, random=os.urandom, mac=mac)
    answered = decode(ca.respond(request)).header.protection_alg
    assert answered is not None
    parameter = decode_pbm_parameter(answered.parameters or b"")
    assert (len(parameter.salt), parameter.iteration_count) == (SALT_SIZE, ITERATIONS)
    assert parameter.salt != salt


@pytest.mark.parametrize(("sent", "answered"), [(1, 2), (2, 2), (3, 3), (4, 3)])
def test_version_of_the_answer(ca: SandboxCA, sent: int, answered: int) -> None:
    """RFC 9810 7: the request's own, or the nearest that is supported."""
    assert ask(ca, ir(), header(pvno=sent)).header.pvno == answered


# -- profiles (RFC 9810 5.1.1.4) -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "usage"),
    [
        ("tls-server", [ExtendedKeyUsageOID.SERVER_AUTH]),
        ("tls-client", [ExtendedKeyUsageOID.CLIENT_AUTH]),
        ("", None),
    ],
)
def test_profile(ca: SandboxCA, profile: str, usage: object) -> None:
    info = InfoTypeAndValue(CERT_PROFILE, encode_profile(profile))
    for body in (ir(), p10cr()):
        certificate = issued(ask(ca, body, header(general_info=(info,))))
        found = [e.value for e in certificate.extensions if e.oid == x509.ExtendedKeyUsage.oid]
        assert [list(value) for value in found] == ([] if usage is None else [usage])


ONE = encode_profile("tls-server")[2:]
PROFILES = {
    "unknown": ((encode_profile("gold"),), PKIFailureInfo.BAD_CERT_TEMPLATE),
    "too many": ((bytes([0x30, 2 * len(ONE)]) + 2 * ONE,), PKIFailureInfo.BAD_DATA_FORMAT),
    "none": ((b"\x30\x00",), PKIFailureInfo.BAD_DATA_FORMAT),
    "no value": ((None,), PKIFailureInfo.BAD_DATA_FORMAT),
    "no text": ((b"\x30\x03\x02\x01\x00",), PKIFailureInfo.BAD_DATA_FORMAT),
    "no UTF-8": ((b"\x30\x03\x0c\x01\xff",), PKIFailureInfo.BAD_DATA_FORMAT),
    "twice": ((encode_profile(""), encode_profile("")), PKIFailureInfo.BAD_DATA_FORMAT),
}


@pytest.mark.parametrize("name", PROFILES)
def test_wrong_profile(ca: SandboxCA, name: str) -> None:
    values, failure = PROFILES[name]
    infos = tuple(InfoTypeAndValue(CERT_PROFILE, value) for value in values)
    assert failures(ask(ca, ir(), header(general_info=infos))) == {failure}
    assert ca.ledger() == ()


# -- revocation (RFC 5280 5.3.1) -------------------------------------------------------------------


def test_suspended_and_taken_back(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    certificate = credential.certificate
    assert ask(ca, rr(certificate, 6)).body.type is BodyType.RP
    (held,) = ca.ledger()
    assert (held.status, held.reason) == (Status.REVOKED, "certificateHold")
    assert failures(ask(ca, rr(certificate, 6))) == {PKIFailureInfo.CERT_REVOKED}
    by_itself = ask(ca, rr(certificate, 8), header(), credential)
    assert failures(by_itself) == {PKIFailureInfo.CERT_REVOKED}
    assert ask(ca, rr(certificate, 8)).body.type is BodyType.RP
    assert [(e.status, e.reason) for e in ca.ledger()] == [(Status.CONFIRMED, "")]
    assert ask(ca, rr(certificate, 6)).body.type is BodyType.RP
    assert ask(ca, rr(certificate, 1)).body.type is BodyType.RP
    assert [(e.status, e.reason) for e in ca.ledger()] == [(Status.REVOKED, "keyCompromise")]
    assert failures(ask(ca, rr(certificate, 8))) == {PKIFailureInfo.BAD_REQUEST}


def test_only_what_is_held_is_taken_back(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    assert failures(ask(ca, rr(credential.certificate, 8))) == {PKIFailureInfo.BAD_REQUEST}
    assert statuses(ca) == [Status.CONFIRMED]


@pytest.mark.parametrize("reason", [7, 11, 255])
def test_unknown_reason(ca: SandboxCA, reason: int) -> None:
    _, credential = enrolled(ca)
    assert failures(ask(ca, rr(credential.certificate, reason))) == {PKIFailureInfo.BAD_REQUEST}
    assert statuses(ca) == [Status.CONFIRMED]


def test_same_revocation_gets_the_same_answer(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    request = protect(header(), rr(credential.certificate), SECRET, random=os.urandom)
    first = ca.respond(request)
    assert decode(first).body.type is BodyType.RP
    assert ca.respond(request) == first

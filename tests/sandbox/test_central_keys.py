"""Keys that the CA makes (RFC 9483 4.1.6), as our client gets them and as openssl reads their CMS."""

import os
import sqlite3
import subprocess
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from csc.runtime.cmp import requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.cms_model import KeyAgreeRecipientInfo, KeyTransRecipientInfo
from csc.runtime.cmp.codec import der
from csc.runtime.cmp.codec.cms import (
    decode_asymmetric_key_package,
    decode_enveloped_data,
    decode_signed_data,
)
from csc.runtime.cmp.enveloped import SIGNED_DATA, key_package, open_enveloped
from csc.runtime.cmp.events import CertificateReceived
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    CertRepMessage,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PopoKind,
    ProofOfPossession,
)
from csc.runtime.cmp.protection import SignatureCredential, subject_key_identifier
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    SECRET,
    SUBJECT,
    ask,
    cert_req,
    confirm,
    failures,
    header,
    ir,
    issued,
    template,
    utc_now,
)
from peers.openssl import needs_openssl

KGA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.32")


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path / "ca") as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


def asking(spki: bytes | None = None, kind: BodyType = BodyType.IR) -> PKIBody:
    """A request for a certificate with a key that the CA makes."""
    request = cert_req(template(public_key=spki))
    return ir(replace(request, pop=ProofOfPossession(PopoKind.ABSENT)), body_type=kind)


def without_bits(oid: str, parameters: bytes | None = None) -> bytes:
    """RFC 9483 4.1.6: a SubjectPublicKeyInfo that says but the algorithm."""
    return der.sequence(der.algorithm(AlgorithmIdentifier(oid, parameters)), b"\x03\x01\x00")


def enveloped_in(answer: PKIMessage) -> bytes:
    assert isinstance(answer.body.content, CertRepMessage)
    (response,) = answer.body.content.responses
    assert response.private_key is not None
    assert response.private_key.is_enveloped
    return response.private_key.der


def holder(ca: SandboxCA, key: object) -> SignatureCredential:
    """Who has a certificate for `key`."""
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    answer = ask(ca, ir(cert_req(template(public_key=spki), key=key)))
    certificate = issued(answer)
    assert certificate.signature_hash_algorithm is not None
    digest = certificate.fingerprint(certificate.signature_hash_algorithm)
    assert ask(ca, *confirm(answer, digest)).body.type is BodyType.PKI_CONF
    return SignatureCredential(certificate, key)


def signed_for(answer: PKIMessage, credential: SignatureCredential) -> bytes:
    """The SignedData that only the holder of a certificate can read."""
    return open_enveloped(
        enveloped_in(answer),
        key=credential.private_key,
        certificate=credential.certificate,
        originators=[x509.load_der_x509_certificate(one) for one in answer.extra_certs],
        content_type=SIGNED_DATA,
    )


# -- what is delivered -----------------------------------------------------------------------------

KINDS = {
    "left to the CA": (None, ec.EllipticCurvePrivateKey),
    "RSA": (without_bits("1.2.840.113549.1.1.1", der.NULL), rsa.RSAPrivateKey),
    "RSA without parameters": (without_bits("1.2.840.113549.1.1.1"), rsa.RSAPrivateKey),
    "P-384": (
        without_bits("1.2.840.10045.2.1", der.oid("1.3.132.0.34")),
        ec.EllipticCurvePrivateKey,
    ),
    "Ed25519": (without_bits("1.3.101.112"), ed25519.Ed25519PrivateKey),
    "ML-DSA-65": (without_bits("2.16.840.1.101.3.4.3.18"), mldsa.MLDSA65PrivateKey),
    "ML-KEM-768": (without_bits("2.16.840.1.101.3.4.4.2"), mlkem.MLKEM768PrivateKey),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_keys(ca: SandboxCA, name: str) -> None:
    spki, kind = KINDS[name]
    answer = ask(ca, asking(spki), header(pvno=3))
    signed = open_enveloped(enveloped_in(answer), password=SECRET.secret, content_type=SIGNED_DATA)
    delivered = key_package(signed, (ca.root,), (), utc_now())
    assert isinstance(delivered.private_key, kind)
    assert delivered.private_key.public_key() == issued(answer).public_key()


def test_who_signs_is_a_key_generation_authority(ca: SandboxCA) -> None:
    answer = ask(ca, asking(), header(pvno=3))
    signed = open_enveloped(enveloped_in(answer), password=SECRET.secret)
    delivered = key_package(signed, (ca.root,), (), utc_now())
    usages = delivered.signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert KGA in usages
    content = decode_signed_data(signed)
    first = x509.load_der_x509_certificate(content.certificates[0])
    assert first == delivered.signer  # RFC 9483 4.1.6
    assert content.signers[0].sid == subject_key_identifier(first)
    (key,) = decode_asymmetric_key_package(content.content or b"")
    assert key.public_key is not None


def test_key_is_not_in_the_ledger(ca: SandboxCA, tmp_path: Path) -> None:
    answer = ask(ca, asking(), header(pvno=3))
    signed = open_enveloped(enveloped_in(answer), password=SECRET.secret)
    key = key_package(signed, (ca.root,), (), utc_now()).private_key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    with closing(sqlite3.connect(tmp_path / "ca" / "ledger.db")) as ledger:
        dump = "\n".join(ledger.iterdump()).lower()
    assert issued(answer).serial_number.to_bytes(20, "big").hex().lstrip("0") in dump
    assert secret.hex() not in dump
    stored = b"".join(path.read_bytes() for path in (tmp_path / "ca").iterdir())
    assert secret not in stored


# -- for whom (RFC 9483 4.1.6.1 and 4.1.6.2) -------------------------------------------------------

HOLDERS = {
    "RSA": (lambda: rsa.generate_private_key(65537, 2048), KeyTransRecipientInfo),
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), KeyAgreeRecipientInfo),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), KeyAgreeRecipientInfo),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_for_who_signs(ca: SandboxCA, name: str) -> None:
    make, kind = HOLDERS[name]
    credential = holder(ca, make())
    answer = ask(ca, asking(kind=BodyType.CR), header(pvno=3), credential)
    (recipient,) = decode_enveloped_data(enveloped_in(answer)).recipients
    assert isinstance(recipient, kind)
    identifier = subject_key_identifier(credential.certificate)
    if isinstance(recipient, KeyTransRecipientInfo):
        assert recipient.rid == identifier
    else:
        assert [one.rid for one in recipient.keys] == [identifier]
        signer = x509.load_der_x509_certificate(answer.extra_certs[0])
        static = recipient.originator == subject_key_identifier(signer)
        assert static == (name == "P-256")  # the signer's own curve
        usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.key_agreement
    delivered = key_package(signed_for(answer, credential), (ca.root,), (), utc_now())
    assert delivered.private_key.public_key() == issued(answer).public_key()


def test_nobody_to_encrypt_for(ca: SandboxCA) -> None:
    credential = holder(ca, ed25519.Ed25519PrivateKey.generate())
    answer = ask(ca, asking(kind=BodyType.CR), header(pvno=3), credential)
    assert failures(answer) == {PKIFailureInfo.NOT_AUTHORIZED}


REFUSED = {
    "cmp2000": (asking(), 2, PKIFailureInfo.BAD_REQUEST),
    "an algorithm of no profile": (
        asking(without_bits("1.2.840.10040.4.1")), 3, PKIFailureInfo.BAD_CERT_TEMPLATE,
    ),
    "a curve of no profile": (
        asking(without_bits("1.2.840.10045.2.1", der.oid("1.3.132.0.10"))), 3,
        PKIFailureInfo.BAD_CERT_TEMPLATE,
    ),
    "with a proof": (ir(cert_req(template(public_key=None))), 3, PKIFailureInfo.BAD_POP),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(ca: SandboxCA, name: str) -> None:
    body, pvno, failure = REFUSED[name]
    assert failures(ask(ca, body, header(pvno=pvno))) == {failure}
    assert ca.ledger() == ()


def test_profile_without_central_keys(ca: SandboxCA) -> None:
    from csc.runtime.cmp.codec import encode_profile
    from csc.runtime.cmp.model import InfoTypeAndValue

    info = InfoTypeAndValue("1.3.6.1.5.5.7.4.21", encode_profile("tls-client"))
    answer = ask(ca, asking(), header(pvno=3, general_info=(info,)))
    assert failures(answer) == {PKIFailureInfo.BAD_CERT_TEMPLATE}


# -- our client ------------------------------------------------------------------------------------


def test_own_client(ca: SandboxCA) -> None:
    """By password, then updated by the key that came."""
    connection = Connection(ca.respond, utc_now, lambda seconds: None, timedelta())
    first = run(
        requests.initialize(
            subject=SUBJECT,
            key=None,
            credential=SECRET,
            anchors=(ca.root,),
            recipient=ca.root.subject,
            now=utc_now(),
            random=os.urandom,
        ),
        connection,
        lambda event: None,
    )
    assert isinstance(first, CertificateReceived)
    second = run(
        requests.update(
            certificate=first.certificate,
            certificate_key=first.key,
            key=None,
            anchors=(ca.root,),
            now=utc_now(),
            random=os.urandom,
        ),
        connection,
        lambda event: None,
    )
    assert isinstance(second, CertificateReceived)
    assert second.key.public_key() == second.certificate.public_key()
    assert second.certificate.public_key() != first.certificate.public_key()
    assert [entry.status for entry in ca.ledger()] == [Status.CONFIRMED, Status.CONFIRMED]


# -- openssl cms -----------------------------------------------------------------------------------


def content_info(oid: str, content: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.tagged(0, content))


def openssl(*arguments: object) -> None:
    ran = subprocess.run(
        ["openssl", "cms", *map(str, arguments)], capture_output=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()


@needs_openssl
@pytest.mark.parametrize("name", ["RSA", "P-384", "P-256"])
def test_openssl_reads_it(ca: SandboxCA, tmp_path: Path, name: str) -> None:
    credential = holder(ca, HOLDERS[name][0]())
    answer = ask(ca, asking(kind=BodyType.CR), header(pvno=3), credential)
    sealed, signed = tmp_path / "sealed.der", tmp_path / "signed.der"
    plain, package = tmp_path / "plain.der", tmp_path / "package.der"
    sealed.write_bytes(content_info("1.2.840.113549.1.7.3", enveloped_in(answer)))
    (tmp_path / "own.pem").write_bytes(credential.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "own.key").write_bytes(
        credential.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (tmp_path / "root.pem").write_bytes(ca.root.public_bytes(Encoding.PEM))
    signer = x509.load_der_x509_certificate(answer.extra_certs[0])
    (tmp_path / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
    openssl(
        "-decrypt", "-inform", "DER", "-binary", "-in", sealed, "-out", plain,
        "-recip", tmp_path / "own.pem", "-inkey", tmp_path / "own.key",
        *(("-originator", tmp_path / "signer.pem") if name == "P-256" else ()),
    )  # fmt: skip
    assert plain.read_bytes() == signed_for(answer, credential)
    signed.write_bytes(content_info(SIGNED_DATA, plain.read_bytes()))
    openssl(
        "-verify", "-inform", "DER", "-binary", "-in", signed, "-out", package,
        "-CAfile", tmp_path / "root.pem", "-purpose", "any",
    )  # fmt: skip
    assert len(decode_asymmetric_key_package(package.read_bytes())) == 1

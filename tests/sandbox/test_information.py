"""Questions to the sandbox CA, in genm, and its answers (RFC 9810 5.3.19, RFC 9483 4.3)."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from csc.runtime.cmp.codec import encode_profile
from csc.runtime.cmp.codec.der import integer, oid
from csc.runtime.cmp.codec.general import read_algorithms, read_sequence, read_template
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.model import (
    BodyType,
    GeneralContent,
    InfoTypeAndValue,
    PKIFailureInfo,
    PKIMessage,
)
from csc.runtime.sandbox.ca import SandboxCA
from peers.asker import (
    ROOT_NAME,
    SECRET,
    SUBJECT,
    ask,
    enrolled,
    failures,
    genm,
    header,
    rr,
    utc_now,
)

ID_IT = "1.3.6.1.5.5.7.4."
SIGN_KEYS, ENC_KEYS, CURRENT_CRL, UNSUPPORTED = (f"{ID_IT}{n}" for n in (2, 3, 6, 7))
CA_CERTS, ROOT_UPDATE, TEMPLATE, ROOT_CERT = (f"{ID_IT}{n}" for n in (17, 18, 19, 20))
CRL_STATUS, CRLS = (f"{ID_IT}{n}" for n in (22, 23))
LANGUAGES = f"{ID_IT}16"


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(utc_now())


@pytest.fixture
def ca(tmp_path: Path, clock: Clock) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path, clock) as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


def infos(answer: PKIMessage) -> dict[str, bytes | None]:
    assert answer.body.type is BodyType.GENP
    content = answer.body.content
    assert isinstance(content, GeneralContent)
    return {info.oid: info.value for info in content.infos}


def asked(ca: SandboxCA, name: str, value: bytes | None = None) -> dict[str, bytes | None]:
    now = ca._clock()  # pyright: ignore[reportPrivateUsage]
    return infos(ask(ca, genm(InfoTypeAndValue(name, value)), header(message_time=now)))


def current_crl(ca: SandboxCA) -> x509.CertificateRevocationList:
    crl = x509.load_der_x509_crl(asked(ca, CURRENT_CRL)[CURRENT_CRL] or b"")
    assert crl.issuer == ca.chain[0].subject
    assert crl.is_signature_valid(ca.chain[0].public_key())  # pyright: ignore[reportArgumentType]
    return crl


def test_ca_certificates(ca: SandboxCA) -> None:
    answer = asked(ca, CA_CERTS)
    assert read_sequence(answer[CA_CERTS] or b"") == tuple(
        each.public_bytes(Encoding.DER) for each in (*ca.chain, ca.root)
    )


def test_there_is_no_newer_root(ca: SandboxCA) -> None:
    for value in (None, ca.root.public_bytes(Encoding.DER)):
        assert asked(ca, ROOT_CERT, value) == {ROOT_UPDATE: None}


def test_kinds_of_keys(ca: SandboxCA) -> None:
    algorithms = read_algorithms(asked(ca, SIGN_KEYS)[SIGN_KEYS] or b"")
    oids = [algorithm.oid for algorithm in algorithms]
    assert oids.count("1.2.840.10045.2.1") == 3  # one for each curve
    assert "1.2.840.113549.1.1.1" in oids
    assert "2.16.840.1.101.3.4.3.18" in oids
    encryption = read_algorithms(asked(ca, ENC_KEYS)[ENC_KEYS] or b"")
    kem = "2.16.840.1.101.3.4.4."
    curves = ["1.2.840.10045.2.1"] * 3
    assert [e.oid for e in encryption] == ["1.2.840.113549.1.1.1", *curves, f"{kem}2", f"{kem}3"]


def test_template(ca: SandboxCA) -> None:
    found = read_template(asked(ca, TEMPLATE)[TEMPLATE] or b"")
    assert found.subject is None
    assert found.extensions == ()
    assert found.rsa_lengths == tuple(range(2048, 8193, 1024))
    # rsaEncryption is said by rsaKeyLen only (RFC 9810 5.3.19.16).
    assert "1.2.840.113549.1.1.1" not in {algorithm.oid for algorithm in found.algorithms}
    assert len(found.algorithms) == 10


def test_template_of_a_profile(ca: SandboxCA) -> None:
    profile = InfoTypeAndValue(f"{ID_IT}21", encode_profile("tls-client"))
    answer = ask(ca, genm(InfoTypeAndValue(TEMPLATE)), header(general_info=(profile,)))
    value = infos(answer)[TEMPLATE] or b""
    fixed = (x509.KeyUsage, x509.ExtendedKeyUsage)
    assert read_template(value).extensions == tuple(e.oid.dotted_string for e in fixed)
    assert oid(ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string) in value


def test_what_is_not_known_is_listed(ca: SandboxCA) -> None:
    """RFC 9810 5.3.19.7; what is known is answered all the same."""
    questions = [InfoTypeAndValue(name) for name in (LANGUAGES, "1.2.3", CA_CERTS, "1.2.3")]
    answer = infos(ask(ca, genm(*questions)))
    assert set(answer) == {CA_CERTS, UNSUPPORTED}
    assert answer[UNSUPPORTED] == tlv(0x30, oid(LANGUAGES) + oid("1.2.3"))


def test_no_question_at_all(ca: SandboxCA) -> None:
    assert set(infos(ask(ca, genm()))) == {SIGN_KEYS, CURRENT_CRL}


def test_too_many_questions(ca: SandboxCA) -> None:
    questions = [InfoTypeAndValue(CA_CERTS)] * 33
    assert failures(ask(ca, genm(*questions))) == {PKIFailureInfo.BAD_REQUEST}


# -- revocation lists ------------------------------------------------------------------------------


def test_revoked_certificates_are_listed(ca: SandboxCA) -> None:
    assert len(current_crl(ca)) == 0
    held, revoked, plain = (enrolled(ca)[1].certificate for _ in range(3))
    for certificate, reason in ((held, 6), (revoked, 4), (plain, None)):
        ask(ca, rr(certificate, reason))
    crl = current_crl(ca)
    reasons = {
        entry.serial_number: [e.value.reason for e in entry.extensions]  # pyright: ignore
        for entry in crl
    }
    assert reasons == {
        held.serial_number: [x509.ReasonFlags.certificate_hold],
        revoked.serial_number: [x509.ReasonFlags.superseded],
        plain.serial_number: [],
    }
    ask(ca, rr(held, 8))
    newer = current_crl(ca)
    assert {entry.serial_number for entry in newer} == set(reasons) - {held.serial_number}
    assert newer.last_update_utc > crl.last_update_utc
    numbers = [c.extensions.get_extension_for_class(x509.CRLNumber).value for c in (crl, newer)]
    assert numbers[0].crl_number < numbers[1].crl_number


def test_crl_is_kept_for_a_day(ca: SandboxCA, clock: Clock) -> None:
    first = current_crl(ca)
    clock.now += timedelta(hours=23)
    assert current_crl(ca) == first
    clock.now += timedelta(hours=2)
    assert current_crl(ca) != first


def status(source: bytes, held: datetime | None = None) -> bytes:
    """A crlStatusList with one entry."""
    time = b"" if held is None else tlv(0x17, f"{held:%y%m%d%H%M%SZ}".encode())
    return tlv(0x30, tlv(0x30, source + time))


def issuer(name: x509.Name) -> bytes:
    """CRLSource: the issuer, GeneralNames under an explicit tag."""
    return tlv(0xA1, tlv(0x30, tlv(0xA4, name.public_bytes())))


def test_newer_crl(ca: SandboxCA) -> None:
    crl = current_crl(ca)
    der, time = crl.public_bytes(Encoding.DER), crl.last_update_utc
    for held in (None, time - timedelta(seconds=1)):
        answer = asked(ca, CRL_STATUS, status(issuer(crl.issuer), held))
        assert read_sequence(answer[CRLS] or b"") == (der,)
    assert asked(ca, CRL_STATUS, status(issuer(crl.issuer), time)) == {CRLS: None}


def test_crl_of_somebody_else(ca: SandboxCA) -> None:
    assert asked(ca, CRL_STATUS, status(issuer(SUBJECT))) == {CRLS: None}
    point = tlv(0xA0, tlv(0xA0, tlv(0x86, b"http://example.com/a.crl")))
    assert asked(ca, CRL_STATUS, status(point)) == {CRLS: None}


WRONG = {
    "CA certificates with a value": (CA_CERTS, b"\x05\x00"),
    "template with a value": (TEMPLATE, b"\x05\x00"),
    "keys with a value": (SIGN_KEYS, b"\x05\x00"),
    "CRL with a value": (CURRENT_CRL, b"\x05\x00"),
    "root that is none": (ROOT_CERT, b"\x30\x00"),
    "no source": (CRL_STATUS, None),
    "no sources": (CRL_STATUS, b"\x30\x00"),
    "empty status": (CRL_STATUS, tlv(0x30, tlv(0x30, b""))),
    "unknown source": (CRL_STATUS, status(tlv(0xA2, b"\x30\x00"))),
    "source of another kind": (CRL_STATUS, status(integer(1))),
    "implicit tag": (CRL_STATUS, status(tlv(0xA1, tlv(0xA4, ROOT_NAME.public_bytes())))),
    "no names": (CRL_STATUS, status(tlv(0xA1, b"\x30\x00"))),
    "name that is none": (CRL_STATUS, status(tlv(0xA1, tlv(0x30, tlv(0xA4, b"\x05\x00"))))),
    "time that is none": (CRL_STATUS, tlv(0x30, tlv(0x30, issuer(ROOT_NAME) + integer(1)))),
    "13th month": (
        CRL_STATUS,
        tlv(0x30, tlv(0x30, issuer(ROOT_NAME) + tlv(0x17, b"261301000000Z"))),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_value(ca: SandboxCA, name: str) -> None:
    question = InfoTypeAndValue(*WRONG[name])
    assert failures(ask(ca, genm(question))) == {PKIFailureInfo.BAD_DATA_FORMAT}

"""What no profile decides on: the template's own fields, the names of a key update; and what the CA tells."""

import os
from collections.abc import Generator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from csc.runtime.cmp.codec import decode, encode_cert_request, encode_profile
from csc.runtime.cmp.codec.general import read_algorithms, read_template
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    CertRepMessage,
    CertReqMessages,
    CertTemplate,
    Extension,
    GeneralContent,
    InfoTypeAndValue,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
)
from csc.runtime.cmp.protection import SignatureCredential, protect
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.profiles.load import load_profiles
from peers.asker import (
    KEY,
    SECRET,
    SUBJECT,
    ask,
    cert_req,
    confirm,
    failures,
    genm,
    header,
    ir,
    issued,
    template,
)
from peers.der import Node, nodes

PROFILES = """
[profiles.gateway]
keys = ["rsa:2560", "ec:p256", "mldsa44"]
key-usage = { fixed = ["digitalSignature"] }
extended-key-usage = { fixed = ["ipsecIKE"], allowed = ["serverAuth"] }
subject-alt-name = { policy = "required", kinds = ["ip", "dns"] }
subject = { required = ["C", "CN"], fixed = { C = "SE", O = "Example" } }

[profiles.kem]
keys = ["mlkem768"]

[profiles.curves]
keys = ["ec:p256"]
key-usage = { allowed = ["keyAgreement"] }
"""
NAMES = x509.SubjectAlternativeName([x509.DNSName("gw.example.com")])
NAMES_EXTENSION = Extension("2.5.29.17", False, NAMES.public_bytes())
ID_IT = "1.3.6.1.5.5.7.4."
SIGN_KEYS, ENC_KEYS, TEMPLATE, PROFILE = (f"{ID_IT}{n}" for n in (2, 3, 19, 21))


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILES)
    with SandboxCA.open(tmp_path, profiles=load_profiles(path)) as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


# -- fields (RFC 4211 5) ---------------------------------------------------------------------------

FIELDS: dict[str, object] = {
    "version": 1,
    "serial_number": 5,
    "signing_alg": AlgorithmIdentifier("1.2.840.10045.4.3.2"),
    "issuer_uid": b"\x01",
    "subject_uid": b"\x01",
    "issuer": SUBJECT,
    "subject": None,
}


@pytest.mark.parametrize("field", FIELDS)
def test_fields_that_have_to_be_otherwise(ca: SandboxCA, field: str) -> None:
    wanted = template(**{field: FIELDS[field]})
    assert failures(ask(ca, ir(cert_req(wanted)))) == {PKIFailureInfo.BAD_CERT_TEMPLATE}
    assert ca.ledger() == ()


def test_fields_that_may_be_there(ca: SandboxCA) -> None:
    assert status(ask(ca, ir(cert_req(template(version=2, issuer=ca.chain[0].subject))))) == 0


def test_fields_are_read_as_they_were_written() -> None:
    wanted = template(**{**FIELDS, "subject": SUBJECT}, extensions=(NAMES_EXTENSION,))
    sent = protect(header(), ir(cert_req(wanted)), SECRET, random=os.urandom)
    content = decode(sent).body.content
    assert isinstance(content, CertReqMessages)
    assert content.requests[0].template == wanted
    assert content.requests[0].cert_request == encode_cert_request(0, wanted)


def test_extension_that_is_there_twice(ca: SandboxCA) -> None:
    """RFC 5280 4.2."""
    wanted = template(extensions=(NAMES_EXTENSION, NAMES_EXTENSION))
    assert failures(ask(ca, ir(cert_req(wanted)))) == {PKIFailureInfo.BAD_CERT_TEMPLATE}


def test_names_stand_in_for_an_empty_subject(ca: SandboxCA) -> None:
    """RFC 9483 4.1.1: NULL-DN; RFC 5280 4.2.1.6: the extension is critical then."""
    wanted = template(subject=x509.Name([]), extensions=(NAMES_EXTENSION,))
    certificate = issued(ask(ca, ir(cert_req(wanted))))
    assert certificate.subject == x509.Name([])
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert (found.critical, found.value) == (True, NAMES)


# -- key update (RFC 9483 4.1.3) -------------------------------------------------------------------


def enrolled(ca: SandboxCA, wanted: CertTemplate) -> SignatureCredential:
    answer = ask(ca, ir(cert_req(wanted)))
    certificate = issued(answer)
    body, head = confirm(answer, certificate.fingerprint(hashes.SHA256()))
    assert ask(ca, body, head).body.type is BodyType.PKI_CONF
    return SignatureCredential(certificate, KEY)


def update(ca: SandboxCA, credential: SignatureCredential, **fields: object) -> PKIMessage:
    body = ir(cert_req(template(**fields)), body_type=BodyType.KUR)
    return ask(ca, body, header(sender=credential.certificate.subject), credential)


def names_in(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_update_keeps_the_names(ca: SandboxCA) -> None:
    credential = enrolled(ca, template(extensions=(NAMES_EXTENSION,)))
    answer = update(ca, credential)
    assert status(answer) == PKIStatus.ACCEPTED
    assert issued(answer).subject == SUBJECT
    assert names_in(issued(answer)) == NAMES


def test_update_can_name_more(ca: SandboxCA) -> None:
    credential = enrolled(ca, template(extensions=(NAMES_EXTENSION,)))
    more = x509.SubjectAlternativeName([*NAMES, x509.DNSName("vpn.example.com")])
    extension = Extension("2.5.29.17", False, more.public_bytes())
    assert names_in(issued(update(ca, credential, extensions=(extension,)))) == more


def test_update_cannot_change_names_that_stand_for_the_subject(ca: SandboxCA) -> None:
    nobody = x509.Name([])
    credential = enrolled(ca, template(subject=nobody, extensions=(NAMES_EXTENSION,)))
    other = x509.SubjectAlternativeName([x509.DNSName("other.example.com")])
    extension = Extension("2.5.29.17", False, other.public_bytes())
    answer = update(ca, credential, subject=nobody, extensions=(extension,))
    assert failures(answer) == {PKIFailureInfo.BAD_CERT_TEMPLATE}
    same = update(ca, credential, subject=nobody, extensions=(NAMES_EXTENSION,))
    assert names_in(issued(same)) == NAMES


# -- what the CA tells (RFC 9483 4.3.3, RFC 9810 5.3.19.2 and 3) -----------------------------------


def asked(ca: SandboxCA, oid: str, profile: str) -> bytes | None:
    info = InfoTypeAndValue(PROFILE, encode_profile(profile))
    answer = ask(ca, genm(InfoTypeAndValue(oid)), header(general_info=(info,)))
    content = answer.body.content
    assert isinstance(content, GeneralContent)
    assert [found.oid for found in content.infos] == [oid]
    return content.infos[0].value


def test_template_of_a_profile(ca: SandboxCA) -> None:
    found = read_template(asked(ca, TEMPLATE, "gateway") or b"")
    assert found.subject == (("2.5.4.6", "SE"), ("2.5.4.10", "Example"), ("2.5.4.3", ""))
    assert found.extensions == ("2.5.29.15", "2.5.29.37", "2.5.29.17")
    assert not found.has_issuer
    assert found.rsa_lengths == (2560, *range(3072, 8193, 1024))
    assert [a.oid for a in found.algorithms] == ["1.2.840.10045.2.1", "2.16.840.1.101.3.4.3.17"]


def test_request_that_fills_the_template(ca: SandboxCA) -> None:
    """What stands in a template is granted as it stands there, with what is empty filled."""
    content = nodes(asked(ca, TEMPLATE, "gateway") or b"")[0]
    subject, extensions = content[0][0], nodes(content[0][1].content)
    name = x509.Name.from_bytes(filled(subject[0], b"gw-1"))
    wanted = template(subject=name, extensions=tuple(map(extension_of, extensions)))
    info = InfoTypeAndValue(PROFILE, encode_profile("gateway"))
    answer = ask(ca, ir(cert_req(wanted)), header(general_info=(info,)))
    assert status(answer) == PKIStatus.ACCEPTED
    assert issued(answer).subject.rfc4514_string() == "CN=gw-1,O=Example,C=SE"
    found = issued(answer).extensions
    assert found.get_extension_for_class(x509.KeyUsage).value.digital_signature
    purposes = found.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [purpose.dotted_string for purpose in purposes] == ["1.3.6.1.5.5.7.3.17"]


def filled(subject: Node, value: bytes) -> bytes:
    """The one string without content gets one."""
    empty = b"\x0c\x00"
    assert subject.der.count(empty) == 1
    whole = subject.content.replace(b"\x31\x09\x30\x07\x06\x03\x55\x04\x03" + empty, b"")
    attribute = b"\x06\x03\x55\x04\x03\x0c" + bytes([len(value)]) + value
    inner = b"\x30" + bytes([len(attribute)]) + attribute
    whole += b"\x31" + bytes([len(inner)]) + inner
    return b"\x30" + bytes([len(whole)]) + whole


def extension_of(node: Node) -> Extension:
    parts = nodes(node.content)
    oid = {b"\x55\x1d\x0f": "2.5.29.15", b"\x55\x1d\x25": "2.5.29.37", b"\x55\x1d\x11": "2.5.29.17"}
    value = parts[-1].content
    if value == b"\x30\x02\x87\x00":  # an address to fill
        value = x509.SubjectAlternativeName(
            [x509.IPAddress(ip_address("192.0.2.1"))]
        ).public_bytes()
    return Extension(oid[parts[0].content], len(parts) == 3, value)


def test_kinds_of_keys_of_a_profile(ca: SandboxCA) -> None:
    signing = read_algorithms(asked(ca, SIGN_KEYS, "gateway") or b"")
    oids = ["1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "2.16.840.1.101.3.4.3.17"]
    assert [algorithm.oid for algorithm in signing] == oids
    assert asked(ca, ENC_KEYS, "gateway") is None
    assert asked(ca, SIGN_KEYS, "kem") is None
    kem = read_algorithms(asked(ca, ENC_KEYS, "kem") or b"")
    assert [algorithm.oid for algorithm in kem] == ["2.16.840.1.101.3.4.4.2"]
    curves = read_algorithms(asked(ca, ENC_KEYS, "curves") or b"")
    assert [algorithm.oid for algorithm in curves] == ["1.2.840.10045.2.1"]
    assert asked(ca, SIGN_KEYS, "curves") is None


def test_questions_have_profiles_of_their_own(ca: SandboxCA) -> None:
    """RFC 9810 5.1.1.4: a name for each InfoTypeAndValue, in order."""
    both = encode_profile("kem")[2:] + encode_profile("curves")[2:]
    info = InfoTypeAndValue(PROFILE, bytes([0x30, len(both)]) + both)
    questions = (InfoTypeAndValue(ENC_KEYS), InfoTypeAndValue(ENC_KEYS))
    answer = ask(ca, genm(*questions), header(general_info=(info,)))
    content = answer.body.content
    assert isinstance(content, GeneralContent)
    oids = [read_algorithms(found.value or b"")[0].oid for found in content.infos]
    assert oids == ["2.16.840.1.101.3.4.4.2", "1.2.840.10045.2.1"]


def status(answer: PKIMessage) -> int:
    content = answer.body.content
    assert isinstance(content, CertRepMessage), content
    return content.responses[0].status.status


def test_nothing_outlives_the_ca(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text('[profiles.long]\nvalidity = "100y"\nkeys = ["ec:p256"]\n')
    with SandboxCA.open(tmp_path / "ca", profiles=load_profiles(path)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        info = InfoTypeAndValue(PROFILE, encode_profile("long"))
        certificate = issued(ask(ca, ir(), header(general_info=(info,))))
        issuing = ca.chain[0]
        left = issuing.not_valid_after_utc - certificate.not_valid_after_utc
        assert left >= timedelta()
        certificate.verify_directly_issued_by(issuing)


def asks_for(ca: SandboxCA, profile: str) -> PKIMessage:
    info = InfoTypeAndValue(PROFILE, encode_profile(profile))
    return ask(ca, ir(), header(general_info=(info,)))


@pytest.mark.parametrize(("need", "by_ra"), [("required", False), ("forbidden", True)])
def test_some_profiles_are_for_ras_and_some_are_not(
    tmp_path: Path, need: str, *, by_ra: bool
) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(f'[profiles.one]\nvalidity = "1d"\nkeys = ["ec:p256"]\nra = "{need}"\n')
    with SandboxCA.open(tmp_path / "ca", profiles=load_profiles(path)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret, is_ra=by_ra)
        assert failures(asks_for(ca, "one")) == {PKIFailureInfo.NOT_AUTHORIZED}
        ca.add_secret(SECRET.reference, SECRET.secret, is_ra=not by_ra)
        assert status(asks_for(ca, "one")) == 0


def test_nobody_makes_an_ra_of_himself(ca: SandboxCA) -> None:
    assert failures(asks_for(ca, "ra")) == {PKIFailureInfo.NOT_AUTHORIZED}

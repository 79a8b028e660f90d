"""RFC 9483 4.3 and 5.1.4: genm and genp."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec.der import oid
from csc.runtime.cmp.codec.general import read_sequence
from csc.runtime.cmp.model import BodyType, GeneralContent, InfoTypeAndValue, PKIFailureInfo
from csc.runtime.cmp.protection import Credential
from csc.runtime.sandbox.ca import SandboxCA
from peers.asker import ask, failures, genm, header
from peers.der import nodes, wrap

ID_IT = "1.3.6.1.5.5.7.4."
CURRENT_CRL, CA_CERTS, ROOT_UPDATE, TEMPLATE, ROOT_CERT, STATUS_LIST, CRLS = (
    f"{ID_IT}{number}" for number in (6, 17, 18, 19, 20, 22, 23)
)


def asked(
    ca: SandboxCA, credential: Credential, kind: str, value: bytes | None = None
) -> InfoTypeAndValue:
    answer = ask(ca, genm(InfoTypeAndValue(kind, value)), header(), credential)
    assert answer.body.type is BodyType.GENP
    assert isinstance(answer.body.content, GeneralContent)
    (info,) = answer.body.content.infos
    return info


def test_ca_certificates(ca: SandboxCA, credential: Credential) -> None:
    """4.3.1: certificates of CAs, of which the root's is one."""
    info = asked(ca, credential, CA_CERTS)
    assert info.oid == CA_CERTS
    certificates = [x509.load_der_x509_certificate(der) for der in read_sequence(info.value or b"")]
    for certificate in certificates:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert basic.value.ca
    assert ca.root in certificates


def test_no_newer_root(ca: SandboxCA, credential: Credential) -> None:
    """4.3.2: an answer without a value says that there is none."""
    old = ca.root.public_bytes(Encoding.DER)
    assert asked(ca, credential, ROOT_CERT, old) == InfoTypeAndValue(ROOT_UPDATE)


def test_template(ca: SandboxCA, credential: Credential) -> None:
    """4.3.3: no publicKey, and nothing that only a CA decides; keySpec by single algorithms."""
    info = asked(ca, credential, TEMPLATE)
    assert info.oid == TEMPLATE
    (content,) = nodes(info.value or b"")
    template, controls = nodes(content.content)
    tags = {field.tag & 0x1F for field in nodes(template.content)}
    assert not tags & {0, 1, 2, 6, 7, 8}  # version, serialNumber, signingAlg, publicKey, UIDs
    kinds = {control[0].der for control in nodes(controls.content)}
    assert kinds
    assert kinds <= {oid("1.3.6.1.5.5.7.5.1.11"), oid("1.3.6.1.5.5.7.5.1.12")}  # algId, rsaKeyLen


def test_crl(ca: SandboxCA, credential: Credential) -> None:
    """4.3.4: the CRL in force, and only what is newer than what the client has."""
    current = asked(ca, credential, CURRENT_CRL).value or b""
    crl = x509.load_der_x509_crl(current)
    issuer = wrap(0xA1, wrap(0x30, wrap(0xA4, crl.issuer.public_bytes())))
    time = wrap(0x17, crl.last_update_utc.strftime("%y%m%d%H%M%SZ").encode())
    unseen = asked(ca, credential, STATUS_LIST, wrap(0x30, wrap(0x30, issuer)))
    assert unseen == InfoTypeAndValue(CRLS, wrap(0x30, current))
    seen = asked(ca, credential, STATUS_LIST, wrap(0x30, wrap(0x30, issuer, time)))
    assert seen == InfoTypeAndValue(CRLS)


@pytest.mark.parametrize("kind", [CA_CERTS, TEMPLATE, CURRENT_CRL])
def test_value_that_has_to_be_absent(ca: SandboxCA, credential: Credential, kind: str) -> None:
    for value in (b"\x05\x00", b"\x04\x01\x00", b"\x30\x00"):
        answer = ask(ca, genm(InfoTypeAndValue(kind, value)), header(), credential)
        assert answer.body.type is BodyType.ERROR
        assert failures(answer) == {PKIFailureInfo.BAD_DATA_FORMAT}


@pytest.mark.parametrize("value", [None, b"\x05\x00", b"\x30\x00"])
def test_source_of_crls_has_to_be_there(
    ca: SandboxCA, credential: Credential, value: bytes | None
) -> None:
    answer = ask(ca, genm(InfoTypeAndValue(STATUS_LIST, value)), header(), credential)
    assert answer.body.type is BodyType.ERROR
    assert failures(answer) == {PKIFailureInfo.BAD_DATA_FORMAT}

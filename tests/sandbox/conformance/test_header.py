"""RFC 9483 3.1: what the header of an answer holds."""

import os
from datetime import timedelta

import pytest
from cryptography import x509
from csc.runtime.cmp.mac import PASSWORD_BASED_MAC, PBMAC1
from csc.runtime.cmp.model import BodyType, InfoTypeAndValue, PKIBody, PKIFailureInfo
from csc.runtime.cmp.protection import (
    Credential,
    PasswordCredential,
    protect,
    subject_key_identifier,
)
from csc.runtime.sandbox.ca import SandboxCA
from peers.asker import (
    SUBJECT,
    ask,
    confirm,
    enrolled,
    failures,
    fingerprint,
    genm,
    header,
    ir,
    p10cr,
    send,
    utc_now,
)
from peers.der import nodes, wrap
from peers.header_surgery import GENERAL_INFO, RECIPIENT, altered, with_field, with_place

REQUESTS = {
    "granted": ir(),
    "refused": ir(body_type=BodyType.KUR),  # by a secret, without a certificate to renew
    "answered": genm(),
}


@pytest.fixture(params=REQUESTS)
def body(request: pytest.FixtureRequest) -> PKIBody:
    return REQUESTS[request.param]


def test_names(ca: SandboxCA, body: PKIBody, credential: Credential) -> None:
    """sender says who answers, and of a signed message who signed; recipient is who asked."""
    answer = ask(ca, body, header(), credential)
    assert answer.header.recipient == SUBJECT
    if isinstance(credential, PasswordCredential):
        assert answer.header.sender is not None
        assert answer.header.sender.rdns
    else:
        signer = x509.load_der_x509_certificate(answer.extra_certs[0])
        assert answer.header.sender == signer.subject


def test_recipient_of_an_unknown_sender(ca: SandboxCA) -> None:
    answer = ask(ca, ir(), header(sender=x509.Name([])))
    assert answer.header.recipient == x509.Name([])


def test_recipient_of_a_request(ca: SandboxCA, credential: Credential) -> None:
    """What a client can guess at best is taken as it comes: each name of the CA, none, and no name."""
    _, device = enrolled(ca)
    signer = ask(ca, genm(), header(), device).header.sender
    names = [ca.root.subject, device.certificate.issuer, signer, x509.Name([])]
    recipients = [wrap(0xA4, name.public_bytes()) for name in names if name is not None]
    for recipient in (*recipients, wrap(0x81, b"ca@example.com")):
        request = altered(header(), genm(), credential, with_place(RECIPIENT, recipient))
        assert send(ca, request).body.type is BodyType.GENP


def test_message_time(ca: SandboxCA, body: PKIBody, credential: Credential) -> None:
    """Is that of the answer, in GeneralizedTime without fractions of a second."""
    before = utc_now().replace(microsecond=0)
    request = protect(header(), body, credential, random=os.urandom)
    response = ca.respond(request)
    fields = {field.tag: field for field in nodes(nodes(response)[0][0].content)[3:]}
    (time,) = nodes(fields[0xA0].content)
    assert time.tag == 0x18
    assert len(time.content) == len("YYYYMMDDhhmmssZ")
    sent = send(ca, request).header.message_time
    assert sent is not None
    assert before <= sent <= utc_now() + timedelta(seconds=1)


def test_protection_algorithm(ca: SandboxCA, body: PKIBody, credential: Credential) -> None:
    """Is one of RFC 9481: for a MAC of 6.1, for a signature of 3 and of the signer's kind of key."""
    algorithm = ask(ca, body, header(), credential).header.protection_alg
    assert algorithm is not None
    if isinstance(credential, PasswordCredential):
        assert algorithm.oid in (PASSWORD_BASED_MAC, PBMAC1)
    else:
        assert algorithm.oid == "1.2.840.10045.4.3.2"  # ecdsa-with-SHA256, the signer's on P-256


def test_sender_kid(ca: SandboxCA, body: PKIBody, credential: Credential) -> None:
    answer = ask(ca, body, header(), credential)
    if isinstance(credential, PasswordCredential):
        assert answer.header.sender_kid == credential.reference
    else:
        signer = x509.load_der_x509_certificate(answer.extra_certs[0])
        assert answer.header.sender_kid == subject_key_identifier(signer) is not None


def test_transaction_and_nonces(ca: SandboxCA, body: PKIBody, credential: Credential) -> None:
    nonces = set()
    for _ in range(4):
        head = header()
        answer = ask(ca, body, head, credential).header
        assert answer.transaction_id == head.transaction_id
        assert answer.recip_nonce == head.sender_nonce
        assert answer.sender_nonce is not None
        assert len(answer.sender_nonce) == 16
        nonces.add(answer.sender_nonce)
    assert len(nonces) == 4


def test_every_answer_of_a_transaction_has_a_nonce_of_its_own(
    ca: SandboxCA, credential: Credential
) -> None:
    first = ask(ca, ir(), header(), credential)
    body, head = confirm(first, fingerprint(first))
    second = ask(ca, body, head, credential)
    assert second.body.type is BodyType.PKI_CONF
    assert second.header.sender_nonce != first.header.sender_nonce
    assert second.header.recip_nonce == head.sender_nonce


@pytest.mark.parametrize("value", [b"\x01\x01\xff", b"\x04\x00", b""])
def test_implicit_confirm_is_null(ca: SandboxCA, value: bytes) -> None:
    info = InfoTypeAndValue("1.3.6.1.5.5.7.4.13", value or None)
    for body in (ir(), p10cr(), genm()):
        answer = ask(ca, body, header(general_info=(info,)))
        assert answer.body.type is BodyType.ERROR
        assert failures(answer) == {PKIFailureInfo.BAD_DATA_FORMAT}
    assert ca.ledger() == ()


def test_unknown_general_info_is_left_alone(ca: SandboxCA, credential: Credential) -> None:
    unknown = wrap(0x30, wrap(0x30, wrap(0x06, b"\x2a\x03\x04"), b"\x05\x00"))
    request = altered(header(), ir(), credential, with_field(GENERAL_INFO, unknown))
    assert send(ca, request).body.type is BodyType.IP

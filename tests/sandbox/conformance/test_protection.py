"""RFC 9483 3.2 and 3.3: how messages are protected, and what stands in their extraCerts."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec import decode, encode_message, encode_protected_part
from csc.runtime.cmp.model import BodyType, PKIBody, PKIFailureInfo, PKIMessage
from csc.runtime.cmp.protection import (
    Credential,
    MacScheme,
    PasswordCredential,
    SignatureCredential,
    protect,
    verify_mac,
    verify_signature,
)
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    KEY,
    SECRET,
    ask,
    confirm,
    enrolled,
    failures,
    fingerprint,
    genm,
    header,
    ir,
    issued,
    poll,
    send,
)
from peers.certificates import make_root, name, new_key
from peers.der import nodes, wrap
from peers.header_surgery import PROTECTION_ALG, altered, without


def check_protected_as(answer: PKIMessage, credential: Credential) -> None:
    if isinstance(credential, PasswordCredential):
        verify_mac(answer, credential.secret)
    else:
        signer = x509.load_der_x509_certificate(answer.extra_certs[0])
        verify_signature(answer, signer.public_key())


def test_answers_are_protected_as_requests_are(ca: SandboxCA, credential: Credential) -> None:
    """Grants, refusals of either kind, confirmations: all of a transaction."""
    first = ask(ca, ir(), header(), credential)
    check_protected_as(first, credential)
    check_protected_as(ask(ca, *confirm(first, bytes(32)), credential), credential)
    last = ask(ca, *confirm(first, fingerprint(first)), credential)
    assert last.body.type is BodyType.PKI_CONF
    check_protected_as(last, credential)
    check_protected_as(ask(ca, genm(), header(), credential), credential)
    update_of_nothing = ask(ca, ir(body_type=BodyType.KUR))
    assert failures(update_of_nothing)
    check_protected_as(update_of_nothing, SECRET)


def test_protection_is_over_the_bytes_sent(ca: SandboxCA, credential: Credential) -> None:
    """Header and body, in a SEQUENCE, as they stand in the message."""
    response = ca.respond(protect(header(), ir(), credential, random=os.urandom))
    (message,) = nodes(response)
    answer = decode(response)
    assert answer.protected_part == wrap(0x30, message[0].der, message[1].der)
    check_protected_as(answer, credential)


# -- one kind of protection for an operation -------------------------------------------------------


def test_certificate_for_a_secret(ca: SandboxCA) -> None:
    """What a secret began, a certificate does not go on with: not even the one just issued."""
    _, other = enrolled(ca)
    answer = ask(ca, ir())
    body, head = confirm(answer, fingerprint(answer))
    for credential in (other, SignatureCredential(issued(answer), KEY)):
        assert failures(ask(ca, body, head, credential)) == {PKIFailureInfo.WRONG_INTEGRITY}
    assert ca.ledger()[-1].status is Status.ISSUED


def test_secret_for_a_certificate(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    answer = ask(ca, ir(), header(), credential)
    confirmation = confirm(answer, fingerprint(answer))
    assert failures(ask(ca, *confirmation)) == {PKIFailureInfo.WRONG_INTEGRITY}
    assert ca.ledger()[-1].status is Status.ISSUED


def test_poll_with_another_credential(tmp_path: Path) -> None:
    with SandboxCA.open(tmp_path) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        _, other = enrolled(ca)
    with SandboxCA.open(tmp_path, behaviour=Behaviour(polls=1)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        answer = ask(ca, ir())
        assert failures(ask(ca, *poll(answer, 0), other)) == {PKIFailureInfo.WRONG_INTEGRITY}


# -- requests that are not protected, or wrongly ---------------------------------------------------


def _unprotected(body: PKIBody, credential: Credential) -> bytes:
    return encode_message(encode_protected_part(header(), body), None, ())


def _without_algorithm(body: PKIBody, credential: Credential) -> bytes:
    return altered(header(), body, credential, without(PROTECTION_ALG))


def _without_value(body: PKIBody, credential: Credential) -> bytes:
    (message,) = nodes(protect(header(), body, credential, random=os.urandom))
    return wrap(0x30, message[0].der, message[1].der, *(n.der for n in nodes(message.content)[3:]))


def _with_another_value(body: PKIBody, credential: Credential) -> bytes:
    """That of another message with the same header and body kinds."""
    (one,), (other,) = (
        nodes(protect(header(), body, credential, random=os.urandom)) for _ in range(2)
    )
    return wrap(
        0x30, one[0].der, one[1].der, other[2].der, *(n.der for n in nodes(one.content)[3:])
    )


WRONG: dict[str, Callable[[PKIBody, Credential], bytes]] = {
    "not protected": _unprotected,
    "no protectionAlg": _without_algorithm,
    "no protection": _without_value,
    "wrong protection": _with_another_value,
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_protection(ca: SandboxCA, credential: Credential, name: str) -> None:
    before = ca.ledger()
    for body in (ir(), genm()):
        answer = send(ca, WRONG[name](body, credential))
        assert answer.body.type is BodyType.ERROR
        assert failures(answer) == {PKIFailureInfo.BAD_MESSAGE_CHECK}
    assert ca.ledger() == before


@pytest.mark.parametrize("mac", MacScheme)
def test_macs(ca: SandboxCA, mac: MacScheme) -> None:
    """RFC 9481 6.1: PBMAC1 and password-based MAC. Right ones and wrong ones."""
    right = replace(SECRET, mac=mac)
    answer = ask(ca, ir(), credential=right)
    verify_mac(answer, SECRET.secret, accepts_sha1=mac is MacScheme.PBM_SHA1)
    wrong = replace(right, secret=b"wrong")
    refused = ask(ca, ir(), credential=wrong)
    assert failures(refused) == {PKIFailureInfo.BAD_MESSAGE_CHECK}


# -- extraCerts (3.3) ------------------------------------------------------------------------------


def test_extra_certs_of_a_signed_answer(ca: SandboxCA) -> None:
    """First the certificate that signed, then what certifies it, each the one before; up to the root."""
    _, credential = enrolled(ca)
    for body in (ir(), genm(), ir(body_type=BodyType.KUR)):
        answer = ask(ca, body, header(), credential)
        chain = [x509.load_der_x509_certificate(der) for der in answer.extra_certs]
        verify_signature(answer, chain[0].public_key())
        certifying = {c.subject: c for c in [*chain, ca.root]}
        certificate = chain[0]
        while certificate != ca.root:
            issuer = certifying[certificate.issuer]
            certificate.verify_directly_issued_by(issuer)
            certificate = issuer


def test_signer_is_the_first_of_extra_certs(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    signer = credential.certificate.public_bytes(Encoding.DER)
    root = ca.root.public_bytes(Encoding.DER)
    untouched = lambda fields: fields  # noqa: E731
    request = altered(header(), genm(), credential, untouched, [root, signer])
    assert failures(send(ca, request)) <= {
        PKIFailureInfo.BAD_MESSAGE_CHECK,
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    }
    request = altered(header(), genm(), credential, untouched, [signer, root])
    assert send(ca, request).body.type is BodyType.GENP


def test_missing_extra_certs(ca: SandboxCA) -> None:
    _, credential = enrolled(ca)
    request = altered(header(), genm(), credential, lambda fields: fields, [])
    assert failures(send(ca, request)) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}


def test_self_signed_certificates_are_trusted_by_nothing(ca: SandboxCA) -> None:
    root = make_root()
    key = new_key()
    certificate = root.issue(name("device"), key.public_key())
    credential = SignatureCredential(certificate, key, (root.certificate,))
    answer = ask(ca, ir(), header(sender=certificate.subject), credential)
    assert failures(answer) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}
    assert ca.ledger() == ()

"""RFC 9483 4.1.1 and 5.1.2: certConf, and what it makes of a certificate."""

import hashlib

import pytest
from cryptography import x509
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    CertConfirmContent,
    CertRepMessage,
    CertStatus,
    GeneralContent,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.cmp.protection import Credential
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import ask, failures, fingerprint, following, genm, header, ir, issued, p10cr

CURRENT_CRL = "1.3.6.1.5.5.7.4.6"
NO_USE = PKIStatusInfo(
    PKIStatus.REJECTION, ("no use for it",), frozenset({PKIFailureInfo.BAD_CERT_TEMPLATE})
)


def _confirm(answer: PKIMessage, *statuses: CertStatus) -> PKIBody:
    return PKIBody(BodyType.CERT_CONF, CertConfirmContent(statuses))


@pytest.fixture
def answer(ca: SandboxCA, credential: Credential) -> PKIMessage:
    return ask(ca, ir(), header(), credential)


@pytest.mark.parametrize("info", [None, PKIStatusInfo(PKIStatus.ACCEPTED)])
def test_accepted(
    ca: SandboxCA, credential: Credential, answer: PKIMessage, info: PKIStatusInfo | None
) -> None:
    body = _confirm(answer, CertStatus(fingerprint(answer), 0, info))
    confirmation = ask(ca, body, following(answer), credential)
    assert confirmation.body.type is BodyType.PKI_CONF
    assert ca.ledger()[-1].status is Status.CONFIRMED


def test_rejected(ca: SandboxCA, credential: Credential, answer: PKIMessage) -> None:
    """Is taken note of with pkiconf, too; the certificate is good for nothing then."""
    body = _confirm(answer, CertStatus(fingerprint(answer), 0, NO_USE))
    assert ask(ca, body, following(answer), credential).body.type is BodyType.PKI_CONF
    entry = ca.ledger()[-1]
    assert (entry.status, entry.reason) == (Status.REJECTED, "no use for it")
    assert not entry.is_good


def test_rejected_certificate_is_on_the_crl(ca: SandboxCA) -> None:
    answer = ask(ca, ir())
    ask(ca, _confirm(answer, CertStatus(fingerprint(answer), 0, NO_USE)), following(answer))
    content = ask(ca, genm(InfoTypeAndValue(CURRENT_CRL))).body.content
    assert isinstance(content, GeneralContent)
    crl = x509.load_der_x509_crl(content.infos[0].value or b"")
    found = crl.get_revoked_certificate_by_serial_number(issued(answer).serial_number)
    assert found is not None


WRONG = {
    "hash of nothing": (lambda h: (CertStatus(bytes(32), 0),), PKIFailureInfo.BAD_CERT_ID),
    "empty hash": (lambda h: (CertStatus(b"", 0),), PKIFailureInfo.BAD_CERT_ID),
    "part of the hash": (lambda h: (CertStatus(h[:16], 0),), PKIFailureInfo.BAD_CERT_ID),
    "certReqId 1": (lambda h: (CertStatus(h, 1),), PKIFailureInfo.BAD_REQUEST),
    "certReqId -1": (lambda h: (CertStatus(h, -1),), PKIFailureInfo.BAD_REQUEST),
    "twice": (lambda h: (CertStatus(h, 0), CertStatus(h, 0)), PKIFailureInfo.BAD_REQUEST),
    "accepted with a failInfo": (
        lambda h: (
            CertStatus(
                h,
                0,
                PKIStatusInfo(PKIStatus.ACCEPTED, (), frozenset({PKIFailureInfo.BAD_REQUEST})),
            ),
        ),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "neither accepted nor rejected": (
        lambda h: (CertStatus(h, 0, PKIStatusInfo(PKIStatus.WAITING)),),
        PKIFailureInfo.BAD_REQUEST,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_confirmation(
    ca: SandboxCA, credential: Credential, answer: PKIMessage, name: str
) -> None:
    """Is refused by an error, and the right one still counts."""
    statuses, failure = WRONG[name]
    right = fingerprint(answer)
    refused = ask(ca, _confirm(answer, *statuses(right)), following(answer), credential)
    assert refused.body.type is BodyType.ERROR
    assert failures(refused) == {failure}
    assert ca.ledger()[-1].status is Status.ISSUED
    body = _confirm(answer, CertStatus(right, 0))
    assert ask(ca, body, following(answer), credential).body.type is BodyType.PKI_CONF


def test_number_for_pkcs10(ca: SandboxCA, credential: Credential) -> None:
    answer = ask(ca, p10cr(), header(), credential)
    wrong = _confirm(answer, CertStatus(fingerprint(answer), 0))
    assert failures(ask(ca, wrong, following(answer), credential)) == {PKIFailureInfo.BAD_REQUEST}
    right = _confirm(answer, CertStatus(fingerprint(answer), -1))
    assert ask(ca, right, following(answer), credential).body.type is BodyType.PKI_CONF


def test_second_confirmation(ca: SandboxCA, credential: Credential, answer: PKIMessage) -> None:
    """4.1.1: what was confirmed stays so, whatever comes then."""
    right = _confirm(answer, CertStatus(fingerprint(answer), 0))
    ask(ca, right, following(answer), credential)
    for again in (right, _confirm(answer, CertStatus(fingerprint(answer), 0, NO_USE))):
        refused = ask(ca, again, following(answer), credential)
        assert failures(refused) == {PKIFailureInfo.CERT_CONFIRMED}
    assert ca.ledger()[-1].status is Status.CONFIRMED


HASHES = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}


@pytest.mark.parametrize("oid", HASHES)
def test_hash_of_the_clients_choice(ca: SandboxCA, credential: Credential, oid: str) -> None:
    """By hashAlg, which is of CMP version 3 (RFC 9810 5.3.18); the confirmation is answered in it."""
    answer = ask(ca, ir(), header(), credential)
    content = answer.body.content
    assert isinstance(content, CertRepMessage)
    digest = HASHES[oid](content.responses[0].certificate or b"").digest()
    body = _confirm(answer, CertStatus(digest, 0, None, AlgorithmIdentifier(oid)))
    in_version_2 = ask(ca, body, following(answer), credential)
    assert in_version_2.body.type is BodyType.ERROR
    assert failures(in_version_2)
    confirmation = ask(ca, body, following(answer, pvno=3), credential)
    assert confirmation.body.type is BodyType.PKI_CONF
    assert confirmation.header.pvno == 3


def test_hash_that_is_not_known(ca: SandboxCA, credential: Credential) -> None:
    answer = ask(ca, ir(), header(), credential)
    md5 = AlgorithmIdentifier("1.2.840.113549.2.5")
    body = _confirm(answer, CertStatus(bytes(16), 0, None, md5))
    refused = ask(ca, body, following(answer, pvno=3), credential)
    assert failures(refused) == {PKIFailureInfo.BAD_ALG}

"""Each numbered check of `checks` is violated by a test that carries its number: `test_check_<number>…`."""

import re
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp import checks
from csc.runtime.cmp.codec import (
    MAX_MESSAGE_SIZE,
    decode,
    encode_message,
    encode_protected_part,
)
from csc.runtime.cmp.errors import (
    CMPError,
    MalformedMessage,
    NotProtected,
    ProtectionError,
    Rejected,
    UnexpectedAnswer,
    UntrustedCertificate,
    WrongCertificate,
    WrongMac,
    failure_name,
)
from csc.runtime.cmp.events import (
    CertificateReceived,
    CertificateRefused,
    Confirmed,
    Revoked,
)
from csc.runtime.cmp.model import (
    BodyType,
    CertConfirmContent,
    CertResponse,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PKIStatusInfo,
    PollEntry,
)
from csc.runtime.cmp.names import alternative_names
from csc.runtime.cmp.policy import Policy
from csc.runtime.cmp.protection import (
    PasswordCredential,
    SignatureCredential,
    sign,
    signature_algorithm,
)
from csc.runtime.cmp.requests import initialize, revoke, update
from csc.runtime.cmp.transaction import Transaction
from peers.certificates import (
    NOW,
    make_intermediate,
    make_root,
    name,
    new_key,
)
from peers.fake_ca import ACCEPTED, SECRET, SUBJECT, FakeCA, cert_rep

REJECTION = PKIStatusInfo(
    PKIStatus.REJECTION, ("no such device",), frozenset({PKIFailureInfo.BAD_REQUEST})
)


@pytest.fixture
def ir(ca: FakeCA, key) -> Transaction:
    return initialize(
        subject=SUBJECT,
        key=key,
        credential=SECRET,
        anchors=ca.anchors,
        recipient=ca.root.certificate.subject,
        now=NOW,
        random=secrets.token_bytes,
    )


@pytest.fixture
def kur(ca: FakeCA, key) -> Transaction:
    return update(
        certificate=ca.certificate,
        certificate_key=ca.certificate_key,
        key=key,
        anchors=ca.anchors,
        now=NOW,
        random=secrets.token_bytes,
    )


@pytest.fixture
def rr(ca: FakeCA) -> Transaction:
    return revoke(
        certificate=ca.certificate,
        certificate_key=ca.certificate_key,
        anchors=ca.anchors,
        now=NOW,
        random=secrets.token_bytes,
    )


def asked(transaction: Transaction) -> bytes:
    assert transaction.outgoing is not None
    return transaction.outgoing


def refused(transaction: Transaction, answer: bytes, error: type[CMPError], words: str) -> CMPError:
    """`answer` is refused with `error`, which names the transaction, and the transaction is over."""
    with pytest.raises(error, match=words) as caught:
        transaction.receive(answer, NOW)
    assert caught.type is error
    assert caught.value.transaction_id == transaction.transaction_id
    assert transaction.transaction_id.hex() in str(caught.value)
    assert transaction.outgoing is None
    return caught.value


def rejected(transaction: Transaction, answer: bytes, error: type[CMPError], words: str) -> None:
    """The certificate in `answer` is refused with `error`, and the CA is told so in certConf."""
    event = transaction.receive(answer, NOW)
    assert isinstance(event, CertificateRefused)
    assert type(event.error) is error
    assert re.search(words, str(event.error))
    assert event.error.transaction_id == transaction.transaction_id
    confirmation = decode(asked(transaction)).body.content
    assert isinstance(confirmation, CertConfirmContent)
    (status,) = confirmation.statuses
    assert status.status is not None
    assert status.status.status == PKIStatus.REJECTION
    assert status.status.status_string == (event.error.message,)


def test_every_check_has_a_test_that_violates_it() -> None:
    assert checks.__doc__ is not None
    numbers = re.findall(r"^ *(\d+[a-e]?)[.\s]", checks.__doc__, flags=re.MULTILINE)
    assert [str(n) for n in range(1, 17)] == [n for n in numbers if n.isdigit()]
    tested = {n for test in globals() for n in re.findall(r"^test_check_(\d+[a-e]?)_", test)}
    assert set(numbers) - {"8"} <= tested


def test_an_honest_answer_passes_all_checks(ca: FakeCA, ir, kur, rr) -> None:
    for transaction in (ir, kur):
        request = asked(transaction)
        event = transaction.receive(ca.enrol(request, ca.issue_for(request)), NOW)
        assert isinstance(event, CertificateReceived)
        assert event.status == ACCEPTED
    assert rr.receive(ca.revoke(asked(rr)), NOW) == Revoked(ACCEPTED)


# 1. One DER PKIMessage and nothing else.


def test_check_1_garbage(ir) -> None:
    refused(ir, b"<html>404</html>", MalformedMessage, "no PKIMessage")


def test_check_1_nothing(ir) -> None:
    refused(ir, b"", MalformedMessage, "no PKIMessage")


def test_check_1_trailing_bytes(ca: FakeCA, ir) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)))
    refused(ir, answer + b"\x00", MalformedMessage, "1 bytes follow")


def test_check_1_too_large(ir) -> None:
    refused(ir, bytes(MAX_MESSAGE_SIZE + 1), MalformedMessage, "more than 1048576")


# 2 to 7: the header.


@pytest.mark.parametrize("pvno", [0, 1, 4])
def test_check_2_pvno(ca: FakeCA, ir, pvno: int) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), pvno=pvno)
    refused(ir, answer, UnexpectedAnswer, f"pvno of the answer: expected 2 or 3, got {pvno}")


def test_pvno_3_is_accepted(ca: FakeCA, ir) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), pvno=3)
    assert isinstance(ir.receive(answer, NOW), CertificateReceived)


@pytest.mark.parametrize("transaction_id", [None, b"", bytes(16)])
def test_check_3_transaction_id(ca: FakeCA, ir, transaction_id: bytes | None) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), transaction_id=transaction_id)
    refused(ir, answer, UnexpectedAnswer, "transactionID of the answer")


@pytest.mark.parametrize("nonce", [None, b"", bytes(16)])
def test_check_4_recip_nonce(ca: FakeCA, ir, nonce: bytes | None) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), recip_nonce=nonce)
    refused(ir, answer, UnexpectedAnswer, "recipNonce of the answer")


@pytest.mark.parametrize("nonce", [None, b"", bytes(15)])
def test_check_5_sender_nonce(ca: FakeCA, ir, nonce: bytes | None) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), sender_nonce=nonce)
    refused(ir, answer, UnexpectedAnswer, "senderNonce of the answer: expected at least 16 bytes")


def test_check_6_recipient(ca: FakeCA, ir) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), recipient=name("somebody else"))
    refused(ir, answer, UnexpectedAnswer, "recipient of the answer.*got CN=somebody else")


def test_an_answer_to_nobody_in_particular_is_accepted(ca: FakeCA, ir) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), recipient=x509.Name([]))
    assert isinstance(ir.receive(answer, NOW), CertificateReceived)


@pytest.mark.parametrize("hours", [-2, 2])
def test_check_7_message_time(ca: FakeCA, ir, hours: int) -> None:
    time = NOW + timedelta(hours=hours)
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), message_time=time)
    refused(ir, answer, UnexpectedAnswer, f"messageTime of the answer.*got {time:%Y-%m-%d %H}")


@pytest.mark.parametrize("hours", [0, 2])
def test_a_request_of_tomorrow_may_be_answered_today(ca: FakeCA, ir, hours: int) -> None:
    """The clock was ahead when the request was made, and is right by now: the answer is as new as ever."""
    yesterday = NOW - timedelta(days=1)
    time = yesterday - timedelta(hours=hours)
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), message_time=time)
    if hours:
        with pytest.raises(UnexpectedAnswer, match="messageTime of the answer"):
            ir.receive(answer, yesterday)
    else:
        assert isinstance(ir.receive(answer, yesterday), CertificateReceived)


def test_message_time_may_be_left_out(ca: FakeCA, ir) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), message_time=None)
    assert isinstance(ir.receive(answer, NOW), CertificateReceived)


# 8. Protection.


def unprotected(answer: bytes) -> bytes:
    message = decode(answer)
    part = encode_protected_part(replace(message.header, protection_alg=None), message.body)
    return encode_message(part, None, ())


def test_check_8_no_protection(ca: FakeCA, ir) -> None:
    answer = unprotected(ca.enrol(asked(ir), ca.issue_for(asked(ir))))
    refused(ir, answer, NotProtected, "not protected")


def test_check_8_algorithm_without_protection(ca: FakeCA, ir) -> None:
    message = decode(ca.enrol(asked(ir), ca.issue_for(asked(ir))))
    answer = encode_message(message.protected_part, None, ())
    refused(ir, answer, NotProtected, "not protected")


def test_check_8_an_unprotected_refusal_is_no_refusal_but_is_told(ca: FakeCA, ir) -> None:
    answer = unprotected(ca.answer(asked(ir), PKIBody(BodyType.ERROR, ErrorMsgContent(REJECTION))))
    refused(ir, answer, NotProtected, "claims to be a refusal.*no such device")


def test_check_8a_a_mac_does_not_answer_a_signed_request(ca: FakeCA, kur) -> None:
    answer = ca.enrol(asked(kur), ca.issue_for(asked(kur)), credential=SECRET)
    error = refused(kur, answer, ProtectionError, "has to be signed")
    assert "sign its answers" in error.way_out


def test_a_signature_answers_a_mac(ca: FakeCA, ir) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), credential=ca.signer)
    assert isinstance(ir.receive(answer, NOW), CertificateReceived)


def test_check_8b_sender_is_not_the_signer(ca: FakeCA, kur) -> None:
    answer = ca.enrol(asked(kur), ca.issue_for(asked(kur)), sender=name("the real CA"))
    refused(kur, answer, UntrustedCertificate, "in the name of CN=the real CA")


def test_check_8b_sender_kid_is_not_the_signers(ca: FakeCA, kur) -> None:
    message = decode(ca.enrol(asked(kur), ca.issue_for(asked(kur))))
    header = replace(message.header, sender_kid=bytes(20))
    part = encode_protected_part(header, message.body)
    answer = encode_message(part, sign(ca.signer.private_key, part), message.extra_certs)
    refused(kur, answer, UntrustedCertificate, "no certificate of that name")


def test_check_8b_no_certificate_came(ca: FakeCA, kur) -> None:
    message = decode(ca.enrol(asked(kur), ca.issue_for(asked(kur))))
    answer = encode_message(message.protected_part, message.protection, ())
    refused(kur, answer, UntrustedCertificate, "no certificate of that name")


def test_check_8c_the_signer_may_not_sign(ca: FakeCA, kur) -> None:
    signer_key = new_key()
    signer = ca.root.issue(name("encipherer"), signer_key.public_key(), usages=["key_encipherment"])
    answer = ca.enrol(
        asked(kur),
        ca.issue_for(asked(kur)),
        credential=SignatureCredential(signer, signer_key),
    )
    error = refused(kur, answer, UntrustedCertificate, "^the certificate CN=encipherer.*keyUsage")
    assert "digitalSignature" in error.way_out


@pytest.mark.parametrize("request_kind", ["ir", "kur", "rr"])
def test_check_8c_the_signer_is_of_another_ca(ca: FakeCA, request, request_kind: str) -> None:
    transaction = request.getfixturevalue(request_kind)
    signer_key = new_key()
    # The same names as the real one: only the signatures differ.
    signer = make_root().issue(name("Test CMP signer"), signer_key.public_key())
    answer = ca.answer(
        asked(transaction),
        PKIBody(BodyType.ERROR, ErrorMsgContent(REJECTION)),
        credential=SignatureCredential(signer, signer_key),
    )
    refused(transaction, answer, UntrustedCertificate, "somebody else than the CA")


def test_check_8c_the_signer_is_its_own_root(ca: FakeCA, kur) -> None:
    stranger = make_root("stranger")
    signer = stranger.issue(name("Test CMP signer"), new_key().public_key())
    answer = ca.enrol(
        asked(kur),
        ca.issue_for(asked(kur)),
        credential=SignatureCredential(signer, stranger.key, (stranger.certificate,)),
    )
    refused(kur, answer, UntrustedCertificate, "does not lead to CN=Test Root")


def test_check_8c_the_signer_has_expired(ca: FakeCA, kur) -> None:
    signer_key = new_key()
    signer = ca.root.issue(
        name("old signer"), signer_key.public_key(), ends=NOW - timedelta(seconds=1)
    )
    answer = ca.enrol(
        asked(kur),
        ca.issue_for(asked(kur)),
        credential=SignatureCredential(signer, signer_key),
    )
    refused(kur, answer, UntrustedCertificate, "expired at 2026-11-23 11:59:59")


def test_check_8d_another_secret(ca: FakeCA, ir) -> None:
    other = PasswordCredential(SECRET.reference, b"open barley")
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), credential=other)
    error = refused(ir, answer, WrongMac, "not made with the shared secret")
    assert "sesame" not in str(error)


def test_check_8d_a_changed_body(ca: FakeCA, ir, kur) -> None:
    for transaction, error, words in (
        (ir, WrongMac, "shared secret"),
        (kur, ProtectionError, "signature is wrong"),
    ):
        honest = decode(ca.enrol(asked(transaction), ca.issue_for(asked(transaction))))
        forged = cert_rep(asked(transaction), CertResponse(0, REJECTION))
        part = encode_protected_part(honest.header, forged)
        answer = encode_message(part, honest.protection, honest.extra_certs)
        refused(transaction, answer, error, words)


def test_check_8d_a_signature_by_another_key(ca: FakeCA, kur) -> None:
    other = SignatureCredential(ca.signer.certificate, new_key())
    answer = ca.enrol(asked(kur), ca.issue_for(asked(kur)), credential=other)
    refused(kur, answer, ProtectionError, "signature is wrong")


def test_check_8d_an_algorithm_that_does_not_fit_the_key(ca: FakeCA, kur, rsa_key) -> None:
    honest = decode(ca.enrol(asked(kur), ca.issue_for(asked(kur))))
    header = replace(honest.header, protection_alg=signature_algorithm(rsa_key))
    part = encode_protected_part(header, honest.body)
    answer = encode_message(part, sign(rsa_key, part), honest.extra_certs)
    refused(kur, answer, ProtectionError, "does not fit the key")


def ordinary_signer(ca: FakeCA) -> SignatureCredential:
    key = new_key()
    return SignatureCredential(ca.root.issue(name("another device"), key.public_key()), key)


def test_check_8e_another_device_of_the_ca(ca: FakeCA, kur) -> None:
    """Its certificate leads to the CA and may sign, but not speak for the CA."""
    answer = ca.enrol(asked(kur), ca.issue_for(asked(kur)), credential=ordinary_signer(ca))
    error = refused(kur, answer, UntrustedCertificate, "CN=another device")
    assert "Tolerate=any-signer" in error.way_out


def test_any_signer_is_taken_where_the_policy_says_so(ca: FakeCA, key) -> None:
    transaction = update(
        certificate=ca.certificate,
        certificate_key=ca.certificate_key,
        key=key,
        anchors=ca.anchors,
        now=NOW,
        random=secrets.token_bytes,
        policy=Policy(any_signer=True),
    )
    request = asked(transaction)
    answer = ca.enrol(request, ca.issue_for(request), credential=ordinary_signer(ca))
    assert isinstance(transaction.receive(answer, NOW), CertificateReceived)


def test_the_ca_itself_may_sign(ca: FakeCA, kur) -> None:
    """An issuing CA below the root whose keyUsage has digitalSignature."""
    key = new_key()
    usages = ("key_cert_sign", "digital_signature")
    issuing = ca.root.issue(name("Issuing CA"), key.public_key(), is_ca=True, usages=usages)
    credential = SignatureCredential(issuing, key)
    answer = ca.enrol(asked(kur), ca.issue_for(asked(kur)), credential=credential)
    assert isinstance(kur.receive(answer, NOW), CertificateReceived)


BARE = Policy(unprotected_error=True, unprotected_pkiconf=True, unprotected_rp=True)


def tolerant(ca: FakeCA, key, policy: Policy) -> Transaction:
    return initialize(
        subject=SUBJECT,
        key=key,
        credential=SECRET,
        anchors=ca.anchors,
        recipient=ca.root.certificate.subject,
        now=NOW,
        random=secrets.token_bytes,
        policy=policy,
    )


@pytest.mark.parametrize("policy", [Policy(), replace(BARE, unprotected_error=False)])
def test_check_8_an_unprotected_error_is_taken_by_its_own_option_only(ca, key, policy) -> None:
    body = PKIBody(BodyType.ERROR, ErrorMsgContent(REJECTION))
    transaction = tolerant(ca, key, policy)
    error = refused(
        transaction,
        unprotected(ca.answer(asked(transaction), body)),
        NotProtected,
        "not protected",
    )
    assert "Tolerate=unprotected-error" in error.way_out
    transaction = tolerant(ca, key, Policy(unprotected_error=True))
    refused(
        transaction, unprotected(ca.answer(asked(transaction), body)), Rejected, "no such device"
    )


@pytest.mark.parametrize("policy", [Policy(), replace(BARE, unprotected_pkiconf=False)])
def test_check_8_an_unprotected_pkiconf_is_taken_by_its_own_option_only(ca, key, policy) -> None:
    for accepts in (policy, Policy(unprotected_pkiconf=True)):
        transaction = tolerant(ca, key, accepts)
        request = asked(transaction)
        transaction.receive(ca.enrol(request, ca.issue_for(request)), NOW)
        answer = unprotected(ca.confirm(asked(transaction)))
        if accepts is policy:
            refused(transaction, answer, NotProtected, "not protected")
        else:
            assert transaction.receive(answer, NOW) == Confirmed()


@pytest.mark.parametrize("policy", [Policy(), replace(BARE, unprotected_rp=False)])
def test_check_8_an_unprotected_rp_is_taken_by_its_own_option_only(ca: FakeCA, policy) -> None:
    for accepts in (policy, Policy(unprotected_rp=True)):
        transaction = revoke(
            certificate=ca.certificate,
            certificate_key=ca.certificate_key,
            anchors=ca.anchors,
            now=NOW,
            random=secrets.token_bytes,
            policy=accepts,
        )
        answer = unprotected(ca.revoke(asked(transaction)))
        if accepts is policy:
            refused(transaction, answer, NotProtected, "not protected")
        else:
            assert transaction.receive(answer, NOW) == Revoked(ACCEPTED)


@pytest.mark.parametrize(
    ("kind", "bit", "policy", "good"),
    [
        ("ir", PKIFailureInfo.CERT_CONFIRMED, "unprotected_pkiconf", Confirmed),
        ("rr", PKIFailureInfo.CERT_REVOKED, "unprotected_rp", Revoked),
    ],
)
def test_check_8_an_unprotected_error_is_no_good_news(
    ca: FakeCA, key, kind: str, bit: PKIFailureInfo, policy: str, good: type
) -> None:
    """That a message was taken before is believed if the good answer itself would be."""
    status = PKIStatusInfo(PKIStatus.REJECTION, fail_info=frozenset({bit}))
    body = PKIBody(BodyType.ERROR, ErrorMsgContent(status))

    def begun(policy: Policy) -> Transaction:
        if kind == "ir":
            transaction = tolerant(ca, key, policy)
            request = asked(transaction)
            transaction.receive(ca.enrol(request, ca.issue_for(request)), NOW)
            return transaction
        return revoke(
            certificate=ca.certificate,
            certificate_key=ca.certificate_key,
            anchors=ca.anchors,
            now=NOW,
            random=secrets.token_bytes,
            policy=policy,
        )

    transaction = begun(Policy())
    assert isinstance(transaction.receive(ca.answer(asked(transaction), body), NOW), good)
    transaction = begun(Policy(unprotected_error=True))
    answer = unprotected(ca.answer(asked(transaction), body))
    refused(transaction, answer, Rejected, "the CA refuses")
    transaction = begun(Policy(unprotected_error=True, **{policy: True}))
    answer = unprotected(ca.answer(asked(transaction), body))
    assert isinstance(transaction.receive(answer, NOW), good)


def test_check_8_a_certificate_never_comes_unprotected(ca: FakeCA, key) -> None:
    transaction = tolerant(ca, key, BARE)
    answer = unprotected(ca.enrol(asked(transaction), ca.issue_for(asked(transaction))))
    refused(transaction, answer, NotProtected, "not protected")


# 9. The body.


@pytest.mark.parametrize("request_kind", ["ir", "kur", "rr"])
def test_check_9_an_error_body_is_a_refusal(ca: FakeCA, request, request_kind: str) -> None:
    transaction = request.getfixturevalue(request_kind)
    answer = ca.answer(asked(transaction), PKIBody(BodyType.ERROR, ErrorMsgContent(REJECTION)))
    error = refused(transaction, answer, Rejected, r"rejection \(badRequest\): no such device")
    assert isinstance(error, Rejected)
    assert error.status == REJECTION


def test_check_9_a_body_that_answers_something_else(ca: FakeCA, ir, kur, rr) -> None:
    refused(ir, ca.revoke(asked(ir)), UnexpectedAnswer, "expected ip, got rp")
    refused(kur, ca.confirm(asked(kur)), UnexpectedAnswer, "expected kup, got pkiconf")
    refused(rr, ca.confirm(asked(rr)), UnexpectedAnswer, "expected rp, got pkiconf")


def test_check_9_a_request_sent_back(ca: FakeCA, ir) -> None:
    answer = ca.answer(asked(ir), decode(asked(ir)).body)
    refused(ir, answer, UnexpectedAnswer, "expected ip, got ir")


def test_check_9_something_else_than_pki_conf(ca: FakeCA, ir) -> None:
    request = asked(ir)
    certificate = ca.issue_for(request)
    ir.receive(ca.enrol(request, certificate), NOW)
    answer = ca.answer(asked(ir), decode(ca.enrol(request, certificate)).body)
    refused(ir, answer, UnexpectedAnswer, "expected pkiconf, got ip")


# 10 to 12: the response.


def test_check_10_another_request_id(ca: FakeCA, ir) -> None:
    der = ca.issue_for(asked(ir)).public_bytes(Encoding.DER)
    answer = ca.answer(asked(ir), cert_rep(asked(ir), CertResponse(1, ACCEPTED, der)))
    refused(ir, answer, UnexpectedAnswer, "expected one, to certReqId 0, got certReqId 1")


def test_check_10_two_responses_or_none(ca: FakeCA, ir, kur) -> None:
    der = ca.issue_for(asked(ir)).public_bytes(Encoding.DER)
    response = CertResponse(0, ACCEPTED, der)
    answer = ca.answer(asked(ir), cert_rep(asked(ir), response, response))
    refused(ir, answer, UnexpectedAnswer, "got certReqId 0, certReqId 0")
    answer = ca.answer(asked(kur), cert_rep(asked(kur)))
    refused(kur, answer, UnexpectedAnswer, "got none")


def test_check_10_two_statuses_of_a_revocation(ca: FakeCA, rr) -> None:
    answer = ca.revoke(asked(rr), ACCEPTED, ACCEPTED)
    refused(rr, answer, UnexpectedAnswer, "statuses: expected one, got 2")


@pytest.mark.parametrize(
    "entries", [(PollEntry(1, 5),), (PollEntry(0, 5), PollEntry(0, 5)), (PollEntry(-1, 5),)]
)
def test_check_10_a_poll_rep_about_something_else(ca: FakeCA, ir, entries) -> None:
    ir.receive(ca.wait(asked(ir)), NOW)
    refused(ir, ca.poll_rep(asked(ir), *entries), UnexpectedAnswer, "expected one, for certReqId 0")


@pytest.mark.parametrize("bit", PKIFailureInfo)
def test_check_11_every_failure_has_its_name(ca: FakeCA, ir, bit: PKIFailureInfo) -> None:
    status = PKIStatusInfo(PKIStatus.REJECTION, fail_info=frozenset({bit}))
    answer = ca.answer(asked(ir), PKIBody(BodyType.ERROR, ErrorMsgContent(status)))
    error = refused(ir, answer, Rejected, "refuses")
    assert f"({failure_name(bit)})" in error.message
    assert failure_name(bit).replace("_", "").lower() == bit.name.replace("_", "").lower()


def test_check_11_rejection(ca: FakeCA, ir, kur, rr) -> None:
    for transaction in (ir, kur):
        answer = ca.answer(
            asked(transaction), cert_rep(asked(transaction), CertResponse(0, REJECTION))
        )
        refused(transaction, answer, Rejected, "badRequest.*no such device")
    refused(rr, ca.revoke(asked(rr), REJECTION), Rejected, "revocation request|revocation")


def test_check_11_rejection_with_a_certificate_is_a_rejection(ca: FakeCA, ir) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), status=REJECTION)
    refused(ir, answer, Rejected, "no such device")


@pytest.mark.parametrize("status", [4, 5, 6, 7, 99])
def test_check_11_other_statuses(ca: FakeCA, ir, status: int) -> None:
    answer = ca.enrol(asked(ir), ca.issue_for(asked(ir)), status=PKIStatusInfo(status))
    refused(ir, answer, Rejected, "refuses")


def test_check_12_no_certificate(ca: FakeCA, ir) -> None:
    answer = ca.answer(asked(ir), cert_rep(asked(ir), CertResponse(0, ACCEPTED)))
    refused(ir, answer, UnexpectedAnswer, "certificate: expected one in the clear, got none")


def test_check_12_an_encrypted_certificate(ca: FakeCA, kur) -> None:
    der = ca.issue_for(asked(kur)).public_bytes(Encoding.DER)
    message = decode(ca.enrol(asked(kur), der))
    part = bytearray(message.protected_part)
    tag = part.index(der) - 4  # CertOrEncCert: [0] certificate, [1] encryptedCert
    assert part[tag : tag + 2] == b"\xa0\x82"
    part[tag] = 0xA1
    answer = encode_message(
        bytes(part), sign(ca.signer.private_key, bytes(part)), message.extra_certs
    )
    refused(kur, answer, UnexpectedAnswer, "expected one in the clear, got an encrypted one")


# 13 to 16: the certificate. The CA holds one that nobody wants, so it is told.


def test_check_13_another_key(ca: FakeCA, ir) -> None:
    certificate = ca.root.issue(SUBJECT, new_key().public_key())
    rejected(ir, ca.enrol(asked(ir), certificate), WrongCertificate, "another key")


def test_check_13_the_old_certificate_is_no_update(ca: FakeCA, kur) -> None:
    rejected(kur, ca.enrol(asked(kur), ca.certificate), WrongCertificate, "another key")


def test_check_14_another_subject(ca: FakeCA, ir, key) -> None:
    certificate = ca.root.issue(name("fw2"), key.public_key())
    rejected(ir, ca.enrol(asked(ir), certificate), WrongCertificate, "for CN=fw2, and CN=fw1 was")


def test_another_subject_is_accepted_if_the_ca_says_so(ca: FakeCA, ir, key) -> None:
    certificate = ca.root.issue(name("fw2"), key.public_key())
    modified = PKIStatusInfo(PKIStatus.GRANTED_WITH_MODS, ("named by serial",))
    event = ir.receive(ca.enrol(asked(ir), certificate, status=modified), NOW)
    assert isinstance(event, CertificateReceived)
    assert event.status == modified
    assert event.certificate == certificate


def names(*entries: str) -> x509.Extension[x509.ExtensionType]:
    wanted = alternative_names(entries)
    assert wanted is not None
    return x509.Extension(wanted.oid, False, wanted)


@pytest.fixture
def ir_with_names(ca: FakeCA, key) -> Transaction:
    return initialize(
        subject=SUBJECT,
        key=key,
        credential=SECRET,
        anchors=ca.anchors,
        recipient=ca.root.certificate.subject,
        now=NOW,
        random=secrets.token_bytes,
        names=alternative_names(("DNS:fw1.example.com", "IP:192.0.2.1")),
    )


def test_check_15_a_name_is_missing(ca: FakeCA, ir_with_names, key) -> None:
    certificate = ca.root.issue(
        SUBJECT, key.public_key(), extensions=(names("DNS:fw1.example.com"),)
    )
    answer = ca.enrol(asked(ir_with_names), certificate)
    rejected(ir_with_names, answer, WrongCertificate, "without the name IP:192.0.2.1")


def test_more_names_than_asked_for_are_accepted(ca: FakeCA, ir_with_names, key) -> None:
    held = names("DNS:fw1", "IP:192.0.2.1", "DNS:fw1.example.com")
    certificate = ca.root.issue(SUBJECT, key.public_key(), extensions=(held,))
    event = ir_with_names.receive(ca.enrol(asked(ir_with_names), certificate), NOW)
    assert isinstance(event, CertificateReceived)
    assert event.changes == ()


def test_changes_that_the_ca_admits_are_reported(ca: FakeCA, ir_with_names, key) -> None:
    certificate = ca.root.issue(name("fw2"), key.public_key())
    modified = PKIStatusInfo(PKIStatus.GRANTED_WITH_MODS)
    answer = ca.enrol(asked(ir_with_names), certificate, status=modified)
    event = ir_with_names.receive(answer, NOW)
    assert isinstance(event, CertificateReceived)
    assert event.changes == (
        "for CN=fw2, and CN=fw1 was asked for",
        "without the name DNS:fw1.example.com, which was asked for",
        "without the name IP:192.0.2.1, which was asked for",
    )


def test_check_13_another_key_is_never_a_modification(ca: FakeCA, ir) -> None:
    certificate = ca.root.issue(SUBJECT, new_key().public_key())
    modified = PKIStatusInfo(PKIStatus.GRANTED_WITH_MODS)
    rejected(ir, ca.enrol(asked(ir), certificate, status=modified), WrongCertificate, "another key")


def test_check_16_another_ca(ca: FakeCA, ir, key) -> None:
    certificate = make_root().issue(SUBJECT, key.public_key())
    rejected(ir, ca.enrol(asked(ir), certificate), UntrustedCertificate, "does not lead to")


def test_check_16_a_root_in_ca_pubs_is_no_trust(ca: FakeCA, ir, key) -> None:
    stranger = make_root("stranger")
    certificate = stranger.issue(SUBJECT, key.public_key())
    answer = ca.enrol(
        asked(ir), certificate, ca_pubs=(stranger.certificate.public_bytes(Encoding.DER),)
    )
    rejected(ir, answer, UntrustedCertificate, "does not lead to CN=Test Root")


def test_an_intermediate_in_ca_pubs_links(ca: FakeCA, ir, key) -> None:
    issuing = make_intermediate(ca.root, "Issuing CA")
    certificate = issuing.issue(SUBJECT, key.public_key())
    der = issuing.certificate.public_bytes(Encoding.DER)
    event = ir.receive(ca.enrol(asked(ir), certificate, ca_pubs=(der,)), NOW)
    assert isinstance(event, CertificateReceived)
    assert issuing.certificate in event.chain


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (timedelta(days=-2), timedelta(seconds=-1), "expired at"),
        (timedelta(hours=2), timedelta(days=2), "not valid before"),
    ],
)
def test_check_16_not_valid_now(
    ca: FakeCA, ir, key, begins: timedelta, ends: timedelta, words: str
) -> None:
    certificate = ca.root.issue(SUBJECT, key.public_key(), begins=NOW + begins, ends=NOW + ends)
    rejected(ir, ca.enrol(asked(ir), certificate), UntrustedCertificate, words)


def test_a_ca_whose_clock_is_a_little_ahead_is_accepted(ca: FakeCA, ir, key) -> None:
    begins = NOW + timedelta(minutes=5)
    certificate = ca.root.issue(SUBJECT, key.public_key(), begins=begins)
    assert isinstance(ir.receive(ca.enrol(asked(ir), certificate), NOW), CertificateReceived)


def test_a_certificate_that_cannot_be_read_is_rejected_at_the_ca(ca: FakeCA, ir) -> None:
    rejected(ir, ca.enrol(asked(ir), b"\x30\x03\x02\x01\x00"), MalformedMessage, "cannot be read")


def test_unreadable_extra_certs_harm_nobody(ca: FakeCA, kur) -> None:
    message = decode(ca.enrol(asked(kur), ca.issue_for(asked(kur))))
    junk = b"\x30\x03\x02\x01\x00"
    answer = encode_message(
        message.protected_part, message.protection, (junk, *message.extra_certs, junk)
    )
    assert isinstance(kur.receive(answer, NOW), CertificateReceived)


def test_hostile_text_is_cut_and_cleaned(ca: FakeCA, ir) -> None:
    hostile = PKIStatusInfo(PKIStatus.REJECTION, ("\x1b[2J" + "x" * 5000,))
    answer = ca.answer(asked(ir), PKIBody(BodyType.ERROR, ErrorMsgContent(hostile)))
    error = refused(ir, answer, Rejected, "refuses")
    assert str(error).isprintable()
    assert len(str(error)) < 400

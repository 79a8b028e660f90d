"""Proof of possession in every form (RFC 4211 4, RFC 9810 5.2.8), by hand, by our client and by openssl."""

import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from csc.runtime.cmp import requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import decode, der
from csc.runtime.cmp.codec.pop import (
    decode_challenges,
    decode_rand,
    encode_integer,
    encode_responses,
)
from csc.runtime.cmp.enveloped import answer_challenge, open_encrypted_value, open_enveloped
from csc.runtime.cmp.events import CertificateReceived, Challenged
from csc.runtime.cmp.mac import compute_mac, mac_algorithm
from csc.runtime.cmp.model import (
    BodyType,
    CertId,
    CertRepMessage,
    CertReqMsg,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PopChallengeContent,
    PopoKind,
    PopResponseContent,
    ProofOfPossession,
)
from csc.runtime.cmp.protection import (
    MacScheme,
    PasswordCredential,
    sign,
    signature_algorithm,
)
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.sandbox.profiles.load import load_profiles
from csc.runtime.sandbox.requests.outcome import Posted
from peers.asker import (
    KEY,
    SECRET,
    SUBJECT,
    ask,
    cert_req,
    confirm,
    enrolled,
    failures,
    following,
    header,
    ir,
    issued,
    poll,
    template,
    utc_now,
)
from peers.openssl import client, needs_openssl
from peers.ra import message, new_ra

ENCR_CERT, CHALLENGE_RESP = b"\x81\x01\x00", b"\x81\x01\x01"
RSA_KEY = rsa.generate_private_key(65537, 2048)
KEYS = {
    "RSA": (RSA_KEY, PopoKind.KEY_ENCIPHERMENT),
    "P-256": (ec.generate_private_key(ec.SECP256R1()), PopoKind.KEY_AGREEMENT),
    "P-521": (ec.generate_private_key(ec.SECP521R1()), PopoKind.KEY_AGREEMENT),
    "ML-KEM-768": (mlkem.MLKEM768PrivateKey.generate(), PopoKind.KEY_ENCIPHERMENT),
    "ML-KEM-1024": (mlkem.MLKEM1024PrivateKey.generate(), PopoKind.KEY_ENCIPHERMENT),
}


@contextmanager
def opened(folder: Path, **behaviour: object) -> Generator[SandboxCA]:
    with SandboxCA.open(folder, behaviour=Behaviour(**behaviour)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        yield ca


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    with opened(tmp_path) as opened_ca:
        yield opened_ca


def spki(key: object) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def proving(key: object, kind: PopoKind, proof: bytes) -> CertReqMsg:
    """A request for `key` with a POPOPrivKey."""
    wanted = template(public_key=spki(key))
    request = cert_req(wanted)
    return replace(request, pop=ProofOfPossession(kind, private_key_pop=proof))


def statuses(ca: SandboxCA) -> list[Status]:
    return [entry.status for entry in ca.ledger()]


# -- encrCert (RFC 9810 5.2.8.3.2) -----------------------------------------------------------------


def encrypted_in(answer: PKIMessage) -> bytes:
    assert isinstance(answer.body.content, CertRepMessage)
    (response,) = answer.body.content.responses
    assert response.certificate is None
    assert response.encrypted_cert is not None
    assert response.encrypted_cert.is_enveloped == (answer.header.pvno == 3)
    return response.encrypted_cert.der


@pytest.mark.parametrize("name", KEYS)
def test_certificate_encrypted_for_its_key(ca: SandboxCA, name: str) -> None:
    key, kind = KEYS[name]
    answer = ask(ca, ir(proving(key, kind, ENCR_CERT)), header(pvno=3))
    certificate = x509.load_der_x509_certificate(open_enveloped(encrypted_in(answer), key=key))
    assert certificate.public_key() == key.public_key()
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert not usage.digital_signature
    assert usage.key_agreement == (kind is PopoKind.KEY_AGREEMENT)
    assert usage.key_encipherment == (kind is PopoKind.KEY_ENCIPHERMENT)
    assert statuses(ca) == [Status.ISSUED]
    done = ask(ca, *confirm(answer, certificate.fingerprint(hashes.SHA256())))
    assert done.body.type is BodyType.PKI_CONF
    assert statuses(ca) == [Status.CONFIRMED]


def test_certificate_in_the_form_of_cmp2000(ca: SandboxCA) -> None:
    """RFC 9810 5.2.2: EncryptedValue, for who does not say cmp2021."""
    answer = ask(ca, ir(proving(RSA_KEY, PopoKind.KEY_ENCIPHERMENT, ENCR_CERT)))
    plain = open_encrypted_value(encrypted_in(answer), key=RSA_KEY)
    assert x509.load_der_x509_certificate(plain).public_key() == RSA_KEY.public_key()


WRONG = {
    "EC by keyEncipherment": ("P-256", PopoKind.KEY_ENCIPHERMENT, ENCR_CERT, 3),
    "RSA by keyAgreement": ("RSA", PopoKind.KEY_AGREEMENT, ENCR_CERT, 3),
    "ML-KEM by keyAgreement": ("ML-KEM-768", PopoKind.KEY_AGREEMENT, ENCR_CERT, 3),
    "EC in cmp2000": ("P-256", PopoKind.KEY_AGREEMENT, ENCR_CERT, 2),
    "challenge of EC in cmp2000": ("P-256", PopoKind.KEY_AGREEMENT, CHALLENGE_RESP, 2),
    "another subsequentMessage": ("RSA", PopoKind.KEY_ENCIPHERMENT, b"\x81\x01\x02", 3),
    "thisMessage": ("RSA", PopoKind.KEY_ENCIPHERMENT, b"\x80\x02\x00\x01", 3),
    "dhMAC": ("P-256", PopoKind.KEY_AGREEMENT, b"\x82\x02\x00\x01", 3),
    "agreeMAC": ("P-256", PopoKind.KEY_AGREEMENT, b"\xa3\x00", 3),
    "encryptedKey": ("RSA", PopoKind.KEY_ENCIPHERMENT, b"\xa4\x00", 3),
    "raVerified": ("RSA", PopoKind.RA_VERIFIED, b"", 3),
    "nothing": ("RSA", PopoKind.ABSENT, b"", 3),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_form(ca: SandboxCA, name: str) -> None:
    key, kind, proof, pvno = WRONG[name]
    answer = ask(ca, ir(proving(KEYS[key][0], kind, proof)), header(pvno=pvno))
    assert answer.body.type is BodyType.IP
    assert failures(answer) == {PKIFailureInfo.BAD_POP}
    assert ca.ledger() == ()


# -- challengeResp (RFC 9810 5.2.8.3.3) ------------------------------------------------------------


def challenged(ca: SandboxCA, name: str, pvno: int = 3) -> PKIMessage:
    key, kind = KEYS[name]
    answer = ask(ca, ir(proving(key, kind, CHALLENGE_RESP)), header(pvno=pvno))
    assert answer.body.type is BodyType.POP_DEC_CHALL
    assert ca.ledger() == ()
    return answer


def response(answer: PKIMessage, content: bytes, **changes: object) -> tuple[PKIBody, object]:
    body = PKIBody(BodyType.POP_DEC_RESP, PopResponseContent(content))
    return body, following(answer, **{"pvno": 3, **changes})


def right(answer: PKIMessage, name: str) -> bytes:
    assert isinstance(answer.body.content, PopChallengeContent)
    content, sender = answer.body.content.der, answer.header.sender
    return answer_challenge(content, key=KEYS[name][0], sender=sender)


@pytest.mark.parametrize("name", KEYS)
def test_challenge(ca: SandboxCA, name: str) -> None:
    first = challenged(ca, name)
    answer = ask(ca, *response(first, right(first, name)))
    assert answer.body.type is BodyType.IP
    certificate = issued(answer)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert not usage.digital_signature
    done = ask(ca, *confirm(answer, certificate.fingerprint(hashes.SHA256())))
    assert done.body.type is BodyType.PKI_CONF
    assert statuses(ca) == [Status.CONFIRMED]


def test_challenge_in_the_form_of_cmp2000(ca: SandboxCA) -> None:
    """The number is encrypted by RSA itself, and encryptedRand is not there."""
    first = challenged(ca, "RSA", pvno=2)
    assert isinstance(first.body.content, PopChallengeContent)
    (challenge,) = decode_challenges(first.body.content.der)
    assert challenge.encrypted_rand is None
    rand = decode_rand(RSA_KEY.decrypt(challenge.challenge, padding.PKCS1v15()))
    assert rand.sender == first.header.sender
    assert challenge.witness == hashlib.sha256(encode_integer(rand.number)).digest()
    answer = ask(ca, *response(first, encode_responses([rand.number]), pvno=2))
    assert issued(answer).public_key() == RSA_KEY.public_key()


def test_challenge_names_the_request(ca: SandboxCA) -> None:
    """RFC 9810 5.2.8.3.3: rid is the NULL-DN with certReqId; challenge is empty."""
    first = challenged(ca, "RSA")
    assert isinstance(first.body.content, PopChallengeContent)
    (challenge,) = decode_challenges(first.body.content.der)
    assert challenge.challenge == b""
    nobody = der.sequence(x509.Name([]).public_bytes(), der.integer(0))
    assert nobody in (challenge.encrypted_rand or b"")


@pytest.mark.parametrize(
    "make", [lambda n: [n + 1], lambda n: [], lambda n: [n, n]], ids=["other", "none", "two"]
)
def test_wrong_number_ends_it(ca: SandboxCA, make: Callable[[int], list[int]]) -> None:
    first = challenged(ca, "RSA", pvno=2)
    assert isinstance(first.body.content, PopChallengeContent)
    (challenge,) = decode_challenges(first.body.content.der)
    number = decode_rand(RSA_KEY.decrypt(challenge.challenge, padding.PKCS1v15())).number
    wrong = ask(ca, *response(first, encode_responses(make(number))))
    assert wrong.body.type is BodyType.IP
    assert failures(wrong) == {PKIFailureInfo.BAD_POP}
    late = ask(ca, *response(wrong, encode_responses([number])))
    assert failures(late) == {PKIFailureInfo.BAD_REQUEST}
    assert ca.ledger() == ()


def test_response_that_answers_nothing(ca: SandboxCA) -> None:
    assert failures(ask(ca, PKIBody(BodyType.POP_DEC_RESP, PopResponseContent(b"\x30\x00")))) == {
        PKIFailureInfo.BAD_REQUEST
    }
    first = challenged(ca, "RSA")
    content = right(first, "RSA")
    ca.add_secret(b"other", b"psk2")
    other = PasswordCredential(b"other", b"psk2")
    wrong_nonce = response(first, content, recip_nonce=os.urandom(16))
    assert failures(ask(ca, *wrong_nonce)) == {PKIFailureInfo.BAD_RECIPIENT_NONCE}
    assert failures(ask(ca, *response(first, content), other)) == {PKIFailureInfo.WRONG_INTEGRITY}
    assert failures(ask(ca, *response(first, b"\x02\x01\x00"))) == {PKIFailureInfo.BAD_DATA_FORMAT}
    assert ask(ca, *response(first, content)).body.type is BodyType.IP


def test_challenge_after_a_time_of_waiting(tmp_path: Path) -> None:
    with opened(tmp_path, polls=1) as ca:
        key, kind = KEYS["RSA"]
        first = ask(ca, ir(proving(key, kind, CHALLENGE_RESP)), header(pvno=3))
        second = ask(ca, *poll(first, 0, pvno=3))
        third = ask(ca, *poll(second, 0, pvno=3))
        assert third.body.type is BodyType.POP_DEC_CHALL
        assert ca.ledger() == ()
        answer = ask(ca, *response(third, right(third, "RSA")))
        assert issued(answer).public_key() == key.public_key()


@pytest.mark.parametrize("need", ["required", "forbidden"])
def test_who_was_challenged_is_an_ras_or_not_as_the_request_came(tmp_path: Path, need: str) -> None:
    """And the profile is that of the path of the request."""
    file = tmp_path / "profiles.toml"
    file.write_text(f'[profiles.kept]\nkeys = ["rsa:2048"]\nvalidity = "5d"\nra = "{need}"\n')
    with SandboxCA.open(tmp_path / "ca", profiles=load_profiles(file)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        ra = new_ra(ca)
        ways = {"required": ra.protects, "forbidden": lambda data: data}
        key, kind = KEYS["RSA"]
        data = message(ir(proving(key, kind, CHALLENGE_RESP)), header(pvno=3))
        first = decode(ca.handle(Posted(ways.pop(need)(data), profile="kept")).answer)
        (other_way,) = ways.values()
        last = message(*response(first, right(first, "RSA")))
        certificate = issued(decode(ca.respond(other_way(last))))
        validity = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        assert validity < timedelta(days=6)


def test_challenge_survives_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path) as ca:
        first = challenged(ca, "P-256")
    with opened(tmp_path) as ca:
        assert ask(ca, *response(first, right(first, "P-256"))).body.type is BodyType.IP


def test_own_client_answers_a_challenge(ca: SandboxCA, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client asks for encrCert, which is better; here it asks for a challenge."""
    monkeypatch.setattr(requests, "_ENCR_CERT", CHALLENGE_RESP)
    key, events = mlkem.MLKEM768PrivateKey.generate(), []
    begun = requests.initialize(
        subject=SUBJECT,
        key=key,
        credential=SECRET,
        anchors=(ca.root,),
        recipient=ca.root.subject,
        now=utc_now(),
        random=os.urandom,
    )
    connection = Connection(ca.respond, utc_now, lambda seconds: None, timedelta())
    outcome = run(begun, connection, events.append)
    assert isinstance(outcome, CertificateReceived)
    assert outcome.certificate.public_key() == key.public_key()
    assert any(isinstance(event, Challenged) for event in events)
    assert statuses(ca) == [Status.CONFIRMED]


@needs_openssl
def test_openssl_reads_its_encrypted_certificate(ca: SandboxCA, tmp_path: Path) -> None:
    """-popo 2 is keyEncipherment with encrCert; openssl 3.0 speaks cmp2000."""
    key = RSA_KEY.private_bytes(
        Encoding.PEM,
        PrivateFormat.PKCS8,
        NoEncryption(),
    )
    (tmp_path / "new.key").write_bytes(key)
    (tmp_path / "root.pem").write_bytes(ca.root.public_bytes(Encoding.PEM))
    with serve(ca) as server:
        ran = client(
            tmp_path, server.port, "-trusted", "root.pem", "-cmd", "ir", "-ref", "ref",
            "-secret", "pass:psk", "-newkey", "new.key", "-subject", "/CN=peer",
            "-popo", "2", "-certout", "new.pem",
        )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = x509.load_pem_x509_certificate((tmp_path / "new.pem").read_bytes())
    assert found.public_key() == RSA_KEY.public_key()
    assert statuses(ca) == [Status.CONFIRMED]


# -- signatures (RFC 4211 4.1) ---------------------------------------------------------------------

MAC = mac_algorithm(MacScheme.PBM, bytes(16))


def signing_input(author: bytes, public_key: bytes) -> bytes:
    return der.sequence(author, public_key)


def by_name(name: x509.Name) -> bytes:
    return der.tagged(0, der.tagged(4, name.public_bytes()))


def by_mac(secret: bytes) -> bytes:
    return der.sequence(der.algorithm(MAC), der.bits(compute_mac(MAC, secret, spki(KEY))))


def signed(given: bytes | None, subject: x509.Name | None, old: CertId) -> PKIBody:
    """A kur whose signature is over `given`, or certReq if that is None."""
    request = cert_req(template(subject=subject), old=old)
    data = request.cert_request if given is None else given
    pop = ProofOfPossession(
        PopoKind.SIGNATURE, signature_algorithm(KEY), sign(KEY, data), poposk_input=given
    )
    return ir(replace(request, pop=pop), body_type=BodyType.KUR)


OTHER_SPKI = spki(ec.generate_private_key(ec.SECP256R1()))
INPUTS = {
    "sender": (by_name(SUBJECT), spki(KEY), None, True, None),
    "publicKeyMAC": (by_mac(SECRET.secret), spki(KEY), None, False, None),
    "nothing to sign": (None, b"", None, True, PKIFailureInfo.BAD_POP),
    "not needed": (by_name(SUBJECT), spki(KEY), SUBJECT, True, PKIFailureInfo.BAD_POP),
    "another's name": (
        by_name(x509.Name.from_rfc4514_string("CN=x")), spki(KEY), None, True,
        PKIFailureInfo.BAD_POP,
    ),
    "another key": (by_name(SUBJECT), OTHER_SPKI, None, True, PKIFailureInfo.BAD_POP),
    "another secret": (by_mac(b"wrong"), spki(KEY), None, False, PKIFailureInfo.BAD_POP),
    "MAC of who has a name": (
        by_mac(SECRET.secret), spki(KEY), None, True, PKIFailureInfo.BAD_POP,
    ),
    "name of who has a secret": (by_name(SUBJECT), spki(KEY), None, False, PKIFailureInfo.BAD_POP),
    "garbage": (b"\x05\x00", spki(KEY), None, False, PKIFailureInfo.BAD_POP),
}  # fmt: skip


@pytest.mark.parametrize("name", INPUTS)
def test_signing_input(ca: SandboxCA, name: str) -> None:
    author, key, subject, signs, failure = INPUTS[name]
    _, credential = enrolled(ca)
    old = CertId(credential.certificate.issuer, credential.certificate.serial_number)
    given = None if author is None else signing_input(author, key)
    answer = ask(ca, signed(given, subject, old), header(), credential if signs else SECRET)
    if failure is None:
        assert issued(answer).subject == SUBJECT
    else:
        assert failures(answer) == {failure}

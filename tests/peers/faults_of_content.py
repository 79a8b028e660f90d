"""Answers that come from the CA and belong to the request, and say what nobody asked for."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, mlkem
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.codec.pop import Rand, encode_challenges, encode_rand
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.errors import (
    DecryptionFailed,
    MalformedMessage,
    Rejected,
    StillWaiting,
    UnexpectedAnswer,
    UntrustedCertificate,
    WrongCertificate,
    failure_name,
)
from csc.runtime.cmp.model import (
    BodyType,
    CertResponse,
    EncryptedKey,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PKIStatusInfo,
    PollEntry,
    PopChallengeContent,
    RevRepContent,
)

from . import cms
from .certificates import NOW, make_root, name, new_key
from .der import nodes
from .fake_ca import ACCEPTED, IMPLICIT_CONFIRM, SUBJECT, WAITING, FakeCA, cert_rep
from .faulty_ca import (
    NULL,
    Act,
    Fault,
    der_of,
    granted,
    honest,
    in_turn,
    raw_body,
    with_body,
)

DAY = timedelta(days=1)
REJECTION = PKIStatusInfo(PKIStatus.REJECTION, ("no such device",))
SIGNED_DATA = "1.2.840.113549.1.7.2"
KEK = bytes(range(32))
STRANGER = make_root("Strange Root")
NAMESAKE = make_root("Test Root")


# -- bodies ---------------------------------------------------------------------------------------------

# A content that can be read for each body, by its tag.
EMPTY_LIST = tlv(0x30, b"")
CONTENTS = {
    **dict.fromkeys((5, 6, 9, 10, 13, 14, 15, 16, 17, 18, 19, 20), NULL),
    **dict.fromkeys((0, 2, 4, 7, 11, 21, 22, 24, 25, 26), EMPTY_LIST),
    **{number: tlv(0x30, EMPTY_LIST) for number in (1, 3, 8, 12)},
    23: tlv(0x30, tlv(0x30, b"\2\1\2")),
}
# What each request is answered by, beside error.
ANSWERS = {"ir": 1, "cr": 3, "p10cr": 3, "kur": 8, "rr": 12, "genm": 22}


def wrong_bodies() -> dict[str, Fault]:
    found: dict[str, Fault] = {}
    for asks, due in ANSWERS.items():
        for number, content in CONTENTS.items():
            # Every request is held against the five that a CA sends; one of them against all.
            is_answer = number in (1, 3, 8, 12, 19, 22, 26)
            if number in (due, 23) or (number == 5 and due in (1, 3, 8)):
                continue
            if asks == "ir" or is_answer:
                found[f"body {number} for {asks}"] = Fault(
                    raw_body(number, content), UnexpectedAnswer, "body of the answer", asks
                )
    for number in (27, 28, 30):
        words = f"no PKIBody has the tag {number}"
        found[f"body {number}"] = Fault(raw_body(number, NULL), MalformedMessage, words)
    for number in (1, 12, 22, 24, 26):
        act = in_turn(honest, raw_body(number, CONTENTS[number]))
        found[f"body {number} for certConf"] = Fault(act, UnexpectedAnswer, "pkiconf", sends=2)
    return found


# -- refusals -------------------------------------------------------------------------------------------


def error(*bits: PKIFailureInfo, status: int = 2) -> Act:
    info = PKIStatusInfo(status, ("why not",), frozenset(bits))
    return with_body(lambda ca, r: PKIBody(BodyType.ERROR, ErrorMsgContent(info)))


def unnamed_bit(number: int) -> Act:
    """An error whose failInfo has one bit that no RFC names."""
    octets = (1 << (7 - number % 8)).to_bytes(1, "big")
    bits = tlv(3, bytes([7 - number % 8]) + bytes(number // 8) + octets)
    return raw_body(23, tlv(0x30, tlv(0x30, b"\2\1\2" + bits)))


def refused(act: Act, words: str, asks: str = "ir", sends: int = 1) -> Fault:
    return Fault(act, Rejected, words, asks, sends)


REFUSALS = {
    **{
        f"error with {failure_name(bit)}": refused(error(bit), f"rejection .{failure_name(bit)}.: ")
        for bit in PKIFailureInfo
    },
    **{
        f"error with bit {number}": refused(unnamed_bit(number), "rejection$|rejection .trans")
        for number in (27, 31, 32, 60)
    },
    "error with every bit": refused(error(*PKIFailureInfo), "badAlg, .*duplicateCertReq"),
    **{
        f"error with the status {status}": refused(error(status=status), "why not")
        for status in (0, 1, 2, 4, 5, 6, 7, -1, 2**63)
    },
    **{
        f"response with the status {status}": refused(
            lambda ca, r, status=status: ca.enrol(
                r[-1], ca.issue_for(r[-1]), status=PKIStatusInfo(status)
            ),
            "refuses the initialization request",
        )
        for status in (2, 4, 5, 6, 7, 99, -1, 2**63)
    },
    "revocation with the status 4": refused(
        lambda ca, r: ca.revoke(r[-1], PKIStatusInfo(4)), "refuses the revocation", "rr"
    ),
    "error for certConf": refused(
        in_turn(honest, error(PKIFailureInfo.BAD_CERT_ID)), "badCertId", sends=2
    ),
    "error for certConf that says certRevoked": refused(
        in_turn(honest, error(PKIFailureInfo.CERT_REVOKED)), "certRevoked", sends=2
    ),
    "implicitConfirm unasked, then no answer to certConf": refused(
        in_turn(
            lambda ca, r: granted(ca, r[-1], general_info=(IMPLICIT_CONFIRM,)),
            error(PKIFailureInfo.BAD_REQUEST),
        ),
        "badRequest",
        sends=2,
    ),
    "waiting, then a rejection": refused(
        in_turn(
            lambda ca, r: ca.wait(r[-1]),
            lambda ca, r: ca.answer(r[-1], cert_rep(r[0], CertResponse(0, REJECTION))),
        ),
        "no such device",
        sends=2,
    ),
}


# -- responses ------------------------------------------------------------------------------------------


def responses(*ids: int) -> Act:
    def make(ca: FakeCA, request: bytes) -> PKIBody:
        der = der_of(ca.issue_for(request))
        return cert_rep(request, *(CertResponse(number, ACCEPTED, der) for number in ids))

    return with_body(make)


def unexpected(act: Act, words: str, asks: str = "ir", sends: int = 1) -> Fault:
    return Fault(act, UnexpectedAnswer, words, asks, sends)


RESPONSES = {
    "no response": unexpected(responses(), "responses: expected one.*got none"),
    "two responses": unexpected(responses(0, 0), "responses: expected one"),
    "two responses with two numbers": unexpected(responses(0, 1), "certReqId 0, certReqId 1"),
    **{
        f"certReqId {number}": unexpected(responses(number), f"got certReqId {number}")
        for number in (1, -1, 2**63)
    },
    "certReqId 1 for PKCS #10": unexpected(responses(1), "got certReqId 1", "p10cr"),
    "no status of a revocation": unexpected(raw_body(12, tlv(0x30, EMPTY_LIST)), "statuses", "rr"),
    "two statuses of a revocation": unexpected(
        with_body(lambda ca, r: PKIBody(BodyType.RP, RevRepContent((ACCEPTED, ACCEPTED)))),
        "statuses: expected one, got 2",
        "rr",
    ),
    "accepted, and no certificate": unexpected(
        with_body(lambda ca, r: cert_rep(r, CertResponse(0, ACCEPTED))), "certificate: .*got none"
    ),
}


# -- certificates ---------------------------------------------------------------------------------------


def issued(make: Callable[[FakeCA, bytes], x509.Certificate | bytes], **how: object) -> Act:
    """A certificate of the CA's choice, and a confirmation of whatever is then said."""
    first: Act = lambda ca, r: ca.enrol(r[-1], make(ca, r[0]), **how)  # pyright: ignore  # noqa: E731
    return in_turn(first, lambda ca, r: ca.confirm(r[-1]))


def wanted(ca: FakeCA, request: bytes, **how: object) -> x509.Certificate:
    """The certificate that is asked for, with one thing changed."""
    asked = ca.issue_for(request)
    how = {"subject": asked.subject, "key": asked.public_key()} | how
    return ca.root.issue(how.pop("subject"), how.pop("key"), **how)  # pyright: ignore


def wrong(act: Act, words: str, asks: str = "ir", error: type = WrongCertificate) -> Fault:
    return Fault(act, error, words, asks, sends=2, rejects=True)


def untrusted(act: Act, words: str) -> Fault:
    return wrong(act, words, error=UntrustedCertificate)


def flipped(der: bytes) -> bytes:
    return der[:-1] + bytes([der[-1] ^ 1])


def named(*hosts: str) -> x509.Extension[x509.ExtensionType]:
    value = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    return x509.Extension(value.oid, False, value)


CERTIFICATES = {
    "for another key": wrong(
        issued(lambda ca, r: wanted(ca, r, key=new_key().public_key())), "for another key"
    ),
    "for the CA's own key": wrong(issued(lambda ca, r: ca.root.certificate), "for another key"),
    "for the old key, in an update": wrong(
        issued(lambda ca, r: ca.certificate), "for another key", "kur"
    ),
    "for another subject": wrong(
        issued(lambda ca, r: wanted(ca, r, subject=name("fw2"))), "for CN=fw2, and CN=fw1 was"
    ),
    "for no subject": wrong(
        issued(lambda ca, r: wanted(ca, r, subject=x509.Name([]))), "and CN=fw1 was asked for"
    ),
    "for a subject that clears the screen": wrong(
        issued(lambda ca, r: wanted(ca, r, subject=name("\x1b[2J"))), r"for CN= +\[2J, and"
    ),
    "for another subject, in PKCS #10": wrong(
        issued(lambda ca, r: wanted(ca, r, subject=name("fw2"))), "for CN=fw2", "p10cr"
    ),
    "without the names": wrong(issued(wanted), "without the name DNS:fw1.example.com", "names"),
    "with one name of two": wrong(
        issued(lambda ca, r: wanted(ca, r, extensions=[named("fw1.example.com")])),
        "without the name IP:192.0.2.1",
        "names",
    ),
    "with other names": wrong(
        issued(lambda ca, r: wanted(ca, r, extensions=[named("fw2.example.com")])),
        "without the name",
        "names",
    ),
    "expired": untrusted(
        issued(lambda ca, r: wanted(ca, r, begins=NOW - 2 * DAY, ends=NOW - DAY)), "expired"
    ),
    "not valid before tomorrow": untrusted(
        issued(lambda ca, r: wanted(ca, r, begins=NOW + DAY, ends=NOW + 2 * DAY)),
        "not valid before",
    ),
    "of another CA": untrusted(
        issued(lambda ca, r: STRANGER.issue(SUBJECT, ca.issue_for(r).public_key())),
        "does not lead to",
    ),
    "of another CA that comes with it": untrusted(
        issued(
            lambda ca, r: STRANGER.issue(SUBJECT, ca.issue_for(r).public_key()),
            ca_pubs=(der_of(STRANGER.certificate),),
        ),
        "does not lead to",
    ),
    "of a CA of the same name": untrusted(
        issued(
            lambda ca, r: NAMESAKE.issue(SUBJECT, ca.issue_for(r).public_key()),
            ca_pubs=(der_of(NAMESAKE.certificate),),
        ),
        "does not lead to",
    ),
    "of another CA, among junk": untrusted(
        issued(
            lambda ca, r: STRANGER.issue(SUBJECT, ca.issue_for(r).public_key()),
            ca_pubs=(b"\x30\0", NULL, b"\x04\3abc") * 1000,
        ),
        "does not lead to",
    ),
    "of another CA, in changes": untrusted(
        issued(
            lambda ca, r: STRANGER.issue(SUBJECT, ca.issue_for(r).public_key()),
            status=PKIStatusInfo(PKIStatus.GRANTED_WITH_MODS),
        ),
        "does not lead to",
    ),
    "of a device": untrusted(
        issued(
            lambda ca, r: type(ca.root)(ca.certificate, ca.certificate_key).issue(
                SUBJECT, ca.issue_for(r).public_key()
            ),
            ca_pubs=(),
        ),
        "does not lead to",
    ),
    "with a wrong signature": untrusted(
        issued(lambda ca, r: flipped(der_of(ca.issue_for(r)))), "does not lead to"
    ),
    "that is garbage": wrong(issued(lambda ca, r: b"\x04\3abc"), "be read", error=MalformedMessage),
    "that is empty": wrong(issued(lambda ca, r: b"\x30\0"), "be read", error=MalformedMessage),
    "that nobody signed": wrong(
        issued(lambda ca, r: tlv(0x30, nodes(der_of(ca.issue_for(r)))[0][0].der)),
        "be read",
        error=MalformedMessage,
    ),
    "waiting, then for another key": Fault(
        in_turn(
            lambda ca, r: ca.wait(r[-1]),
            lambda ca, r: ca.answer(
                r[-1],
                cert_rep(
                    r[0],
                    CertResponse(0, ACCEPTED, der_of(wanted(ca, r[0], key=new_key().public_key()))),
                ),
            ),
            lambda ca, r: ca.confirm(r[-1]),
        ),
        WrongCertificate,
        "for another key",
        sends=3,
        rejects=True,
    ),
    "for another key, and an error for its rejection": wrong(
        in_turn(
            lambda ca, r: ca.enrol(r[-1], wanted(ca, r[0], key=new_key().public_key())),
            error(PKIFailureInfo.BAD_REQUEST),
        ),
        "for another key",
    ),
    "for another key, and garbage for its rejection": wrong(
        in_turn(
            lambda ca, r: ca.enrol(r[-1], wanted(ca, r[0], key=new_key().public_key())),
            lambda ca, r: b"garbage",
        ),
        "for another key",
    ),
}


# -- what is encrypted ----------------------------------------------------------------------------------


def sealed_key(der: bytes, *, is_enveloped: bool = True) -> EncryptedKey:
    return EncryptedKey(is_enveloped=is_enveloped, der=der)


def responding(make: Callable[[FakeCA, bytes], CertResponse]) -> Act:
    first = with_body(lambda ca, r: cert_rep(r, make(ca, r)))
    return in_turn(first, lambda ca, r: ca.confirm(r[-1]))


def central(private_key: EncryptedKey | None) -> Act:
    return responding(
        lambda ca, r: CertResponse(0, ACCEPTED, der_of(ca.certificate), private_key=private_key)
    )


def for_the_secret(plain: bytes, content_type: str = SIGNED_DATA, secret: bytes = b"open sesame"):
    info = cms.for_password(secret, KEK, iterations=1000)
    return sealed_key(cms.enveloped(plain, [info], KEK, content_type=content_type))


def for_nobody(ca: FakeCA, request: bytes) -> CertResponse:
    """A certificate that another key decrypts."""
    key = mlkem.MLKEM768PrivateKey.generate()
    der = cms.enveloped(der_of(ca.certificate), [cms.for_kem(key.public_key(), KEK)], KEK)
    return CertResponse(0, ACCEPTED, encrypted_cert=sealed_key(der))


def challenge(ca: FakeCA, key: ec.EllipticCurvePublicKey) -> PKIBody:
    info = cms.for_agreement(key, KEK, "1.3.132.1.11.1", "x963", cms.hashes.SHA256())
    der = cms.enveloped(encode_rand(Rand(1, ca.root.certificate.subject)), [info], KEK)
    from csc.runtime.cmp.codec.pop import Challenge

    content = encode_challenges([Challenge(None, b"", b"", der)])
    return PKIBody(BodyType.POP_DEC_CHALL, PopChallengeContent(content))


GARBAGE = sealed_key(b"\x30\3\2\1\0")
ENCRYPTED = {
    "a private key unasked": wrong(
        responding(
            lambda ca, r: CertResponse(
                0, ACCEPTED, der_of(ca.issue_for(r)), private_key=for_the_secret(b"key")
            )
        ),
        "private key that it made, and the request was for another",
    ),
    "an encrypted certificate unasked": unexpected(
        responding(lambda ca, r: CertResponse(0, ACCEPTED, encrypted_cert=GARBAGE)),
        "expected one in the clear, got an encrypted one",
    ),
    "a challenge unasked": unexpected(
        with_body(lambda ca, r: challenge(ca, new_key().public_key())), "for a key that signs"
    ),
    "a challenge for a central key": unexpected(
        with_body(lambda ca, r: challenge(ca, new_key().public_key())),
        "for a key that signs",
        "central",
    ),
    "a challenge that is garbage": Fault(
        raw_body(5, tlv(0x30, NULL)), MalformedMessage, "no POPODecKeyChallContent", "kem"
    ),
    "no private key": wrong(
        central(None), "asked to make the private key, and sent none", "central"
    ),
    "a private key that is garbage": wrong(
        central(GARBAGE), "no EnvelopedData", "central", MalformedMessage
    ),
    "a private key as EncryptedValue": wrong(
        central(sealed_key(b"\x30\4\x03\2\0\0", is_enveloped=False)),
        "which nobody signs for",
        "central",
        DecryptionFailed,
    ),
    "a private key for another secret": wrong(
        central(for_the_secret(b"key", secret=b"sesame")),
        "does not open",
        "central",
        DecryptionFailed,
    ),
    "a private key that nobody signed": wrong(
        central(for_the_secret(b"key", cms.KEY_PACKAGE)),
        "encrypted content",
        "central",
        UnexpectedAnswer,
    ),
    "a private key in garbage": wrong(
        central(for_the_secret(b"garbage")), "container", "central", MalformedMessage
    ),
    "an encrypted certificate that is garbage": wrong(
        responding(lambda ca, r: CertResponse(0, ACCEPTED, encrypted_cert=GARBAGE)),
        "no EnvelopedData",
        "kem",
        MalformedMessage,
    ),
    "an encrypted certificate for another key": wrong(
        responding(for_nobody), "does not open", "kem", DecryptionFailed
    ),
}


# -- waiting --------------------------------------------------------------------------------------------


def waits(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    return ca.wait(requests[-1])


def error_waits(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    return ca.answer(requests[-1], PKIBody(BodyType.ERROR, ErrorMsgContent(WAITING)))


def polls(*entries: PollEntry) -> Act:
    return lambda ca, requests: ca.poll_rep(requests[-1], *entries)


def waits_again(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    """waiting, in place of a pollRep."""
    return ca.answer(requests[-1], cert_rep(requests[0], CertResponse(0, WAITING)))


def for_ever(act: Act, sends: int, asks: str = "ir") -> Fault:
    return Fault(act, StillWaiting, "has not decided within 5 seconds", asks, sends, limit=5)


WAITING_FOR_EVER = {
    "checkAfter 0 for ever": for_ever(in_turn(waits, polls(PollEntry(0, 0))), 6),
    "checkAfter -1 for ever": for_ever(in_turn(waits, polls(PollEntry(0, -1))), 6),
    "checkAfter -2^63 for ever": for_ever(in_turn(waits, polls(PollEntry(0, -(2**63)))), 6),
    "checkAfter 2 for ever": for_ever(in_turn(waits, polls(PollEntry(0, 2))), 4),
    "checkAfter 2^63": for_ever(in_turn(waits, polls(PollEntry(0, 2**63))), 2),
    "checkAfter of 20 bytes": for_ever(in_turn(waits, polls(PollEntry(0, 2**159))), 2),
    "waiting for ever": for_ever(in_turn(waits, waits_again), 6),
    "error that says waiting for ever": for_ever(error_waits, 6),
    "error that says waiting, then pollRep for ever": for_ever(
        in_turn(error_waits, polls(PollEntry(-1, 0))), 6
    ),
    "waiting for ever with the confirmation": for_ever(
        in_turn(honest, error_waits, polls(PollEntry(-1, 0))), 7
    ),
    "waiting for ever with a revocation": for_ever(
        in_turn(lambda ca, r: ca.revoke(r[-1], WAITING), polls(PollEntry(0, 0))), 6, "rr"
    ),
    "waiting for ever with a question": for_ever(
        in_turn(error_waits, polls(PollEntry(-1, 0))), 6, "genm"
    ),
    "pollRep unasked": unexpected(polls(), "expected ip, got pollRep"),
    "pollRep for another certReqId": unexpected(
        in_turn(waits, polls(PollEntry(1, 0))), "certReqId 0, got certReqId 1", sends=2
    ),
    "pollRep with two entries": unexpected(
        in_turn(waits, polls(PollEntry(0, 0), PollEntry(0, 0))), "entries of pollRep", sends=2
    ),
    "pollRep without entries": unexpected(
        in_turn(waits, raw_body(26, EMPTY_LIST)), "entries of pollRep.*got none", sends=2
    ),
    "waiting, then pkiconf": unexpected(
        in_turn(waits, lambda ca, r: ca.confirm(r[-1])), "expected ip, got pkiconf", sends=2
    ),
    "waiting for another certReqId": unexpected(lambda ca, r: ca.wait(r[-1], 1), "got certReqId 1"),
}


def challenges(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    """A challenge for the key of the request, which decrypts."""
    key = decode(requests[0]).body.content.requests[0].template.public_key  # pyright: ignore
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from csc.runtime.cmp.codec.pop import Challenge

    info = cms.for_kem(load_der_public_key(key), KEK)  # pyright: ignore
    der = cms.enveloped(encode_rand(Rand(1, ca.root.certificate.subject)), [info], KEK)
    content = encode_challenges([Challenge(None, b"", b"", der)])
    return ca.answer(requests[-1], PKIBody(BodyType.POP_DEC_CHALL, PopChallengeContent(content)))


WAITING_FOR_EVER["challenges for ever"] = unexpected(
    challenges, "a second challenge", "kem", sends=2
)

CONTENT = {
    **wrong_bodies(),
    **REFUSALS,
    **RESPONSES,
    **CERTIFICATES,
    **ENCRYPTED,
    **WAITING_FOR_EVER,
}

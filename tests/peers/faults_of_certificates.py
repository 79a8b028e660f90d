"""Certificates and keys that nobody asked for, in answers that are right."""

from collections.abc import Callable
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, mlkem
from csc.runtime.cmp.codec.pop import Rand, encode_challenges, encode_rand
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.errors import (
    DecryptionFailed,
    MalformedMessage,
    UnexpectedAnswer,
    UntrustedCertificate,
    WrongCertificate,
)
from csc.runtime.cmp.model import (
    BodyType,
    CertResponse,
    EncryptedKey,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PKIStatusInfo,
    PopChallengeContent,
)

from . import cms
from .certificates import NOW, make_root, name, new_key
from .der import nodes
from .fake_ca import ACCEPTED, SUBJECT, FakeCA, cert_rep
from .faulty_ca import (
    NULL,
    Act,
    Fault,
    der_of,
    error,
    in_turn,
    raw_body,
    unexpected,
    with_body,
)

DAY = timedelta(days=1)
REJECTION = PKIStatusInfo(PKIStatus.REJECTION, ("no such device",))
SIGNED_DATA = "1.2.840.113549.1.7.2"
KEK = bytes(range(32))
STRANGER = make_root("Strange Root")
NAMESAKE = make_root("Test Root")


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

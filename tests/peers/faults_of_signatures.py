"""Answers whose signature is wrong, weak or somebody else's."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.credentials import SignatureCredential
from csc.runtime.cmp.errors import (
    MalformedMessage,
    ProtectionError,
    UntrustedCertificate,
)
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
)
from csc.runtime.cmp.protection import sign, signature_algorithm

from .certificates import NOW, SPEAKS_FOR_CA, Issuer, make_root, name, new_key
from .fake_ca import FakeCA
from .faulty_ca import (
    Act,
    Fault,
    bits,
    der_of,
    granted,
    header_field,
    other_body,
    protected_by,
    protection,
    without,
)

HOUR = timedelta(hours=1)


def signed_by(
    make: Callable[[FakeCA], tuple[x509.Certificate, ec.EllipticCurvePrivateKey]],
    chain: tuple[x509.Certificate, ...] = (),
    **header: object,
) -> Act:
    def act(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        certificate, key = make(ca)
        credential = SignatureCredential(certificate, key, chain)
        return granted(ca, requests[-1], credential=credential, **header)

    return act


def signer(
    common_name: str = "Test CMP signer", issuer: Issuer | None = None, **how: object
) -> Callable[[FakeCA], tuple[x509.Certificate, ec.EllipticCurvePrivateKey]]:
    """A signer of answers as the CA, or another issuer, makes it: `how` is `make_certificate`'s."""

    def make(ca: FakeCA) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = new_key()
        fields = {"extensions": [SPEAKS_FOR_CA]} | how
        return (issuer or ca.root).issue(name(common_name), key.public_key(), **fields), key

    return make


def algorithm(oid: str, parameters: bytes | None = None) -> Act:
    """A signature of the CA's signer, called by another name."""
    return lambda ca, requests: protected_by(
        AlgorithmIdentifier(oid, parameters),
        lambda part: sign(ca.signer.private_key, part),
        lambda ca: [der_of(ca.signer.certificate)],
        sender=ca.signer.certificate.subject,
        sender_kid=None,
    )(ca, requests)


def untrusted(act: Act, words: str, asks: str = "cr") -> Fault:
    return Fault(act, UntrustedCertificate, words, asks)


def unsigned(act: Act, words: str) -> Fault:
    return Fault(act, ProtectionError, words, "cr")


def short_rsa(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    key = rsa.generate_private_key(65537, 1024)
    certificate = ca.root.issue(name("short"), key.public_key(), extensions=[SPEAKS_FOR_CA])
    made_with = AlgorithmIdentifier("1.2.840.113549.1.1.11", b"\x05\0")
    return protected_by(
        made_with,
        lambda part: bytes(128),
        lambda ca: [der_of(certificate)],
        sender=certificate.subject,
        sender_kid=None,
    )(ca, requests)


def renamed(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    """Signed by another device of the same CA, in the name of the signer."""
    credential = SignatureCredential(ca.certificate, ca.certificate_key)
    return granted(ca, requests[-1], credential=credential, sender=ca.signer.certificate.subject)


def named_otherwise(der: bytes) -> Fault:
    return untrusted(header_field(1, der), "no certificate of that name")


STRANGER = make_root("Strange Root")
NAMESAKE = make_root("Test Root")
IMPOSTOR = (NAMESAKE.certificate,)
SIGNATURES = {
    "a stranger's signature for a MAC": untrusted(
        signed_by(signer(issuer=STRANGER)), "somebody else than the CA", "ir"
    ),
    "signer under a strange root": untrusted(
        signed_by(signer(issuer=STRANGER), (STRANGER.certificate,)), "somebody else than the CA"
    ),
    "signer under a root of the same name": untrusted(
        signed_by(signer(issuer=NAMESAKE), IMPOSTOR), "somebody else than the CA"
    ),
    "a root of the same name itself": untrusted(
        signed_by(lambda ca: (NAMESAKE.certificate, NAMESAKE.key)),  # pyright: ignore
        "somebody else than the CA",
    ),
    "signer signed by itself": untrusted(
        signed_by(lambda ca: (lambda root: (root.certificate, root.key))(make_root("CMP"))),  # pyright: ignore
        "somebody else than the CA",
    ),
    "signer expired": untrusted(
        signed_by(signer(begins=NOW - 2 * HOUR, ends=NOW - HOUR)), "expired"
    ),
    "signer of tomorrow": untrusted(
        signed_by(signer(begins=NOW + 24 * HOUR, ends=NOW + 48 * HOUR)), "not valid before"
    ),
    "signer that may not sign": untrusted(
        signed_by(signer(usages=("key_agreement",))), "keyUsage does not allow it"
    ),
    "signer that does not speak for the CA": untrusted(
        signed_by(signer(extensions=[])), "no extendedKeyUsage lets it speak"
    ),
    "another device": untrusted(
        signed_by(lambda ca: (ca.certificate, ca.certificate_key)), "is an end entity's"
    ),
    "signer that is a web server": untrusted(
        signed_by(
            signer(
                extensions=[
                    x509.Extension(
                        x509.ExtendedKeyUsage.oid,
                        False,
                        x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.1")]),
                    )
                ]
            )
        ),
        "no extendedKeyUsage lets it speak",
    ),
    "signer below an end entity": untrusted(
        lambda ca, r: signed_by(
            signer(issuer=Issuer(ca.certificate, ca.certificate_key)), (ca.certificate,)
        )(ca, r),
        "somebody else than the CA",
    ),
    "signer without its certificate": untrusted(without(0xA1), "no certificate of that name"),
    "sender that is not the signer": untrusted(
        lambda ca, r: granted(ca, r[-1], sender=name("somebody")), "no certificate of that name"
    ),
    "sender that is nobody": untrusted(
        lambda ca, r: granted(ca, r[-1], sender=x509.Name([])), "in the name of nobody"
    ),
    "a device in the name of the signer": untrusted(renamed, "no certificate of that name"),
    "senderKID of another": untrusted(
        lambda ca, r: protected_by(
            signature_algorithm(ca.signer.private_key),
            lambda part: sign(ca.signer.private_key, part),
            lambda ca: [der_of(ca.signer.certificate)],
            sender=ca.signer.certificate.subject,
            sender_kid=b"another",
        )(ca, r),
        "no certificate of that name",
    ),
    "sender that is a mailbox": named_otherwise(tlv(0x81, b"ca@example.com")),
    "sender that is a host": named_otherwise(tlv(0x82, b"ca.example.com")),
    "sender that is an URI": named_otherwise(tlv(0x86, b"https://ca.example.com/")),
    "sender that is an address": named_otherwise(tlv(0x87, bytes(4))),
    "sender that is an object identifier": named_otherwise(tlv(0x88, b"\x2a\x03")),
    "sender that is an otherName": named_otherwise(tlv(0xA0, b"\x06\2\x2a\3\xa0\2\x05\0")),
    "sender that is an X.400 address": named_otherwise(tlv(0xA3, b"\x30\0")),
    "sender that is an EDI party": named_otherwise(tlv(0xA5, b"\xa1\2\x0c\0")),
    "sender of an unknown kind": named_otherwise(tlv(0x9E, b"?")),
    "sender that is no GeneralName": Fault(
        header_field(1, tlv(0x04, b"?")), MalformedMessage, "no PKIMessage", "cr"
    ),
    "a signature with one bit wrong": unsigned(
        protection(lambda s: bits(s[:-1] + bytes([s[-1] ^ 1]))), "signature is wrong"
    ),
    "an empty signature": unsigned(protection(lambda s: bits(b"")), "signature is wrong"),
    "a signature of zeros": unsigned(
        protection(lambda s: bits(b"\x30\6\2\1\0\2\1\0")), "signature is wrong"
    ),
    "the signature of another body": unsigned(other_body, "signature is wrong"),
    "an unknown algorithm": unsigned(algorithm("1.2.3.4.5"), "1.2.3.4.5 is not accepted"),
    "an algorithm of 3 000 arcs": Fault(
        algorithm("1.2" + ".3" * 3_000),
        MalformedMessage,
        "an object identifier has 3001 bytes",
        "cr",
    ),
    "md5WithRSAEncryption": unsigned(
        algorithm("1.2.840.113549.1.1.4", b"\x05\0"), "md5WithRSAEncryption"
    ),
    "sha1WithRSAEncryption": unsigned(
        algorithm("1.2.840.113549.1.1.5", b"\x05\0"), "sha1WithRSAEncryption"
    ),
    "ecdsa-with-SHA1": unsigned(algorithm("1.2.840.10045.4.1"), "ecdsa-with-SHA1"),
    "ecdsa-with-SHA512 for a signature with SHA-256": unsigned(
        algorithm("1.2.840.10045.4.3.4"), "signature is wrong"
    ),
    "an RSA algorithm for an EC key": unsigned(
        algorithm("1.2.840.113549.1.1.11", b"\x05\0"), "does not fit the key"
    ),
    "RSASSA-PSS for an EC key": unsigned(
        algorithm("1.2.840.113549.1.1.10", b"\x30\0"), "does not fit the key"
    ),
    "ECDSA with parameters": unsigned(
        algorithm("1.2.840.10045.4.3.2", b"\x05\0"), "parameters of its own"
    ),
    "an RSA key of 1024 bits": unsigned(short_rsa, "1024 bits"),
}

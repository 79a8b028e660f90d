"""Answers whose header belongs to something else, or whose protection is wrong, weak or somebody else's."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.credentials import PasswordCredential, SignatureCredential
from csc.runtime.cmp.errors import (
    MalformedMessage,
    ProtectionError,
    UnexpectedAnswer,
    UntrustedCertificate,
)
from csc.runtime.cmp.mac import PASSWORD_BASED_MAC, PBMAC1
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.cmp.protection import sign, signature_algorithm

from .certificates import NOW, SPEAKS_FOR_CA, Issuer, make_root, name, new_key
from .der import nodes
from .fake_ca import SECRET, FakeCA
from .faulty_ca import (
    HMAC_SHA1,
    SHA1,
    Act,
    Fault,
    der_of,
    granted,
    header_field,
    honest,
    in_turn,
    junk,
    parts_of,
    pbm,
    pbmac1,
    protected_by,
    with_header,
)

HOUR = timedelta(hours=1)
OTHER_ID = bytes(16)


def belongs_elsewhere(act: Act, field: str, sends: int = 1, asks: str = "ir") -> Fault:
    return Fault(act, UnexpectedAnswer, f"{field} of the answer: expected", asks, sends)


def to_another(ca: FakeCA, requests: Sequence[bytes], **header: object) -> bytes:
    """An honest answer to another transaction of the same client."""
    header = {"transaction_id": secrets.token_bytes(16), "recip_nonce": OTHER_ID} | header
    return honest_with(ca, requests, **header)


def honest_with(ca: FakeCA, requests: Sequence[bytes], **header: object) -> bytes:
    if decode(requests[-1]).body.type is BodyType.CERT_CONF:
        return ca.confirm(requests[-1], **header)
    return granted(ca, requests[-1], **header)


class Recorder:
    """Gives the first answer again to whatever comes next."""

    def __init__(self, answer: Act) -> None:
        self.answer = answer
        self.recorded: dict[bytes, bytes] = {}

    def __call__(self, ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        if requests[0] not in self.recorded:
            self.recorded[requests[0]] = self.answer(ca, requests)
        return self.recorded[requests[0]]


def recipient(der: bytes) -> Act:
    return header_field(2, der, asks_signature=False)


HEADERS = {
    "pvno 0": belongs_elsewhere(with_header(pvno=0), "pvno"),
    "pvno 1": belongs_elsewhere(with_header(pvno=1), "pvno"),
    "pvno 4": belongs_elsewhere(with_header(pvno=4), "pvno"),
    "pvno -1": belongs_elsewhere(with_header(pvno=-1), "pvno"),
    "pvno 2^63": belongs_elsewhere(with_header(pvno=2**63), "pvno"),
    "another transactionID": belongs_elsewhere(
        with_header(transaction_id=OTHER_ID), "transactionID"
    ),
    "no transactionID": belongs_elsewhere(with_header(transaction_id=None), "transactionID"),
    "an empty transactionID": belongs_elsewhere(with_header(transaction_id=b""), "transactionID"),
    "a transactionID of a megabyte": belongs_elsewhere(
        with_header(transaction_id=bytes(900_000)), "transactionID"
    ),
    "another recipNonce": belongs_elsewhere(with_header(recip_nonce=OTHER_ID), "recipNonce"),
    "no recipNonce": belongs_elsewhere(with_header(recip_nonce=None), "recipNonce"),
    "an empty recipNonce": belongs_elsewhere(with_header(recip_nonce=b""), "recipNonce"),
    "no senderNonce": belongs_elsewhere(with_header(sender_nonce=None), "senderNonce"),
    "an empty senderNonce": belongs_elsewhere(with_header(sender_nonce=b""), "senderNonce"),
    "a senderNonce of 15 bytes": belongs_elsewhere(
        with_header(sender_nonce=bytes(15)), "senderNonce"
    ),
    "another recipient": belongs_elsewhere(with_header(recipient=name("fw2")), "recipient"),
    "a recipient that is a mailbox": belongs_elsewhere(
        recipient(tlv(0x81, b"fw2@example.com")), "recipient"
    ),
    "two hours old": belongs_elsewhere(with_header(message_time=NOW - 2 * HOUR), "messageTime"),
    "two hours ahead": belongs_elsewhere(with_header(message_time=NOW + 2 * HOUR), "messageTime"),
    "of the year 1": belongs_elsewhere(
        header_field(3, tlv(0xA0, tlv(0x18, b"00010101000000Z")), asks_signature=False),
        "messageTime",
    ),
    "of the year 9999": belongs_elsewhere(
        header_field(3, tlv(0xA0, tlv(0x18, b"99991231235959Z")), asks_signature=False),
        "messageTime",
    ),
    "of no day": Fault(
        header_field(3, tlv(0xA0, tlv(0x18, b"20261399000000Z")), asks_signature=False),
        MalformedMessage,
        "no PKIMessage",
    ),
    "before all time": Fault(
        header_field(3, tlv(0xA0, tlv(0x18, b"00010101000000+1400")), asks_signature=False),
        MalformedMessage,
        "no PKIMessage",
    ),
    "the answer of another transaction": belongs_elsewhere(to_another, "transactionID"),
    "the confirmation of another transaction": belongs_elsewhere(
        in_turn(honest, to_another), "transactionID", sends=2
    ),
    "the confirmation of another certificate": belongs_elsewhere(
        in_turn(honest, lambda ca, r: honest_with(ca, r, recip_nonce=OTHER_ID)),
        "recipNonce",
        sends=2,
    ),
    "the first answer again": belongs_elsewhere(Recorder(honest), "recipNonce", sends=2),
    "the first pollRep again": belongs_elsewhere(
        in_turn(lambda ca, r: ca.wait(r[-1]), Recorder(lambda ca, r: ca.poll_rep(r[-1]))),
        "recipNonce",
        sends=3,
    ),
}
HEADERS["the first pollRep again"] = replace(HEADERS["the first pollRep again"], limit=1000)


# -- MACs -----------------------------------------------------------------------------------------------


def no_protection(act: Act, asks: str = "ir", sends: int = 1) -> Fault:
    return Fault(act, ProtectionError, "the answer is not protected", asks, sends)


def bare(body: Callable[[FakeCA, bytes], PKIBody] | None = None) -> Act:
    """The honest answer without protectionAlg and protection, perhaps with another body."""

    def act(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        message = honest(ca, requests)
        if body is not None:
            message = ca.answer(requests[-1], body(ca, requests[-1]))
        header, content, _ = parts_of(message)
        fields = [node.der for node in nodes(header.content) if node.tag != 0xA1]
        return tlv(0x30, tlv(0x30, b"".join(fields)) + content.der)

    return act


def without(tag: int) -> Act:
    """The honest answer without its protection (0xA0) or its extraCerts (0xA1)."""

    def act(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        header, body, rest = parts_of(honest(ca, requests))
        kept = b"".join(node.der for node in rest if node.tag != tag)
        return tlv(0x30, header.der + body.der + kept)

    return act


def error_body(*bits: PKIFailureInfo) -> Callable[[FakeCA, bytes], PKIBody]:
    status = PKIStatusInfo(PKIStatus.REJECTION, ("go away",), frozenset(bits))
    return lambda ca, request: PKIBody(BodyType.ERROR, ErrorMsgContent(status))


def protection(change: Callable[[bytes], bytes]) -> Act:
    """The honest answer with another BIT STRING (tag and all) as its protection."""

    def act(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        header, body, rest = parts_of(honest(ca, requests))
        bits = change(rest[0][0].content[1:])
        extra = b"".join(node.der for node in rest[1:])
        return tlv(0x30, header.der + body.der + tlv(0xA0, bits) + extra)

    return act


def bits(octets: bytes) -> bytes:
    return tlv(3, b"\0" + octets)


def other_body(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    """MAC or signature of the honest answer over another body."""
    header, _, rest = parts_of(honest(ca, requests))
    _, other, _ = parts_of(honest(ca, requests))
    return tlv(0x30, header.der + other.der + b"".join(node.der for node in rest))


def weak(act: Act, words: str) -> Fault:
    return Fault(act, ProtectionError, words)


def mac_of(oid: str, parameters: bytes | None = None) -> Act:
    return protected_by(AlgorithmIdentifier(oid, parameters), junk)


WRONG_MAC = "MAC is not made with the shared secret"
MACS = {
    "ip without protection": no_protection(bare()),
    "ip with protectionAlg alone": no_protection(without(0xA0)),
    "ip with protection alone": no_protection(protected_by(None, junk)),
    "pkiconf without protection": no_protection(in_turn(honest, bare()), sends=2),
    "rp without protection": no_protection(bare(), asks="rr"),
    "error without protection": Fault(
        bare(error_body(PKIFailureInfo.BAD_POP)), ProtectionError, "claims to be a refusal.*badPOP"
    ),
    "error without protection that says certRevoked": no_protection(
        bare(error_body(PKIFailureInfo.CERT_REVOKED)), asks="rr"
    ),
    "error without protection that says certConfirmed": no_protection(
        in_turn(honest, bare(error_body(PKIFailureInfo.CERT_CONFIRMED))), sends=2
    ),
    "cp without protection to a signed request": no_protection(bare(), asks="cr"),
    "another secret": weak(
        with_header(credential=PasswordCredential(b"3078", b"sesame")), WRONG_MAC
    ),
    "an empty secret": weak(with_header(credential=PasswordCredential(b"3078", b"")), WRONG_MAC),
    "an empty MAC": weak(protection(lambda mac: bits(b"")), WRONG_MAC),
    "half a MAC": weak(protection(lambda mac: bits(mac[:16])), WRONG_MAC),
    "one byte of a MAC": weak(protection(lambda mac: bits(mac[:1])), WRONG_MAC),
    "a MAC and a byte": weak(protection(lambda mac: bits(mac + b"\0")), WRONG_MAC),
    "a MAC with one bit wrong": weak(
        protection(lambda mac: bits(bytes([mac[0] ^ 1]) + mac[1:])), WRONG_MAC
    ),
    "a MAC of seven bits less": Fault(
        protection(lambda mac: tlv(3, b"\7" + mac)), MalformedMessage, "no PKIMessage"
    ),
    "a MAC as OCTET STRING": Fault(
        protection(lambda mac: tlv(4, mac)), MalformedMessage, "no PKIMessage"
    ),
    "the MAC of another body": weak(other_body, WRONG_MAC),
    "PBM with SHA-1": weak(pbm(owf=SHA1, hashes=("sha1", "sha256")), "made with SHA-1"),
    "PBM with HMAC-SHA1": weak(pbm(mac=HMAC_SHA1, hashes=("sha256", "sha1")), "made with SHA-1"),
    "PBM with MD5": weak(
        pbm(owf=AlgorithmIdentifier("1.2.840.113549.2.5"), hashes=("md5", "sha256")),
        "hash 1.2.840.113549.2.5, which is not accepted",
    ),
    "PBM with an unknown HMAC": weak(
        pbm(mac=AlgorithmIdentifier("1.2.3.4")), "HMAC 1.2.3.4, which is not accepted"
    ),
    "PBM with a hash with parameters": weak(
        pbm(owf=AlgorithmIdentifier("2.16.840.1.101.3.4.2.1", b"\x02\1\1")), "with parameters"
    ),
    **{
        f"PBM with the count {count}": weak(
            pbm(count=count), f"iteration count is {count}, and 100 to 100000"
        )
        for count in (-1, 0, 1, 99, 100_001, 2**31, 2**63)
    },
    "PBM with a count of 3 000 bytes": weak(pbm(count=1 << 23_000), "parameters are malformed"),
    "PBM without salt": weak(pbm(salt=b""), "salt has 0 bytes"),
    "PBM with a salt of 7 bytes": weak(pbm(salt=bytes(7)), "salt has 7 bytes"),
    "PBM without parameters": weak(mac_of(PASSWORD_BASED_MAC), "parameters are malformed"),
    "PBM with garbage as parameters": weak(
        mac_of(PASSWORD_BASED_MAC, b"\x04\3abc"), "parameters are malformed"
    ),
    **{
        f"PBMAC1 with the count {count}": weak(
            pbmac1(count=count), f"iteration count is {count}, and 1000 to 1000000"
        )
        for count in (1, 999, 1_000_001, 2**31, 2**63)
    },
    "PBMAC1 with a count of 3 000 bytes": weak(
        pbmac1(count=1 << 23_000), "parameters are malformed"
    ),
    "PBMAC1 without keyLength": weak(pbmac1(length=None), "keyLength is left out"),
    "PBMAC1 with the keyLength 0": weak(pbmac1(length=0), "keyLength is 0"),
    "PBMAC1 with the keyLength 8": weak(pbmac1(length=8), "keyLength is 8"),
    "PBMAC1 with the keyLength 2^31": weak(pbmac1(length=2**31), f"keyLength is {2**31}"),
    "PBMAC1 with a salt of 7 bytes": weak(pbmac1(salt=bytes(7)), "salt has 7 bytes"),
    "PBMAC1 with SHA-1 in PBKDF2": weak(
        pbmac1(prf=HMAC_SHA1, hashes=("sha1", "sha256")), "made with SHA-1"
    ),
    "PBMAC1 with HMAC-SHA1": weak(pbmac1(mac=HMAC_SHA1, hashes=("sha256", "sha1")), "with SHA-1"),
    "PBMAC1 without parameters": weak(mac_of(PBMAC1), "parameters are malformed"),
    "DHBasedMac": weak(mac_of("1.2.840.113533.7.66.30", b"\x30\0"), "DHBasedMac"),
    "KemBasedMac": weak(mac_of("1.2.840.113533.7.66.16", b"\x30\0"), "KemBasedMac"),
    "a bare HMAC": Fault(
        mac_of("1.2.840.113549.2.9"), UntrustedCertificate, "no certificate of that name"
    ),
    "a MAC for a signature": Fault(
        with_header(credential=SECRET), ProtectionError, "has to be signed, and has a MAC", "cr"
    ),
}


# -- signatures -----------------------------------------------------------------------------------------


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
PROTECTIONS = {**HEADERS, **MACS, **SIGNATURES}

"""Answers without protection, or with a MAC that is wrong or weak."""

from collections.abc import Callable, Sequence

from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.credentials import PasswordCredential
from csc.runtime.cmp.errors import (
    MalformedMessage,
    NotProtected,
    ProtectionError,
    UntrustedCertificate,
    WrongMac,
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

from .der import nodes
from .fake_ca import SECRET, FakeCA
from .faulty_ca import (
    HMAC_SHA1,
    SHA1,
    Act,
    Fault,
    bits,
    honest,
    in_turn,
    junk,
    other_body,
    parts_of,
    pbm,
    pbmac1,
    protected_by,
    protection,
    with_header,
    without,
)


def no_protection(act: Act, asks: str = "ir", sends: int = 1) -> Fault:
    return Fault(act, NotProtected, "the answer is not protected", asks, sends)


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


def error_body(*bits: PKIFailureInfo) -> Callable[[FakeCA, bytes], PKIBody]:
    status = PKIStatusInfo(PKIStatus.REJECTION, ("go away",), frozenset(bits))
    return lambda ca, request: PKIBody(BodyType.ERROR, ErrorMsgContent(status))


def weak(act: Act, words: str) -> Fault:
    return Fault(act, WrongMac if words == WRONG_MAC else ProtectionError, words)


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
        bare(error_body(PKIFailureInfo.BAD_POP)), NotProtected, "claims to be a refusal.*badPOP"
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

"""Faults of a CA as data: what it answers, and in which error that has to end.

An `Act` gets the CA and all requests of the transaction so far, and gives back the answer to the last one.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec import (
    PBMAC1Parameter,
    decode,
    encode_message,
    encode_pbm_parameter,
    encode_pbmac1_parameter,
    encode_protected_part,
)
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.credentials import Credential, PasswordCredential
from csc.runtime.cmp.errors import CMPError, UnexpectedAnswer
from csc.runtime.cmp.mac import PASSWORD_BASED_MAC, PBMAC1, compute_mac
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    ErrorMsgContent,
    PBMParameter,
    PKIBody,
    PKIFailureInfo,
    PKIStatusInfo,
)
from csc.runtime.cmp.protection import sign

from .der import Node, nodes
from .fake_ca import SECRET, FakeCA

Act = Callable[[FakeCA, Sequence[bytes]], bytes]
NULL = b"\x05\x00"
SHA1 = AlgorithmIdentifier("1.3.14.3.2.26", NULL)
SHA256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.1")
HMAC_SHA1 = AlgorithmIdentifier("1.2.840.113549.2.7", NULL)
HMAC_SHA256 = AlgorithmIdentifier("1.2.840.113549.2.9", NULL)
SALT = bytes(range(16))


@dataclass(frozen=True)
class Fault:
    """`asks` names what the client begins with, `sends` counts the messages that it then sends in all.

    `rejects` tells that the last of them rejects the certificate; `limit` is how many seconds a CA may go
    on saying that it has not decided.
    """

    act: Act
    error: type[CMPError]
    words: str
    asks: str = "ir"
    sends: int = 1
    rejects: bool = False
    limit: int = 20


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def granted(ca: FakeCA, request: bytes, **header: object) -> bytes:
    """The honest answer to the first message of any enrolment."""
    return ca.enrol(request, ca.issue_for(request), **header)  # pyright: ignore


def honest(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    """The honest answer to any message of an enrolment or a revocation."""
    match decode(requests[-1]).body.type:
        case BodyType.CERT_CONF:
            return ca.confirm(requests[-1])
        case BodyType.RR:
            return ca.revoke(requests[-1])
        case BodyType.POLL_REQ:
            return ca.answer(requests[-1], decode(granted(ca, requests[0])).body)
        case _:
            return granted(ca, requests[-1])


def in_turn(*acts: Act) -> Act:
    """The first act for the first message, and so on; the last for all that follow."""
    return lambda ca, requests: acts[min(len(requests), len(acts)) - 1](ca, requests)


def with_header(**header: object) -> Act:
    """The honest ip with another header."""
    return lambda ca, requests: granted(ca, requests[-1], **header)


def with_body(make: Callable[[FakeCA, bytes], PKIBody]) -> Act:
    """Another body."""
    return lambda ca, requests: ca.answer(requests[-1], make(ca, requests[-1]))


def parts_of(message: bytes) -> tuple[Node, Node, list[Node]]:
    """Header, body, and what follows them."""
    header, body, *rest = nodes(nodes(message)[0].content)
    return header, body, rest


def sealed(
    message: bytes,
    credential: Credential,
    *,
    header: bytes | None = None,
    body: bytes | None = None,
) -> bytes:
    """`message` with another header or body (DER), and MAC or signature made anew over it."""
    old_header, old_body, rest = parts_of(message)
    parts = (old_header.der if header is None else header) + (
        old_body.der if body is None else body
    )
    if isinstance(credential, PasswordCredential):
        algorithm = decode(message).header.protection_alg
        assert algorithm is not None
        protection = compute_mac(algorithm, credential.secret, tlv(0x30, parts))
    else:
        protection = sign(credential.private_key, tlv(0x30, parts))
    extra = b"".join(node.der for node in rest if node.tag == 0xA1)
    return tlv(0x30, parts + tlv(0xA0, tlv(0x03, b"\x00" + protection)) + extra)


def raw_body(number: int, content: bytes) -> Act:
    """A body of any tag and content, rightly protected."""

    def act(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        credential = ca.credential_for(decode(requests[0]))
        return sealed(ca.confirm(requests[-1]), credential, body=tlv(0xA0 | number, content))

    return act


def header_field(index: int, der: bytes, *, asks_signature: bool = True) -> Act:
    """The honest answer, in whose header the field at `index` is `der`; rightly protected."""

    def act(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        message = granted(ca, requests[-1])
        fields = [node.der for node in nodes(parts_of(message)[0].content)]
        fields[index] = der
        credential = ca.signer if asks_signature else SECRET
        return sealed(message, credential, header=tlv(0x30, b"".join(fields)))

    return act


def protected_by(
    algorithm: AlgorithmIdentifier | None,
    protection: Callable[[bytes], bytes | None],
    extra_certs: Callable[[FakeCA], Sequence[bytes]] = lambda ca: (),
    **header: object,
) -> Act:
    """The honest ip with any protectionAlg, and what `protection` makes of the protected part."""

    def act(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        message = decode(granted(ca, requests[-1]))
        changed = replace(message.header, protection_alg=algorithm, **header)  # pyright: ignore
        part = encode_protected_part(changed, message.body)
        made = protection(part)
        if made is None:
            _, _, rest = parts_of(encode_message(part, b"x", list(extra_certs(ca))))
            return tlv(0x30, nodes(part)[0].content + b"".join(n.der for n in rest[1:]))
        return encode_message(part, made, list(extra_certs(ca)))

    return act


def pbm(
    *,
    count: int = 500,
    salt: bytes = SALT,
    owf: AlgorithmIdentifier = SHA256,
    mac: AlgorithmIdentifier = HMAC_SHA256,
    hashes: tuple[str, str] = ("sha256", "sha256"),
) -> Act:
    """A PasswordBasedMac of any parameters; it is right where it can be computed in a second."""

    def make(part: bytes) -> bytes:
        key = SECRET.secret + salt
        for _ in range(count if count < 200_000 else 0):
            key = hashlib.new(hashes[0], key).digest()
        return hmac.digest(key, part, hashes[1])

    parameter = encode_pbm_parameter(PBMParameter(salt, owf, count, mac))
    return protected_by(AlgorithmIdentifier(PASSWORD_BASED_MAC, parameter), make)


def pbmac1(
    *,
    count: int = 1000,
    salt: bytes = SALT,
    length: int | None = 32,
    prf: AlgorithmIdentifier = HMAC_SHA256,
    mac: AlgorithmIdentifier = HMAC_SHA256,
    hashes: tuple[str, str] = ("sha256", "sha256"),
) -> Act:
    """A PBMAC1 of any parameters; it is right where it can be computed in a second or two."""

    def make(part: bytes) -> bytes:
        rounds = count if 0 < count < 2_000_000 else 1
        size = length if length is not None and 0 < length < 10_000 else 32
        key = hashlib.pbkdf2_hmac(hashes[0], SECRET.secret, salt, rounds, size)
        return hmac.digest(key, part, hashes[1])

    parameter = encode_pbmac1_parameter(PBMAC1Parameter(salt, count, length, prf, mac))
    return protected_by(AlgorithmIdentifier(PBMAC1, parameter), make)


def junk(_: bytes) -> bytes:
    return secrets.token_bytes(32)


def junk_behind(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    """The honest answer, with more extraCerts than anybody reads, the signer's first."""
    message = decode(granted(ca, requests[-1]))
    none = [tlv(4, number.to_bytes(2, "big")) for number in range(2_000)]
    return encode_message(message.protected_part, message.protection, [*message.extra_certs, *none])


def without(tag: int) -> Act:
    """The honest answer without its protection (0xA0) or its extraCerts (0xA1)."""

    def act(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        header, body, rest = parts_of(honest(ca, requests))
        kept = b"".join(node.der for node in rest if node.tag != tag)
        return tlv(0x30, header.der + body.der + kept)

    return act


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


def error(*bits: PKIFailureInfo, status: int = 2) -> Act:
    info = PKIStatusInfo(status, ("why not",), frozenset(bits))
    return with_body(lambda ca, r: PKIBody(BodyType.ERROR, ErrorMsgContent(info)))


def unexpected(act: Act, words: str, asks: str = "ir", sends: int = 1) -> Fault:
    return Fault(act, UnexpectedAnswer, words, asks, sends)

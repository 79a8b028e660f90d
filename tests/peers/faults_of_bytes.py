"""Answers that are no DER, or more of it than anybody needs."""

from collections.abc import Callable, Sequence

from csc.runtime.cmp.codec import decode, encode_message
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.errors import (
    AnswerTooLarge,
    MalformedMessage,
    NotProtected,
    Rejected,
    UnexpectedAnswer,
    UntrustedCertificate,
)
from csc.runtime.cmp.model import BodyType, ErrorMsgContent, PKIBody, PKIStatus, PKIStatusInfo
from csc.runtime.cmp.protection import sign

from .der import nodes
from .fake_ca import SECRET, FakeCA
from .faulty_ca import (
    NULL,
    Act,
    Fault,
    der_of,
    granted,
    header_field,
    honest,
    in_turn,
    parts_of,
    raw_body,
    sealed,
    with_body,
)

MANY = 900_000  # bytes: most of what an answer may have
STATUS = bytes.fromhex("3003020100")


def ip_with(status: bytes) -> bytes:
    """The content of an ip with one response whose PKIStatusInfo is `status`, and no certificate."""
    return tlv(0x30, tlv(0x30, tlv(0x30, bytes.fromhex("020100") + status)))


def altered(alter: Callable[[bytes], bytes]) -> Act:
    """The bytes of the honest answer, altered."""
    return lambda ca, requests: alter(granted(ca, requests[-1]))


def length(first: bytes) -> Act:
    """The honest answer, whose length is written in a way of its own."""
    return altered(lambda message: message[:1] + first + nodes(message)[0].content)


def indefinite_header(message: bytes) -> bytes:
    header, body, rest = parts_of(message)
    parts = b"\x30\x80" + header.content + b"\0\0" + body.der
    return tlv(0x30, parts + b"".join(node.der for node in rest))


def long_nonce_length(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
    """recipNonce in a form that no DER has, and a MAC that is right over it."""
    message = granted(ca, requests[-1])
    fields = [node.der for node in nodes(parts_of(message)[0].content)]
    fields[8] = tlv(0xA6, b"\x04\x81\x10" + nodes(fields[8])[0][0].content)
    return sealed(message, SECRET, header=tlv(0x30, b"".join(fields)))


def nested(depth: int, tag: int = 0x30) -> bytes:
    der = b""
    for _ in range(depth):
        der = tlv(tag, der)
    return der


def error_with(status: bytes) -> Act:
    return raw_body(23, tlv(0x30, status))


def many_certificates(count: int, *, is_junk: bool) -> Act:
    """A signed cp whose signer comes behind `count` others."""

    def act(ca: FakeCA, requests: Sequence[bytes]) -> bytes:
        message = decode(granted(ca, requests[-1]))
        signature = sign(ca.signer.private_key, message.protected_part)
        certificates = [
            tlv(4, number.to_bytes(2, "big")) if is_junk else der_of(ca.certificate)
            for number in range(count)
        ]
        return encode_message(
            message.protected_part, signature, [*certificates, *message.extra_certs]
        )

    return act


def refusal(*texts: str) -> Act:
    status = PKIStatusInfo(PKIStatus.REJECTION, texts)
    return with_body(lambda ca, r: PKIBody(BodyType.ERROR, ErrorMsgContent(status)))


def malformed(act: Act, words: str = "no PKIMessage", asks: str = "ir", sends: int = 1) -> Fault:
    return Fault(act, MalformedMessage, words, asks, sends)


BYTES = {
    "a byte behind the message": malformed(altered(lambda m: m + b"\0"), "1 bytes follow"),
    "the message twice": malformed(altered(lambda m: m + m), "bytes follow"),
    "a byte before the message": malformed(altered(lambda m: b"\0" + m)),
    "a page of HTML": malformed(altered(lambda m: b"<html><body>Welcome</body></html>")),
    "text": malformed(altered(lambda m: b"-----BEGIN CMP-----\n" + m.hex().encode())),
    "zeros": malformed(altered(lambda m: bytes(len(m)))),
    "an empty SEQUENCE": malformed(altered(lambda m: b"\x30\0")),
    "the header alone": malformed(altered(lambda m: tlv(0x30, parts_of(m)[0].der))),
    "the body alone": malformed(altered(lambda m: tlv(0x30, parts_of(m)[1].der))),
    "body before header": malformed(
        altered(lambda m: tlv(0x30, parts_of(m)[1].der + parts_of(m)[0].der))
    ),
    "a certificate": malformed(lambda ca, r: der_of(ca.certificate)),
    "the client's own request": Fault(lambda ca, r: r[-1], UnexpectedAnswer, "recipNonce"),
    # ip and extraCerts have the same tag.
    "two bodies": Fault(
        altered(lambda m: tlv(0x30, parts_of(m)[0].der + parts_of(m)[1].der * 2)),
        NotProtected,
        "not protected",
    ),
    "three protections": malformed(
        altered(lambda m: tlv(0x30, nodes(m)[0].content + parts_of(m)[2][0].der * 2))
    ),
    "a SET in place of the SEQUENCE": malformed(altered(lambda m: b"\x31" + m[1:])),
    # Lengths
    "indefinite length": malformed(
        altered(lambda m: b"\x30\x80" + nodes(m)[0].content + b"\0\0"), "indefinite"
    ),
    "indefinite length of the header": malformed(altered(indefinite_header), "indefinite"),
    "length with a zero before it": malformed(length(b"\x83\0\x02\0"), "more bytes than it needs"),
    "length of a nonce longer than need be": malformed(
        long_nonce_length, "more bytes than it needs"
    ),
    "length of eight bytes": malformed(length(b"\x88" + bytes(7) + b"\x10"), "beyond all measure"),
    "length of 127 bytes": malformed(length(b"\xff"), "beyond all measure"),
    "length of 4 GiB": malformed(length(b"\x84\xff\xff\xff\xff")),
    "length that is one too long": malformed(
        altered(lambda m: tlv(0x30, nodes(m)[0].content + b"x")[:-1])
    ),
    "length that is one too short": malformed(
        altered(lambda m: tlv(0x30, nodes(m)[0].content[:-1]) + m[-1:]), "follow"
    ),
    "a tag of two bytes": malformed(altered(lambda m: b"\x3f\x30" + m[1:])),
    # Bombs
    "nested 200 000 deep": malformed(altered(lambda m: nested(150)[:2] * 200_000)),
    "nested 5 000 deep": malformed(altered(lambda m: nested(5_000)), "nested more than"),
    "nested 50 deep in the header": malformed(
        header_field(8, tlv(0xA7, nested(50)), asks_signature=False), "nested more than"
    ),
    "nested 50 deep in a certificate": malformed(
        raw_body(1, tlv(0x30, nested(50))), "nested more than"
    ),
    "a megabyte of tiny values": malformed(
        altered(lambda m: tlv(0x30, NULL * (MANY // 2))), "more than 20000 values"
    ),
    "a megabyte of tiny values in the body": malformed(
        raw_body(22, tlv(0x30, NULL * (MANY // 2))), "more than 20000 values"
    ),
    "a megabyte of empty extraCerts": malformed(
        altered(lambda m: tlv(0x30, nodes(m)[0].content + tlv(0xA1, tlv(0x30, NULL * 400_000)))),
        "more than 20000 values",
    ),
    "4 000 responses": Fault(
        raw_body(1, tlv(0x30, tlv(0x30, tlv(0x30, b"\x02\1\0" + STATUS) * 4_000))),
        UnexpectedAnswer,
        "responses: expected one",
    ),
    "more than a message may have": Fault(
        altered(lambda m: m + bytes(1024 * 1024)), AnswerTooLarge, "more"
    ),
    "10 000 extraCerts": Fault(
        many_certificates(10_000, is_junk=False), AnswerTooLarge, "more", "cr"
    ),
    "2 000 extraCerts before the signer's": Fault(
        many_certificates(2_000, is_junk=False), MalformedMessage, "more than 20000 values", "cr"
    ),
    "9 000 extraCerts that are none before the signer's": Fault(
        many_certificates(9_000, is_junk=True),
        UntrustedCertificate,
        "no certificate of that name",
        "cr",
    ),
    # Texts
    "a statusString of a megabyte": Fault(refusal("x" * MANY), Rejected, "x{200}…"),
    "9 000 statusStrings": Fault(refusal(*["no"] * 9_000), Rejected, "no; no; no"),
    "a statusString that clears the screen": Fault(
        refusal("\x1b[2J\x07\r\nroot#"), Rejected, r": +\[2J +root#"
    ),
    "a statusString that runs backwards": Fault(
        refusal("\u202eon\u2066\u200b"), Rejected, ": on|: +on"
    ),
    "a statusString with a NUL": Fault(refusal("a\0b"), Rejected, "a b"),
    "a statusString that is no UTF-8": malformed(
        error_with(tlv(0x30, b"\x02\1\2" + tlv(0x30, tlv(0x0C, b"\xff\xfe"))))
    ),
    "a statusString with half a surrogate": malformed(
        error_with(tlv(0x30, b"\x02\1\2" + tlv(0x30, tlv(0x0C, b"\xed\xa0\x80"))))
    ),
    # Numbers that Python does not write out
    "pvno of 3 000 bytes": malformed(header_field(0, tlv(2, b"\x7f" * 3000), asks_signature=False)),
    "status of 3 000 bytes": malformed(raw_body(1, ip_with(tlv(0x30, tlv(2, b"\x7f" * 3000))))),
    "errorCode of 3 000 bytes": malformed(
        raw_body(23, tlv(0x30, STATUS + tlv(2, b"\x7f" * 3000))),
    ),
    "checkAfter of 3 000 bytes": malformed(
        in_turn(
            lambda ca, r: ca.wait(r[-1]),
            raw_body(26, tlv(0x30, tlv(0x30, b"\x02\1\0" + tlv(2, b"\x7f" * 3000)))),
        ),
        sends=2,
    ),
    "failInfo of a megabyte": Fault(
        error_with(tlv(0x30, b"\x02\1\2" + tlv(3, b"\0" + b"\xff" * MANY))), Rejected, "badAlg"
    ),
    "an empty INTEGER": malformed(header_field(0, b"\x02\0", asks_signature=False)),
    # The confirmation
    "pkiconf with something in it": malformed(
        in_turn(honest, raw_body(19, b"\x05\x01\x00")), sends=2
    ),
    "pkiconf with something behind it": malformed(
        in_turn(honest, raw_body(19, NULL + NULL)), sends=2
    ),
    "pkiconf that is a SEQUENCE": malformed(in_turn(honest, raw_body(19, b"\x30\0")), sends=2),
    "pkiconf that is empty": malformed(in_turn(honest, raw_body(19, b"")), sends=2),
    "a byte behind pkiconf": malformed(
        in_turn(honest, lambda ca, r: ca.confirm(r[-1]) + b"\0"), sends=2
    ),
}

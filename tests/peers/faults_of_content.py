"""Answers that come from the CA and belong to the request, and say what nobody asked for."""

from collections.abc import Sequence
from datetime import timedelta

from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.codec.pop import Rand, encode_challenges, encode_rand
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.errors import (
    MalformedMessage,
    Rejected,
    StillWaiting,
    UnexpectedAnswer,
    failure_name,
)
from csc.runtime.cmp.model import (
    BodyType,
    CertResponse,
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
from .certificates import make_root
from .fake_ca import ACCEPTED, IMPLICIT_CONFIRM, WAITING, FakeCA, cert_rep
from .faulty_ca import (
    NULL,
    Act,
    Fault,
    der_of,
    error,
    granted,
    honest,
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


# -- bodies ---------------------------------------------------------------------------------------------

# A content that can be read for each body, by its tag.
EMPTY_LIST = tlv(0x30, b"")
CONTENTS = {
    **dict.fromkeys((5, 6, 9, 10, 13, 14, 15, 16, 17, 18, 19, 20), NULL),
    **dict.fromkeys((0, 2, 4, 7, 11, 20, 21, 22, 24, 25, 26), EMPTY_LIST),
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
    **WAITING_FOR_EVER,
}

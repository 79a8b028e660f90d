"""Answers whose header belongs to something else."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.errors import (
    MalformedMessage,
    UnexpectedAnswer,
)
from csc.runtime.cmp.model import (
    BodyType,
)

from .certificates import NOW, name
from .fake_ca import FakeCA
from .faulty_ca import (
    Act,
    Fault,
    granted,
    header_field,
    honest,
    in_turn,
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

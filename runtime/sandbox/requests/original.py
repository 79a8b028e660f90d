"""What an RA says end entities sent it (origPKIMessage) in; refused, unless it leads to what the RA sent.

RFC 9810 5.1.3.5 and 5.2.8.1: an RA that changes requests may send the original ones along, in the order of
what it made of them. The CA need not look; this one does, at what anybody could check who has them:

 1. there is one for each message;
 2. transactionID, senderNonce and recipNonce are the same (RFC 9483 5.2.3);
 3. it is of the same type; but PKCS #10 may have become ir or cr (RFC 9483 5.3.1);
 4. its protection holds, and is that of somebody this CA knows;
 5. if it asks for a certificate, then for the same key, whose possession it proves (RFC 9483 5.2.3.2).

Only an RA's are looked at. Everybody else's are none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...cmp.codec import decode
from ...cmp.codec.general import read_sequence
from ...cmp.errors import MalformedMessage
from ...cmp.model import (
    BodyType,
    CertReqMessages,
    InfoTypeAndValue,
    Pkcs10Request,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PopoKind,
)
from .desk import Order
from .pkcs10 import check_pkcs10_signed, read_pkcs10
from .possession import check_possession
from .refusal import Refusal
from .requester import Requester
from .subject_key import load_subject_key

ORIG_PKI_MESSAGE = "1.3.6.1.5.5.7.4.15"  # id-it-origPKIMessage
_FROM_PKCS10 = {BodyType.IR, BodyType.CR, BodyType.P10CR}


def check_originals(
    general_info: Sequence[InfoTypeAndValue],
    messages: Sequence[PKIMessage],
    authenticate: Callable[[PKIMessage], Requester],
) -> None:
    """Check the originals in a header of an RA's, if there are any, against what the RA made of them.

    `messages` are those in a nested message, or the one with the header itself.

    Raises:
        Refusal: if one of the rules does not hold; the text begins with origPKIMessage.
    """
    values = [info.value for info in general_info if info.oid == ORIG_PKI_MESSAGE]
    if not values:
        return
    if len(values) > 1 or values[0] is None:
        raise Refusal(
            PKIFailureInfo.BAD_DATA_FORMAT, "origPKIMessage has no value, or stands twice"
        )
    try:
        originals = [decode(der) for der in read_sequence(values[0])]
    except MalformedMessage as error:
        raise Refusal(PKIFailureInfo.BAD_DATA_FORMAT, f"origPKIMessage: {error}") from None
    if len(originals) != len(messages):  # 1
        raise Refusal(
            PKIFailureInfo.BAD_REQUEST,
            f"origPKIMessage holds {len(originals)} messages for {len(messages)}",
        )
    for original, message in zip(originals, messages, strict=True):
        try:
            _check_original(original, message, authenticate)
        except Refusal as refusal:
            (failure,) = refusal.status.fail_info
            raise Refusal(failure, f"origPKIMessage: {refusal}") from None


def _check_original(
    original: PKIMessage, message: PKIMessage, authenticate: Callable[[PKIMessage], Requester]
) -> None:
    if _identity(original.header) != _identity(message.header):  # 2
        raise Refusal(
            PKIFailureInfo.BAD_REQUEST, "it is of another transaction, or has other nonces"
        )
    before, after = original.body.type, message.body.type
    if before != after and not (before is BodyType.P10CR and after in _FROM_PKCS10):  # 3
        raise Refusal(PKIFailureInfo.BAD_REQUEST, f"{before} has become {after}")
    requester = authenticate(original)  # 4
    if _key_of(original) != _key_of(message):  # 5
        raise Refusal(PKIFailureInfo.BAD_POP, "it asks for a certificate of another key")
    _check_proved(original, requester)


def _identity(header: PKIHeader) -> tuple[bytes | None, bytes | None, bytes | None]:
    return header.transaction_id, header.sender_nonce, header.recip_nonce


def _key_of(message: PKIMessage) -> tuple[bytes | None, ...]:
    """The public keys (SubjectPublicKeyInfo) that a message asks certificates for."""
    match message.body.content:
        case CertReqMessages(requests=requests):
            return tuple(request.template.public_key for request in requests)
        case Pkcs10Request(der=der):
            return (read_pkcs10(der)[1],)
        case _:
            return ()


def _check_proved(original: PKIMessage, requester: Requester) -> None:
    match original.body.content:
        case CertReqMessages(requests=requests):
            for request in requests:
                if request.pop.kind is PopoKind.RA_VERIFIED and requester.is_ra:
                    continue
                if request.template.public_key is not None:
                    key = load_subject_key(request.template.public_key)
                    order = Order(original.header, original.body, requester)
                    check_possession(request, key, order)
        case Pkcs10Request(der=der):
            check_pkcs10_signed(read_pkcs10(der)[0])
        case _:
            pass

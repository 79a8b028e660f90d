"""A CertReqMsg in, the bytes that its proof of possession signs out (RFC 4211 4.1, RFC 9810 5.2.8.2)."""

from __future__ import annotations

import hmac

from cryptography import x509

from ...cmp.codec.cms_parameters import decode_algorithm
from ...cmp.codec.general import read_sequence
from ...cmp.codec.tlv import content_of, untag
from ...cmp.errors import MalformedMessage, ProtectionError
from ...cmp.mac import compute_mac
from ...cmp.model import CertReqMsg, PKIFailureInfo
from .desk import Order
from .refusal import Refusal

_SENDER = 0xA0
_DIRECTORY_NAME = 4
_BIT_STRING = 0x03


def check_signing_input(request: CertReqMsg, order: Order) -> bytes:
    """The DER of certReq, or of POPOSigningKeyInput if the template has no subject.

    A template without a key leaves it to the CA to make it (RFC 4211 5), so that there is nothing to prove.

    Raises:
        Refusal: if POPOSigningKeyInput is missing, has no place, or is not the requester's.
    """
    template, given = request.template, request.pop.poposk_input
    if template.subject is not None and template.public_key is not None:
        if given is not None:
            raise Refusal(
                PKIFailureInfo.BAD_POP,
                "poposkInput has no place where the template holds subject and key",
            )
        return request.cert_request
    if given is None:
        raise Refusal(
            PKIFailureInfo.BAD_POP,
            "poposkInput has to be there where the template lacks subject or key",
        )
    try:
        info, key = read_sequence(given)
        if key != template.public_key:
            raise Refusal(
                PKIFailureInfo.BAD_POP, "the key of poposkInput is not that of the template"
            )
        _check_author(info, key, order)
    except (MalformedMessage, ValueError):
        raise Refusal(PKIFailureInfo.BAD_POP, "poposkInput cannot be read") from None
    return given


def _check_author(info: bytes, key: bytes, order: Order) -> None:
    """authInfo: the sender's name if it has one of this CA, otherwise a MAC over the key with the secret."""
    secret = order.requester.secret
    if info[0] == _SENDER:
        if secret is not None:
            raise Refusal(
                PKIFailureInfo.BAD_POP, "authInfo has to be publicKeyMAC for who has but a secret"
            )
        tag, name = untag(untag(info)[1])
        if tag != _DIRECTORY_NAME or x509.Name.from_bytes(name) != order.header.sender:
            raise Refusal(PKIFailureInfo.BAD_POP, "authInfo is not the sender of the message")
        return
    if secret is None:
        raise Refusal(PKIFailureInfo.BAD_POP, "authInfo has to be the sender of the message")
    algorithm, value = read_sequence(info)
    if value[0] != _BIT_STRING:
        raise MalformedMessage("a BIT STRING was expected")
    try:
        # As accepted for messages: OpenSSL's client makes HMAC-SHA1 unless it is told otherwise.
        expected = compute_mac(decode_algorithm(algorithm), secret, key, accepts_sha1=True)
    except ProtectionError as error:
        raise Refusal(PKIFailureInfo.BAD_POP, f"publicKeyMAC: {error.message}") from None
    if not hmac.compare_digest(expected, content_of(value)[1:]):
        raise Refusal(PKIFailureInfo.BAD_POP, "publicKeyMAC is not made with the shared secret")

"""Bytes of PKIMessages in, `model` objects out (RFC 9810 5.1).

What `cryptography` decodes (names, certificates, keys) stays opaque: it is carried as the bytes that came.
"""

from __future__ import annotations

from ..errors import MalformedMessage
from ..model import PKIHeader, PKIMessage
from .bodies import body, infos
from .der import sequence
from .fields import (
    BIT_STRING,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    Fields,
    read_sequence,
    values,
)
from .tlv import measure
from .values import algorithm, general_name, generalized_time, integer, octet_bits, texts

# No certificate answer comes near this; more is a mistake or an attack. Checked before anything is read.
MAX_MESSAGE_SIZE = 1024 * 1024
# Values in a message, and how deep they are nested. A certificate has about 150, a message with a chain of
# eight and as many caPubs 2,500.
MAX_VALUES = 20_000
MAX_DEPTH = 40


def decode(data: bytes) -> PKIMessage:
    """The message in `data`, which has to be one whole DER PKIMessage and nothing else.

    Raises:
        MalformedMessage: if it is not.
    """
    if len(data) > MAX_MESSAGE_SIZE:
        raise MalformedMessage(
            f"the message has {len(data)} bytes, more than {MAX_MESSAGE_SIZE} at most"
        )
    try:
        measure(data, MAX_VALUES, MAX_DEPTH)
        return read_sequence(data, _message)
    except MalformedMessage as error:
        raise MalformedMessage(f"no PKIMessage: {error.message}") from None


def _message(fields: Fields) -> PKIMessage:
    header, content = fields.any(), fields.any()
    protection = fields.tagged(0, BIT_STRING)
    extra_certs = fields.tagged(1, SEQUENCE)
    return PKIMessage(
        header=read_sequence(header, _header),
        body=body(content),
        protected_part=sequence(header + content),
        protection=None if protection is None else octet_bits(protection),
        extra_certs=tuple(values(extra_certs or b"")),
    )


def _header(fields: Fields) -> PKIHeader:
    pvno = integer(fields.one(INTEGER))
    sender, recipient = general_name(fields.any()), general_name(fields.any())
    message_time = fields.tagged(0, GENERALIZED_TIME)
    protection_alg = fields.tagged(1, SEQUENCE)
    return PKIHeader(
        pvno=pvno,
        sender=sender,
        recipient=recipient,
        message_time=None if message_time is None else generalized_time(message_time),
        protection_alg=None if protection_alg is None else algorithm(protection_alg),
        sender_kid=fields.tagged(2, OCTET_STRING),
        recip_kid=fields.tagged(3, OCTET_STRING),
        transaction_id=fields.tagged(4, OCTET_STRING),
        sender_nonce=fields.tagged(5, OCTET_STRING),
        recip_nonce=fields.tagged(6, OCTET_STRING),
        free_text=texts(fields.tagged(7, SEQUENCE) or b""),
        general_info=infos(fields.tagged(8, SEQUENCE) or b""),
    )

"""Messages whose header is changed as DER and that are protected afterwards: what no encoder writes."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec import encode_message, encode_protected_part
from csc.runtime.cmp.model import PKIBody, PKIHeader
from csc.runtime.cmp.protection import (
    Credential,
    PasswordCredential,
    new_mac,
    sign,
    signature_algorithm,
    subject_key_identifier,
)

from .der import nodes, wrap

# Tags of the header's fields (RFC 9810 5.1.1). sender and recipient have none of their own.
MESSAGE_TIME, PROTECTION_ALG, SENDER_KID, RECIP_KID = 0xA0, 0xA1, 0xA2, 0xA3
TRANSACTION_ID, SENDER_NONCE, RECIP_NONCE, FREE_TEXT, GENERAL_INFO = range(0xA4, 0xA9)
PVNO, SENDER, RECIPIENT = 0, 1, 2  # places

Fields = list[bytes]


def altered(
    head: PKIHeader,
    body: PKIBody,
    credential: Credential,
    change: Callable[[Fields], Fields],
    extra_certs: Sequence[bytes] | None = None,
) -> bytes:
    """The message as `protect` makes it, with the fields of its header (DER) changed before that."""
    if isinstance(credential, PasswordCredential):
        mac = new_mac(credential, os.urandom)
        head = replace(head, protection_alg=mac.algorithm, sender_kid=credential.reference)
        part = _changed(head, body, change)
        return encode_message(part, mac.keys.compute(mac.algorithm, part), extra_certs or ())
    head = replace(
        head,
        protection_alg=signature_algorithm(credential.private_key),
        sender_kid=subject_key_identifier(credential.certificate),
    )
    part = _changed(head, body, change)
    if extra_certs is None:
        extra_certs = [credential.certificate.public_bytes(Encoding.DER)]
    return encode_message(part, sign(credential.private_key, part), extra_certs)


def _changed(head: PKIHeader, body: PKIBody, change: Callable[[Fields], Fields]) -> bytes:
    (part,) = nodes(encode_protected_part(head, body))
    fields = [node.der for node in nodes(part[0].content)]
    return wrap(0x30, wrap(0x30, *change(fields)), part[1].der)


def without(tag: int) -> Callable[[Fields], Fields]:
    """Leave the optional field with this tag out."""
    return lambda fields: [*fields[:3], *(f for f in fields[3:] if f[0] != tag)]


def with_field(tag: int, content: bytes) -> Callable[[Fields], Fields]:
    """Have this in the optional field with this tag, whatever is there."""
    field = wrap(tag, content)
    return lambda fields: [
        *fields[:3],
        *sorted([*(f for f in fields[3:] if f[0] != tag), field], key=lambda f: f[0]),
    ]


def with_octets(tag: int, data: bytes) -> Callable[[Fields], Fields]:
    """Have this OCTET STRING in the optional field with this tag."""
    return with_field(tag, wrap(0x04, data))


def with_place(place: int, der: bytes) -> Callable[[Fields], Fields]:
    """Have this as pvno, sender or recipient."""
    return lambda fields: [*fields[:place], der, *fields[place + 1 :]]

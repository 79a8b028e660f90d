"""Something, and whom it is for, in; encrypted as CMP carries it out (RFC 9810 5.2.2).

EnvelopedData (RFC 5652 6.1) with AES-256-CBC for cmp2021, EncryptedValue (RFC 4211 2.1) for cmp2000.
"""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from ...cmp.codec import der
from ...cmp.codec.tlv import content_of, tlv
from ...cmp.model import AlgorithmIdentifier, EncryptedKey
from .recipients import Recipient

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
_AES256_CBC = "2.16.840.1.101.3.4.1.42"
_RSA_ENCRYPTION = AlgorithmIdentifier("1.2.840.113549.1.1.1", der.NULL)
_KEY_SIZE = 32  # bytes, of AES-256
_BLOCK_SIZE = 16  # bytes
_SEQUENCE = 0x30
_NEWER = (0xA3, 0xA4)  # the tags of PasswordRecipientInfo and OtherRecipientInfo


def envelop(plaintext: bytes, recipient: Recipient, content_type: str = DATA) -> EncryptedKey:
    """`plaintext` in an EnvelopedData for one recipient, with a key that is made for it."""
    content_key = os.urandom(_KEY_SIZE)
    cipher, encrypted = _encrypt(content_key, plaintext)
    content = der.sequence(der.oid(content_type), der.algorithm(cipher), tlv(0x80, encrypted))
    info = recipient(content_key)
    return EncryptedKey(
        is_enveloped=True,
        der=der.sequence(der.integer(_version(info)), tlv(0x31, info), content),
    )


def encrypt_value(plaintext: bytes, key: rsa.RSAPublicKey) -> EncryptedKey:
    """`plaintext` in an EncryptedValue: the only form that cmp2000 has (RFC 9810 5.2.2)."""
    content_key = os.urandom(_KEY_SIZE)
    cipher, encrypted = _encrypt(content_key, plaintext)
    value = der.sequence(
        der.tagged(1, content_of(der.algorithm(cipher))),
        tlv(0x82, b"\x00" + key.encrypt(content_key, padding.PKCS1v15())),
        der.tagged(3, content_of(der.algorithm(_RSA_ENCRYPTION))),
        der.bits(encrypted),
    )
    return EncryptedKey(is_enveloped=False, der=value)


def _encrypt(content_key: bytes, plaintext: bytes) -> tuple[AlgorithmIdentifier, bytes]:
    vector = os.urandom(_BLOCK_SIZE)
    padder = PKCS7(8 * _BLOCK_SIZE).padder()
    encryptor = Cipher(AES(content_key), CBC(vector)).encryptor()
    padded = padder.update(plaintext) + padder.finalize()
    encrypted = encryptor.update(padded) + encryptor.finalize()
    return AlgorithmIdentifier(_AES256_CBC, der.octets(vector)), encrypted


def _version(recipient: bytes) -> int:
    """RFC 5652 6.1: 3 for newer kinds of recipients, 0 if the recipient's is 0, otherwise 2."""
    if recipient[0] in _NEWER:
        return 3
    is_zero = recipient[0] == _SEQUENCE and content_of(recipient)[:3] == der.integer(0)
    return 0 if is_zero else 2

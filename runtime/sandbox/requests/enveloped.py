"""A certificate and its ML-KEM key in, the certificate encrypted for that key out (RFC 9810 5.2.8.3.2).

EnvelopedData (RFC 5652 6.1) with AES-256-CBC, whose key is wrapped with what ML-KEM encapsulates
and HKDF with SHA-256 derives (RFC 9629, RFC 9936 2).
"""

from __future__ import annotations

import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import mlkem
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.padding import PKCS7

from ...cmp.codec.der import algorithm, integer, oid, sequence
from ...cmp.codec.tlv import tlv
from ...cmp.model import AlgorithmIdentifier, EncryptedKey

KEMKey = mlkem.MLKEM768PublicKey | mlkem.MLKEM1024PublicKey

_DATA = "1.2.840.113549.1.7.1"
_AES256_CBC = "2.16.840.1.101.3.4.1.42"
_KEM_RECIPIENT = "1.2.840.113549.1.9.16.13.3"  # id-ori-kem, RFC 9629 3
_ML_KEM_768 = AlgorithmIdentifier("2.16.840.1.101.3.4.4.2")
_ML_KEM_1024 = AlgorithmIdentifier("2.16.840.1.101.3.4.4.3")
_HKDF_SHA256 = AlgorithmIdentifier("1.2.840.113549.1.9.16.3.28")
_AES256_WRAP = AlgorithmIdentifier("2.16.840.1.101.3.4.1.45")
_KEY_SIZE = 32  # bytes, of AES-256
_BLOCK_SIZE = 16  # bytes


def encrypt_for(key: KEMKey, key_identifier: bytes, certificate: bytes) -> EncryptedKey:
    """The DER `certificate` of `key`; `key_identifier` is its subject key identifier."""
    content_key, vector = os.urandom(_KEY_SIZE), os.urandom(_BLOCK_SIZE)
    padder = PKCS7(8 * _BLOCK_SIZE).padder()
    encryptor = Cipher(AES(content_key), CBC(vector)).encryptor()
    padded = padder.update(certificate) + padder.finalize()
    encrypted = encryptor.update(padded) + encryptor.finalize()
    cipher = AlgorithmIdentifier(_AES256_CBC, tlv(0x04, vector))
    content = sequence(oid(_DATA), algorithm(cipher), tlv(0x80, encrypted))
    recipient = _recipient(key, key_identifier, content_key)
    # Version 3: a recipient of another kind than RFC 5652 has (RFC 5652 6.1).
    der = sequence(integer(3), tlv(0x31, recipient), content)
    return EncryptedKey(is_enveloped=True, der=der)


def _recipient(key: KEMKey, key_identifier: bytes, content_key: bytes) -> bytes:
    """OtherRecipientInfo with KEMRecipientInfo (RFC 9629 3)."""
    secret, ciphertext = key.encapsulate()
    wrap, length = algorithm(_AES256_WRAP), integer(_KEY_SIZE)
    other_info = sequence(wrap, length)  # CMSORIforKEMOtherInfo, RFC 9629 5
    kek = HKDF(hashes.SHA256(), _KEY_SIZE, None, other_info).derive(secret)
    is_768 = isinstance(key, mlkem.MLKEM768PublicKey)
    info = sequence(
        integer(0),
        tlv(0x80, key_identifier),
        algorithm(_ML_KEM_768 if is_768 else _ML_KEM_1024),
        tlv(0x04, ciphertext),
        algorithm(_HKDF_SHA256),
        length,
        wrap,
        tlv(0x04, aes_key_wrap(kek, content_key)),
    )
    return tlv(0xA4, oid(_KEM_RECIPIENT) + info)

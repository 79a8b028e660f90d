"""Who something is encrypted for in, what makes the RecipientInfo of a content key out (RFC 5652 6.2).

Public keys get the content key by RSAES-OAEP (RFC 9481 4.2.1), by ECDH (RFC 5753), or by ML-KEM
(RFC 9629, RFC 9936), passwords by PBKDF2 and AES key wrap (RFC 9483 4.1.6.3).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ...cmp.codec import der
from ...cmp.codec.cms_parameters import encode_ecc_shared_info, encode_kem_other_info
from ...cmp.codec.tlv import content_of, tlv
from ...cmp.mac import PBKDF2_ITERATIONS
from ...cmp.model import AlgorithmIdentifier

KEMKey = mlkem.MLKEM768PublicKey | mlkem.MLKEM1024PublicKey
EncryptionKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | KEMKey

# Of a content key, the DER of the RecipientInfo that has it encrypted.
Recipient = Callable[[bytes], bytes]
# The subject key identifier of a certificate, or the certReqId of a request that has none yet: it is named as
# the certificate with that serial number, issued by the NULL-DN (RFC 9810 5.2.8.3.3).
Identifier = bytes | int

_KEM_RECIPIENT = "1.2.840.113549.1.9.16.13.3"  # id-ori-kem, RFC 9629 3
_ML_KEM_768 = AlgorithmIdentifier("2.16.840.1.101.3.4.4.2")
_ML_KEM_1024 = AlgorithmIdentifier("2.16.840.1.101.3.4.4.3")
_HKDF_SHA256 = AlgorithmIdentifier("1.2.840.113549.1.9.16.3.28")
_AES256_WRAP = AlgorithmIdentifier("2.16.840.1.101.3.4.1.45")
_SHA256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.1", der.NULL)
_MGF1_SHA256 = AlgorithmIdentifier("1.2.840.113549.1.1.8", der.algorithm(_SHA256))
# RSAES-OAEP-params, RFC 4055 4.1
_OAEP = AlgorithmIdentifier(
    "1.2.840.113549.1.1.7",
    der.sequence(der.tagged(0, der.algorithm(_SHA256)), der.tagged(1, der.algorithm(_MGF1_SHA256))),
)
_X963_SHA256 = "1.3.132.1.11.1"  # dhSinglePass-stdDH-sha256kdf-scheme, RFC 5753 7.1.4
_PBKDF2 = "1.2.840.113549.1.5.12"
_HMAC_SHA256 = AlgorithmIdentifier("1.2.840.113549.2.9", der.NULL)
_KEK_SIZE = 32  # bytes, of AES-256
_SALT_SIZE = 16  # bytes
_UKM_SIZE = 32  # bytes


@dataclass(frozen=True, slots=True)
class Originator:
    """A sender with a key of its own for agreeing keys, and the certificate's subject key identifier."""

    key: ec.EllipticCurvePrivateKey
    key_identifier: bytes


def for_key(key: EncryptionKey, rid: Identifier, originator: Originator | None = None) -> Recipient:
    """The holder of `key`.

    With `originator` the key is agreed with that one's, if both are on one curve, as RFC 9483 4.1.6.2 has it;
    otherwise with an ephemeral one.
    """
    match key:
        case rsa.RSAPublicKey():
            return lambda content_key: _transport(key, rid, content_key)
        case mlkem.MLKEM768PublicKey() | mlkem.MLKEM1024PublicKey():
            return lambda content_key: _encapsulate(key, rid, content_key)
        case ec.EllipticCurvePublicKey():
            fits = originator is not None and originator.key.curve.name == key.curve.name
            used = originator if fits else None
            return lambda content_key: _agree(key, rid, content_key, used)


def for_password(password: bytes) -> Recipient:
    """Who knows `password` (RFC 9483 4.1.6.3). The salt is another than that of the message's MAC."""
    return lambda content_key: _derive(password, content_key)


def _transport(key: rsa.RSAPublicKey, rid: Identifier, content_key: bytes) -> bytes:
    """KeyTransRecipientInfo, RFC 5652 6.2.1."""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return der.sequence(
        der.integer(0 if isinstance(rid, int) else 2),
        _recipient(rid),
        der.algorithm(_OAEP),
        der.octets(key.encrypt(content_key, oaep)),
    )


def _recipient(rid: Identifier) -> bytes:
    """RecipientIdentifier, RFC 5652 6.2.1."""
    if isinstance(rid, bytes):
        return tlv(0x80, rid)
    return der.sequence(x509.Name([]).public_bytes(), der.integer(rid))


def _agree(
    key: ec.EllipticCurvePublicKey,
    rid: Identifier,
    content_key: bytes,
    originator: Originator | None,
) -> bytes:
    """With the KDF of X9.63 (RFC 5753 7.1)."""
    if originator is None:
        own, ukm = ec.generate_private_key(key.curve), None
        shown = _ephemeral(own.public_key())
    else:
        # Two keys that stay agree on one secret: the ukm makes another key of it (RFC 6278 2.1).
        own, ukm = originator.key, os.urandom(_UKM_SIZE)
        shown = tlv(0x80, originator.key_identifier)
    info = encode_ecc_shared_info(_AES256_WRAP, ukm, _KEK_SIZE)
    kek = X963KDF(hashes.SHA256(), _KEK_SIZE, info).derive(own.exchange(ec.ECDH(), key))
    return _agreement(shown, ukm, _X963_SHA256, rid, aes_key_wrap(kek, content_key))


def _ephemeral(key: ec.EllipticCurvePublicKey) -> bytes:
    """OriginatorPublicKey, RFC 5652 6.2.2: a SubjectPublicKeyInfo under an implicit tag."""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der.tagged(1, content_of(spki))


def _agreement(
    originator: bytes, ukm: bytes | None, scheme: str, rid: Identifier, encrypted: bytes
) -> bytes:
    """KeyAgreeRecipientInfo, RFC 5652 6.2.2."""
    named = der.tagged(0, der.octets(rid)) if isinstance(rid, bytes) else _recipient(rid)
    return der.tagged(
        1,
        der.integer(3)
        + der.tagged(0, originator)
        + (b"" if ukm is None else der.tagged(1, der.octets(ukm)))
        + der.algorithm(AlgorithmIdentifier(scheme, der.algorithm(_AES256_WRAP)))
        + der.sequence(der.sequence(named, der.octets(encrypted))),
    )


def _encapsulate(key: KEMKey, rid: Identifier, content_key: bytes) -> bytes:
    """OtherRecipientInfo with KEMRecipientInfo (RFC 9629 3)."""
    secret, ciphertext = key.encapsulate()
    info = encode_kem_other_info(_AES256_WRAP, _KEK_SIZE, None)
    kek = HKDF(hashes.SHA256(), _KEK_SIZE, None, info).derive(secret)
    is_768 = isinstance(key, mlkem.MLKEM768PublicKey)
    return der.tagged(
        4,
        der.oid(_KEM_RECIPIENT)
        + der.sequence(
            der.integer(0),
            _recipient(rid),
            der.algorithm(_ML_KEM_768 if is_768 else _ML_KEM_1024),
            der.octets(ciphertext),
            der.algorithm(_HKDF_SHA256),
            der.integer(_KEK_SIZE),
            der.algorithm(_AES256_WRAP),
            der.octets(aes_key_wrap(kek, content_key)),
        ),
    )


def _derive(password: bytes, content_key: bytes) -> bytes:
    """PasswordRecipientInfo, RFC 5652 6.2.4, with PBKDF2 of RFC 8018 A.2."""
    salt = os.urandom(_SALT_SIZE)
    kek = PBKDF2HMAC(hashes.SHA256(), _KEK_SIZE, salt, PBKDF2_ITERATIONS).derive(password)
    parameters = der.sequence(
        der.octets(salt),
        der.integer(PBKDF2_ITERATIONS),
        der.integer(_KEK_SIZE),
        der.algorithm(_HMAC_SHA256),
    )
    derivation = content_of(der.algorithm(AlgorithmIdentifier(_PBKDF2, parameters)))
    return der.tagged(
        3,
        der.integer(0)
        + der.tagged(0, derivation)
        + der.algorithm(_AES256_WRAP)
        + der.octets(aes_key_wrap(kek, content_key)),
    )

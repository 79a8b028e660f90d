"""One recipient of an EnvelopedData, and what opens it, in; the content key out.

Each function raises DecryptionFailed if the content key does not come out, AlgorithmNotSupported for what is
not accepted, and MalformedMessage for parameters that are none.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa, x448, x25519
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from ..cms_model import (
    EntityIdentifier,
    IssuerAndSerialNumber,
    KEMRecipientInfo,
    KeyAgreeRecipientInfo,
    KeyTransRecipientInfo,
    OriginatorPublicKey,
)
from ..codec.cms_parameters import (
    decode_algorithm,
    decode_oaep_parameters,
    encode_ecc_shared_info,
    encode_kem_other_info,
)
from ..errors import DecryptionFailed, MalformedMessage
from ..model import AlgorithmIdentifier
from ..protection import subject_key_identifier
from .algorithms import (
    AES_WRAP,
    EC_PUBLIC_KEY,
    HASHES,
    HKDF_SCHEMES,
    HKDFS,
    ML_KEM_768,
    ML_KEM_1024,
    OAEP,
    PKCS1_V15,
    X448,
    X963_SCHEMES,
    X25519,
    refused,
)
from .content import NOT_OPENED

AgreementKey = ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey | x448.X448PrivateKey
KEMKey = mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey
# The curves of RFC 9481 4.1.1 (and 3.2) for which OpenSSL and cryptography agree keys.
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


def names(identifier: EntityIdentifier, certificate: x509.Certificate) -> bool:
    """Whether a CMS identifier means the holder of `certificate` (RFC 5652 6.2.1)."""
    if isinstance(identifier, IssuerAndSerialNumber):
        return (
            identifier.issuer == certificate.issuer
            and identifier.serial_number == certificate.serial_number
        )
    return identifier == subject_key_identifier(certificate)


def transported_key(info: KeyTransRecipientInfo, key: rsa.RSAPrivateKey, size: int) -> bytes:
    """The content key of `size` bytes that RSA transported (RFC 5652 6.2.1).

    What RSA with the padding of PKCS #1 v1.5 does not open gives a random key: the content then fails
    to open as with any wrong key, and nobody can tell which step it was (RFC 3218 2.3.2).
    """
    match info.algorithm.oid:
        case oid if oid == PKCS1_V15:
            return pkcs1_v15(key, info.encrypted_key, size)
        case oid if oid == OAEP:
            content_key = _oaep(info, key)
        case oid:
            raise refused("the content key", oid)
    if len(content_key) != size:
        raise DecryptionFailed(NOT_OPENED)
    return content_key


def pkcs1_v15(key: rsa.RSAPrivateKey, encrypted: bytes, size: int) -> bytes:
    """A key of `size` bytes out of PKCS #1 v1.5, or a random one."""
    instead = secrets.token_bytes(size)
    try:
        found = key.decrypt(encrypted, padding.PKCS1v15())
    except ValueError:
        return instead
    return found if len(found) == size else instead


def _oaep(info: KeyTransRecipientInfo, key: rsa.RSAPrivateKey) -> bytes:
    parameters = decode_oaep_parameters(info.algorithm.parameters)
    for oid in (parameters.digest, parameters.mask_digest):
        if oid not in HASHES:
            raise refused("RSAES-OAEP of the content key", oid)
    scheme = padding.OAEP(
        padding.MGF1(HASHES[parameters.mask_digest]), HASHES[parameters.digest], parameters.label
    )
    try:
        return key.decrypt(info.encrypted_key, scheme)
    except ValueError:
        raise DecryptionFailed(NOT_OPENED) from None


def agreed_key(
    info: KeyAgreeRecipientInfo,
    encrypted_key: bytes,
    key: AgreementKey,
    originators: Sequence[x509.Certificate],
) -> bytes:
    """The content key, wrapped with a key agreed by ECDH (RFC 5753 3.1, RFC 8418 2).

    The other side's key is ephemeral, or that of one of `originators` (RFC 9483 4.1.6.2).
    """
    scheme = info.algorithm.oid
    elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
    if scheme not in X963_SCHEMES and (elliptic or scheme not in HKDF_SCHEMES):
        raise refused("the agreed key", scheme)
    wrap = decode_algorithm(info.algorithm.parameters)
    size = _wrap_size(wrap)
    secret = _exchange(key, _originator_key(info, key, originators))
    shared_info = encode_ecc_shared_info(wrap, info.ukm, size)
    if scheme in X963_SCHEMES:
        kek = X963KDF(X963_SCHEMES[scheme], size, shared_info).derive(secret)
    else:
        # The user keying material is salt as well as part of the shared info, RFC 8418 2.2.
        kek = HKDF(HKDF_SCHEMES[scheme], size, info.ukm, shared_info).derive(secret)
    return unwrapped(kek, encrypted_key)


def _originator_key(
    info: KeyAgreeRecipientInfo, key: AgreementKey, originators: Sequence[x509.Certificate]
) -> object:
    """The public key of the other side."""
    if isinstance(info.originator, OriginatorPublicKey):
        return _ephemeral(info.originator, key)
    for certificate in originators:
        if names(info.originator, certificate):
            try:
                return certificate.public_key()
            except (ValueError, UnsupportedAlgorithm):
                break
    raise DecryptionFailed("the key was agreed with a sender whose certificate is not at hand")


def _ephemeral(originator: OriginatorPublicKey, key: AgreementKey) -> object:
    oid, data = originator.algorithm.oid, originator.public_key
    try:
        match key:
            case ec.EllipticCurvePrivateKey() if oid == EC_PUBLIC_KEY:
                return ec.EllipticCurvePublicKey.from_encoded_point(key.curve, data)
            case x25519.X25519PrivateKey() if oid == X25519:
                return x25519.X25519PublicKey.from_public_bytes(data)
            case x448.X448PrivateKey() if oid == X448:
                return x448.X448PublicKey.from_public_bytes(data)
            case _:
                raise refused("the other side's key for key agreement", oid)
    except ValueError:
        raise MalformedMessage("the other side's key is no point on the curve of ours") from None


def _exchange(key: AgreementKey, other: object) -> bytes:
    try:
        match key, other:
            case ec.EllipticCurvePrivateKey(), ec.EllipticCurvePublicKey():
                if key.curve.name not in _CURVES:
                    raise refused("the agreed key", key.curve.name)
                return key.exchange(ec.ECDH(), other)
            case x25519.X25519PrivateKey(), x25519.X25519PublicKey():
                return key.exchange(other)
            case x448.X448PrivateKey(), x448.X448PublicKey():
                return key.exchange(other)
            case _:
                raise DecryptionFailed("the key was agreed with a key of another kind than ours")
    except ValueError:
        # Another curve, or a point of small order, which gives zeros (RFC 7748 6).
        raise DecryptionFailed(NOT_OPENED) from None


def decapsulated_key(info: KEMRecipientInfo, key: KEMKey) -> bytes:
    """The content key, wrapped with a key that ML-KEM encapsulated (RFC 9629 2, RFC 9936 2).

    A ciphertext that is not for this key decapsulates to a random secret (FIPS 203 6.3), which
    unwraps nothing.
    """
    wanted = ML_KEM_768 if isinstance(key, mlkem.MLKEM768PrivateKey) else ML_KEM_1024
    if info.kem.oid != wanted:
        raise refused("the encapsulated key", info.kem.oid)
    try:
        secret = key.decapsulate(info.ciphertext)
    except ValueError:
        raise MalformedMessage("an ML-KEM ciphertext has the wrong size") from None
    return unwrapped(kem_kek(info, secret), info.encrypted_key)


def kem_kek(info: KEMRecipientInfo, secret: bytes) -> bytes:
    """The key encryption key that a KEM's shared secret gives (RFC 9629 5)."""
    digest = HKDFS.get(info.derivation.oid)
    if digest is None:
        raise refused("the key encryption key", info.derivation.oid)
    size = _wrap_size(info.wrap)
    if info.kek_length != size:
        raise MalformedMessage(
            f"a key wrap with a key of {size} bytes is given one of {info.kek_length}"
        )
    other_info = encode_kem_other_info(info.wrap, size, info.ukm)
    return _hkdf(digest, size, other_info, secret)


def _hkdf(digest: HashAlgorithm, size: int, info: bytes, secret: bytes) -> bytes:
    return HKDF(digest, size, None, info).derive(secret)


def _wrap_size(wrap: AlgorithmIdentifier) -> int:
    """The size in bytes of the key that wraps (RFC 3565 2.3.2)."""
    if wrap.oid not in AES_WRAP:
        raise refused("the wrapped content key", wrap.oid)
    return AES_WRAP[wrap.oid]


def unwrapped(kek: bytes, wrapped: bytes) -> bytes:
    """What AES key wrap (RFC 3394) holds; a wrong key, or a changed byte, is always found."""
    try:
        return aes_key_unwrap(kek, wrapped)
    except (InvalidUnwrap, ValueError):
        raise DecryptionFailed(NOT_OPENED) from None

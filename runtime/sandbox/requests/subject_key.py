"""A subject's public key in, whether this CA certifies it out; and the list of the kinds that it does."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ...cmp.codec import der
from ...cmp.model import AlgorithmIdentifier, PKIFailureInfo
from ...cmp.signatures import key_problem
from .recipients import KEMKey, MontgomeryKey
from .refusal import Refusal

SigningKey = (
    rsa.RSAPublicKey
    | ec.EllipticCurvePublicKey
    | ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
    | mldsa.MLDSA87PublicKey
)
SubjectKey = SigningKey | MontgomeryKey | KEMKey

_NULL = b"\x05\x00"
_EC = "1.2.840.10045.2.1"
RSA = AlgorithmIdentifier("1.2.840.113549.1.1.1", _NULL)
# Bits that are named to who asks, all that csc makes; lengths in between are certified as well.
RSA_LENGTHS = (2048, 3072, 4096, 5120, 6144, 7168, 8192)
# One id-ecPublicKey for each curve (RFC 9810 5.3.19.2).
SIGNING_ALGORITHMS = (
    AlgorithmIdentifier(_EC, der.oid("1.2.840.10045.3.1.7")),  # P-256
    AlgorithmIdentifier(_EC, der.oid("1.3.132.0.34")),  # P-384
    AlgorithmIdentifier(_EC, der.oid("1.3.132.0.35")),  # P-521
    AlgorithmIdentifier("1.3.101.112"),  # Ed25519
    AlgorithmIdentifier("1.3.101.113"),  # Ed448
    AlgorithmIdentifier("2.16.840.1.101.3.4.3.17"),  # ML-DSA-44
    AlgorithmIdentifier("2.16.840.1.101.3.4.3.18"),  # ML-DSA-65
    AlgorithmIdentifier("2.16.840.1.101.3.4.3.19"),  # ML-DSA-87
)
MONTGOMERY_ALGORITHMS = (
    AlgorithmIdentifier("1.3.101.110"),  # X25519
    AlgorithmIdentifier("1.3.101.111"),  # X448
)
# EC keys that sign agree keys as well.
AGREEMENT_ALGORITHMS = (*SIGNING_ALGORITHMS[:3], *MONTGOMERY_ALGORITHMS)
KEM_ALGORITHMS = (
    AlgorithmIdentifier("2.16.840.1.101.3.4.4.2"),  # ML-KEM-768
    AlgorithmIdentifier("2.16.840.1.101.3.4.4.3"),  # ML-KEM-1024
)


def load_subject_key(spki: bytes) -> SubjectKey:
    """The key of a SubjectPublicKeyInfo.

    Raises:
        Refusal: if it cannot be read, or is not certified here.
    """
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, "the public key cannot be read") from None
    if isinstance(key, KEMKey | x25519.X25519PublicKey | x448.X448PublicKey):
        return key
    if not isinstance(key, SigningKey):
        problem = "keys of this kind are not certified here"
    else:
        problem = key_problem(key)
        if problem is None:
            return key
    raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, f"the public key is not accepted: {problem}")

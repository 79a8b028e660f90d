"""A subject's public key in, whether this CA certifies it, under any profile, out."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ...cmp.model import PKIFailureInfo
from ...cmp.signatures import key_problem
from .recipients import KEMKey
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
SubjectKey = SigningKey | KEMKey


def load_subject_key(spki: bytes) -> SubjectKey:
    """The key of a SubjectPublicKeyInfo.

    Raises:
        Refusal: if it cannot be read, or no profile could have it.
    """
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, "the public key cannot be read") from None
    if isinstance(key, KEMKey):
        return key
    if not isinstance(key, SigningKey):
        problem = "keys of this kind are not certified here"
    else:
        problem = key_problem(key)
        if problem is None:
            return key
    raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, f"the public key is not accepted: {problem}")

"""A profile and a public key in, whether the profile has such keys out; and what each kind of key can do.

Usages by kind: RSA (RFC 3279 2.3.1, RFC 4055 1.2), EC (RFC 5480 3), EdDSA (RFC 8410 5, RFC 9295), ML-DSA
(RFC 9881 3), ML-KEM (RFC 9935 5).
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ...cmp.codec import der
from ...cmp.keys import key_type_of
from ...cmp.model import AlgorithmIdentifier
from ..requests.refusal import Refusal
from ..requests.subject_key import SubjectKey
from .model import Profile
from .violation import violation

_EC = "1.2.840.10045.2.1"
_ML_DSA = "2.16.840.1.101.3.4.3."
_ML_KEM = "2.16.840.1.101.3.4.4."


@dataclass(frozen=True, slots=True)
class KeyKind:
    """A kind of key: how it is named in CMP, and which bits of KeyUsage it can have, or has unasked."""

    algorithm: AlgorithmIdentifier
    can: tuple[str, ...]
    usual: tuple[str, ...]


_SIGNS = ("digitalSignature", "nonRepudiation")
_AGREES = (*_SIGNS, "keyAgreement")


def _curve(oid: str) -> KeyKind:
    usual = ("digitalSignature", "keyAgreement")
    return KeyKind(AlgorithmIdentifier(_EC, der.oid(oid)), _AGREES, usual)


def _signing(oid: str) -> KeyKind:
    return KeyKind(AlgorithmIdentifier(oid), _SIGNS, ("digitalSignature",))


def _kem(oid: str) -> KeyKind:
    return KeyKind(AlgorithmIdentifier(oid), ("keyEncipherment",), ("keyEncipherment",))


RSA = "rsa"
KINDS: dict[str, KeyKind] = {
    RSA: KeyKind(
        AlgorithmIdentifier("1.2.840.113549.1.1.1", der.NULL),
        (*_SIGNS, "keyEncipherment", "dataEncipherment"),
        ("digitalSignature", "keyEncipherment"),
    ),
    "ec:p256": _curve("1.2.840.10045.3.1.7"),
    "ec:p384": _curve("1.3.132.0.34"),
    "ec:p521": _curve("1.3.132.0.35"),
    "ed25519": _signing("1.3.101.112"),
    "ed448": _signing("1.3.101.113"),
    "mldsa44": _signing(f"{_ML_DSA}17"),
    "mldsa65": _signing(f"{_ML_DSA}18"),
    "mldsa87": _signing(f"{_ML_DSA}19"),
    "mlkem768": _kem(f"{_ML_KEM}2"),
    "mlkem1024": _kem(f"{_ML_KEM}3"),
}
"""By the spellings of `compiler/key_types.py`, but RSA without its bits."""


def kind_of(key: SubjectKey) -> str:
    """The kind of a key that is certified here, as KINDS has it."""
    return RSA if isinstance(key, rsa.RSAPublicKey) else str(key_type_of(key))


def kinds_of(profile: Profile) -> tuple[str, ...]:
    """The kinds of key that a profile has, as KINDS has them."""
    return tuple(RSA if key.startswith("rsa:") else key for key in profile.keys)


def least_rsa_bits(profile: Profile) -> int | None:
    """How many bits an RSA key of this profile has at the least; None if it has none."""
    bits = (int(key.removeprefix("rsa:")) for key in profile.keys if key.startswith("rsa:"))
    return next(bits, None)


def check_key(profile: Profile, key: SubjectKey) -> None:
    """Check that the profile has keys of this kind and strength.

    Raises:
        Refusal: if it has none.
    """
    kind = kind_of(key)
    least = least_rsa_bits(profile)
    if kind not in kinds_of(profile):
        raise _refused(profile, f"{_shown(key, kind)} is not among {', '.join(profile.keys)}")
    if isinstance(key, rsa.RSAPublicKey) and least is not None and key.key_size < least:
        raise _refused(profile, f"the RSA key has {key.key_size} bits, and {least} are the least")


def _shown(key: SubjectKey, kind: str) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa:{key.key_size}"
    return f"{kind} ({key.curve.name})" if isinstance(key, ec.EllipticCurvePublicKey) else kind


def _refused(profile: Profile, text: str) -> Refusal:
    return violation(profile, "keys", text)

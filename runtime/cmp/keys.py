"""A kind of key in, a new private key of it out; and back from a public key to its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, mlkem, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from ...compiler.key_types import KEY_TYPES, SIGNING_KEY_TYPES, is_key_type

_PUBLIC_EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class KeyType:
    """A kind of key, by its spelling in `compiler/key_types.py`.

    Raises:
        ValueError: if nothing is spelled so.
    """

    spelling: str

    def __post_init__(self) -> None:
        if not is_key_type(self.spelling):
            raise ValueError(f"{self.spelling!r} is no kind of key: there are {_all()}")

    @classmethod
    def parse(cls, text: str) -> KeyType:
        """The kind of key that `text` spells.

        Raises:
            ValueError: if it spells none.
        """
        return cls(text)

    def __str__(self) -> str:
        return self.spelling

    @property
    def signs(self) -> bool:
        """Whether such a key can sign; one that cannot is a KEM's."""
        return self.spelling in SIGNING_KEY_TYPES


def _all() -> str:
    return ", ".join(KEY_TYPES)


_CURVES: dict[str, ec.EllipticCurve] = {
    "p256": ec.SECP256R1(),
    "p384": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
}
_MAKERS: dict[str, Callable[[], PrivateKeyTypes]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "mldsa44": mldsa.MLDSA44PrivateKey.generate,
    "mldsa65": mldsa.MLDSA65PrivateKey.generate,
    "mldsa87": mldsa.MLDSA87PrivateKey.generate,
    "mlkem768": mlkem.MLKEM768PrivateKey.generate,
    "mlkem1024": mlkem.MLKEM1024PrivateKey.generate,
}
_PUBLIC_KEYS: tuple[tuple[type[PublicKeyTypes], str], ...] = (
    (ed25519.Ed25519PublicKey, "ed25519"),
    (ed448.Ed448PublicKey, "ed448"),
    (mldsa.MLDSA44PublicKey, "mldsa44"),
    (mldsa.MLDSA65PublicKey, "mldsa65"),
    (mldsa.MLDSA87PublicKey, "mldsa87"),
    (mlkem.MLKEM768PublicKey, "mlkem768"),
    (mlkem.MLKEM1024PublicKey, "mlkem1024"),
)


def generate(key_type: KeyType) -> PrivateKeyTypes:
    """A new private key."""
    family, _, size = key_type.spelling.partition(":")
    match family:
        case "rsa":
            return rsa.generate_private_key(_PUBLIC_EXPONENT, int(size))
        case "ec":
            return ec.generate_private_key(_CURVES[size])
        case _:
            return _MAKERS[family]()


def key_type_of(public_key: PublicKeyTypes) -> KeyType:
    """The kind of key that this is the public half of.

    Raises:
        ValueError: if it is of none that can be asked for.
    """
    match public_key:
        case rsa.RSAPublicKey():
            return KeyType(f"rsa:{public_key.key_size}")
        case ec.EllipticCurvePublicKey():
            curve = public_key.curve.name
            known = (spelling for spelling, c in _CURVES.items() if c.name == curve)
            return KeyType(f"ec:{next(known, curve)}")
        case _:
            for kind, spelling in _PUBLIC_KEYS:
                if isinstance(public_key, kind):
                    return KeyType(spelling)
            raise ValueError(f"{type(public_key).__name__} is no kind of key: there are {_all()}")

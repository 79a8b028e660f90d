"""Kinds of keys in, private keys out: each made once a session, as RSA keys take their time."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from csc.runtime.cmp.keys import KeyType, generate


@cache
def subject_key(kind: str) -> PrivateKeyTypes:
    """The key that a certificate is asked for."""
    return generate(KeyType(kind))


@cache
def signer_key(kind: str) -> PrivateKeyTypes:
    """The key of a certificate that is there already."""
    return generate(KeyType(kind))

"""SubjectPublicKeyInfo as DER in, its parts out (RFC 5280 4.1.2.7), where there need not be a key in it."""

from __future__ import annotations

from ..model import AlgorithmIdentifier
from .fields import BIT_STRING, SEQUENCE, Fields, read_sequence
from .values import algorithm, octet_bits


def split_public_key(spki: bytes) -> tuple[AlgorithmIdentifier, bytes]:
    """The algorithm in a SubjectPublicKeyInfo, and the key itself, which may be empty (RFC 9483 4.1.6).

    Raises:
        MalformedMessage: if it is none; here and below.
    """
    return read_sequence(spki, _parts)


def public_key_bits(spki: bytes) -> bytes:
    """The subjectPublicKey in a SubjectPublicKeyInfo, as OneAsymmetricKey repeats it (RFC 5958 2)."""
    return split_public_key(spki)[1]


def _parts(fields: Fields) -> tuple[AlgorithmIdentifier, bytes]:
    return algorithm(fields.one(SEQUENCE)), octet_bits(fields.one(BIT_STRING))

"""A state's keys in, wrapped by its master key out, and back."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import StateError
from .sources import Place

KEY_SIZE = 32  # bytes, of every key
_ID_SIZE = 8  # bytes
_NONCE_SIZE = 12  # bytes; NIST SP 800-38D 5.2.1.1
# What a master key is used for: each with a key of its own.
_FOR_CHECK = b"csc vault: check of the master key"
_FOR_WRAPPING = b"csc vault: wrapping of keys"


@dataclass(frozen=True, slots=True)
class Keys:
    """`data` seals secrets, `fingerprint` tells secrets of configurations apart, `master` wraps both."""

    id: str
    data: bytes = field(repr=False)
    fingerprint: bytes = field(repr=False)
    master: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What the state keeps of its keys. `id` is the data key's, `place` says where the master key lies."""

    place: Place
    id: str
    check: bytes
    data: bytes
    fingerprint: bytes
    made_at: datetime

    def is_master(self, key: bytes) -> bool:
        """Whether this is the master key."""
        return hmac.compare_digest(self.check, _derive(key, _FOR_CHECK))


def new_keys(master: bytes, fingerprint: bytes | None = None) -> Keys:
    """A new data key under a master key; a new fingerprint key, too, if there is none yet."""
    return Keys(
        os.urandom(_ID_SIZE).hex(),
        os.urandom(KEY_SIZE),
        fingerprint or os.urandom(KEY_SIZE),
        master,
    )


def wrap(keys: Keys, place: Place, at: datetime) -> Wrapped:
    """The keys as the state may hold them."""
    return Wrapped(
        place,
        keys.id,
        _derive(keys.master, _FOR_CHECK),
        _wrap(keys, "data", keys.data),
        _wrap(keys, "fingerprint", keys.fingerprint),
        at,
    )


def unwrap(wrapped: Wrapped, master: bytes) -> Keys:
    """The keys that a master key has wrapped.

    Raises:
        StateError: if they are damaged.
    """
    cipher = AESGCM(_derive(master, _FOR_WRAPPING))

    def unwrapped(purpose: str, sealed: bytes) -> bytes:
        nonce, inner = sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:]
        return cipher.decrypt(nonce, inner, f"{purpose} {wrapped.id}".encode())

    try:
        return Keys(
            wrapped.id,
            unwrapped("data", wrapped.data),
            unwrapped("fingerprint", wrapped.fingerprint),
            master,
        )
    except (InvalidTag, ValueError):
        raise StateError(
            "the wrapped keys in the state are damaged", "restore the state from a backup"
        ) from None


def _wrap(keys: Keys, purpose: str, key: bytes) -> bytes:
    nonce = os.urandom(_NONCE_SIZE)
    cipher = AESGCM(_derive(keys.master, _FOR_WRAPPING))
    return nonce + cipher.encrypt(nonce, key, f"{purpose} {keys.id}".encode())


def _derive(master: bytes, purpose: bytes) -> bytes:
    """A key of its own for a purpose: HKDF-Expand with SHA-256, one block (RFC 5869 2.3)."""
    return hmac.digest(master, purpose + b"\x01", "sha256")

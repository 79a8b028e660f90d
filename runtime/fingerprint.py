"""A state's master key in; what tells secrets apart without giving them away out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

_PURPOSE = b"csc fingerprint of a secret\0"


def fingerprint_of(master_key: Path) -> Callable[[str], str]:
    """A keyed digest of a secret, in hex: the same secret has the same one, under one master key.

    Without a master key, nothing was stored that another one could be compared with: a key of the moment
    serves. The key is read when a secret is met.
    """

    def fingerprint(secret: str) -> str:
        import hmac

        nonlocal key
        if key is None:
            try:
                key = master_key.read_bytes()
            except OSError:
                key = os.urandom(32)
        return hmac.digest(key, _PURPOSE + secret.encode(), "sha256").hex()

    key: bytes | None = None
    return fingerprint

"""A state's fingerprint key in; what tells secrets apart without giving them away out."""

from __future__ import annotations

import os
from collections.abc import Callable

_PURPOSE = b"csc fingerprint of a secret\0"


def fingerprint_of(find_key: Callable[[], bytes | None]) -> Callable[[str], str]:
    """A keyed digest of a secret, in hex: the same secret has the same one, under one key.

    `find_key` is asked when a secret is met. If there is no key, nothing can be compared with what is stored,
    and one of the moment serves.
    """

    def fingerprint(secret: str) -> str:
        import hmac

        nonlocal key
        if key is None:
            key = find_key() or os.urandom(32)
        return hmac.digest(key, _PURPOSE + secret.encode(), "sha256").hex()

    key: bytes | None = None
    return fingerprint

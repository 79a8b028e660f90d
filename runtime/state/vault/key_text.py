"""A master key as text in, its bytes out, and back: for an environment variable, or a keyring."""

from __future__ import annotations

import base64
import binascii
import re

from ..errors import StateError

_SIZE = 32  # bytes
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{64}")


def write_key(key: bytes) -> str:
    """The key as base64."""
    return base64.b64encode(key).decode()


def read_key(text: str, source: str) -> bytes:
    """The key that a text is, in hexadecimal or base64, also base64url. `source` is where it was found.

    Raises:
        StateError: if it is none.
    """
    word = text.strip()
    try:
        if _HEXADECIMAL.fullmatch(word):
            return bytes.fromhex(word)
        padded = word.rstrip("=") + "=" * (-len(word.rstrip("=")) % 4)
        key = base64.b64decode(padded.translate(str.maketrans("-_", "+/")), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != _SIZE:
        raise StateError(
            f"{source} is not a master key",
            f"it has to be {_SIZE} bytes in base64 or hexadecimal, as `openssl rand -base64 32` makes them",
        )
    return key

"""Private keys in, encrypted bytes out, and back: AES-256-GCM under a key of this state's own.

The master key lies in a file beside the state, mode 0600, made at first use.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..files import write_atomically
from .errors import StateError

_MAGIC = b"csc-vault-1\0"
_NONCE_SIZE = 12  # bytes; NIST SP 800-38D 5.2.1.1
_KEY_SIZE = 32  # bytes


class Vault:
    """Encrypts and decrypts; `name` binds a ciphertext to what it belongs to."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, name: str, secret: bytes) -> bytes:
        """The ciphertext of `secret`, only to be decrypted under the same name."""
        nonce = os.urandom(_NONCE_SIZE)
        return _MAGIC + nonce + self._cipher.encrypt(nonce, secret, name.encode())

    def decrypt(self, name: str, ciphertext: bytes) -> bytes:
        """The inverse of `encrypt`.

        Raises:
            StateError: if the ciphertext is damaged, or the master key is another one.
        """
        start = len(_MAGIC)
        nonce, sealed = ciphertext[start : start + _NONCE_SIZE], ciphertext[start + _NONCE_SIZE :]
        try:
            if not ciphertext.startswith(_MAGIC):
                raise InvalidTag
            return self._cipher.decrypt(nonce, sealed, name.encode())
        except InvalidTag:
            raise StateError(
                f"the stored key {name} cannot be decrypted",
                "is vault.key the one that was there when it was stored?",
            ) from None


def open_vault(path: Path, *, is_new: bool = True) -> Vault:
    """The vault whose master key is the file `path`; the key of a new vault is made if there is none.

    Raises:
        StateError: if the key is missing although secrets are stored, or is no key.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        if not is_new:
            raise StateError(
                f"the master key {path} is missing, and stored keys need it",
                "restore it from a backup",
            ) from None
        key = os.urandom(_KEY_SIZE)
        write_atomically(path, key, 0o600)
    if len(key) != _KEY_SIZE:
        raise StateError(
            f"{path} is not a master key",
            f"it has to hold {_KEY_SIZE} bytes: restore it from a backup",
        )
    return Vault(key)

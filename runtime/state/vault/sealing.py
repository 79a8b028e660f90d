"""Secrets in, sealed bytes out, and back: AES-256-GCM, with the name as associated data."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import StateError
from .errors import KeysReplaced
from .keys import Keys

_MAGIC = b"csc-vault-2\0"  # the id of the data key follows
_OLD_MAGIC = b"csc-vault-1\0"  # sealed with the master key itself
_ID_SIZE = 8  # bytes
_NONCE_SIZE = 12  # bytes; NIST SP 800-38D 5.2.1.1


class Vault:
    """Encrypts and decrypts; `name` binds a ciphertext to what it belongs to."""

    __slots__ = ("_cipher", "_id", "_old_cipher")

    def __init__(self, keys: Keys) -> None:
        self._id = bytes.fromhex(keys.id)
        self._cipher = AESGCM(keys.data)
        self._old_cipher = AESGCM(keys.master)

    def encrypt(self, name: str, secret: bytes) -> bytes:
        """The ciphertext of `secret`, only to be decrypted under the same name."""
        nonce = os.urandom(_NONCE_SIZE)
        return _MAGIC + self._id + nonce + self._cipher.encrypt(nonce, secret, name.encode())

    def decrypt(self, name: str, ciphertext: bytes) -> bytes:
        """The inverse of `encrypt`; also of what older versions of csc encrypted.

        Raises:
            KeysReplaced: if it is sealed with another data key.
            StateError: if the ciphertext is damaged.
        """
        try:
            if ciphertext.startswith(_OLD_MAGIC):
                return _open(self._old_cipher, name, ciphertext[len(_OLD_MAGIC) :])
            sealed_with = key_id_of(ciphertext)
            if sealed_with is None:
                raise InvalidTag
            if sealed_with != self._id.hex():
                raise KeysReplaced
            return _open(self._cipher, name, ciphertext[len(_MAGIC) + _ID_SIZE :])
        except InvalidTag:
            raise StateError(
                f"the stored key {name} cannot be decrypted",
                "it is damaged: restore the state from a backup; `csc vault status --check` lists all such",
            ) from None


def key_id_of(ciphertext: bytes) -> str | None:
    """The id of the data key that a ciphertext is sealed with; None if it is not of this format."""
    header = len(_MAGIC) + _ID_SIZE
    if not ciphertext.startswith(_MAGIC) or len(ciphertext) < header:
        return None
    return ciphertext[len(_MAGIC) : header].hex()


def is_old(ciphertext: bytes) -> bool:
    """Whether an older csc has sealed it, with the master key itself."""
    return ciphertext.startswith(_OLD_MAGIC)


def is_sealed_by(master: bytes, name: str, ciphertext: bytes) -> bool:
    """Whether an older csc has sealed it with this master key."""
    try:
        _open(AESGCM(master), name, ciphertext[len(_OLD_MAGIC) :])
    except InvalidTag:
        return False
    return True


def _open(cipher: AESGCM, name: str, sealed: bytes) -> bytes:
    if len(sealed) <= _NONCE_SIZE:
        raise InvalidTag
    return cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], name.encode())

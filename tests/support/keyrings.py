"""Keyrings that `keyring` itself loads: PYTHON_KEYRING_BACKEND names one of the classes below."""

import json
import os
from pathlib import Path

from keyring import errors
from keyring.backend import KeyringBackend


class FileKeyring(KeyringBackend):
    """Entries in a JSON file that KEYRING_FILE names: `{"service": {"user": "secret"}}`."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        entries = json.loads(Path(os.environ["KEYRING_FILE"]).read_text())
        return entries.get(service, {}).get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        raise errors.PasswordSetError("nobody writes here")

    def delete_password(self, service: str, username: str) -> None:
        raise errors.PasswordDeleteError("nobody writes here")


class LockedKeyring(FileKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise errors.KeyringLocked("the collection is locked")


class BrokenKeyring(FileKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise ConnectionError("no bus, and correct-horse-battery-staple")


class RefusingKeyring(FileKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise errors.KeyringError("denied")

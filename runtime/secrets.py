"""Where a confidential text is in, the text itself out; read only while applying."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from ..compiler.plan import Secret
from ..compiler.secrets import EXPRESSION
from .errors import SecretMissing

# A secret is a line or a key; what is larger is another file.
MAX_SECRET_SIZE = 64 * 1024


def read_secret(secret: Secret) -> str:
    """The text that `secret` stands for. One line break at the end of a file is not part of it.

    Raises:
        SecretMissing: if it is not there, cannot be read, or is empty.
    """
    text = secret.text if secret.text is not None else _read(secret.source)
    if text == "":
        raise SecretMissing(
            f"the secret from {secret.source} is empty", "an empty one protects nothing"
        )
    return text


def _read(source: str) -> str:
    match = EXPRESSION.fullmatch(source)
    if match is None:
        raise SecretMissing(f"the secret from {source} is not at hand", "apply the script itself")
    kind, name = (part for part in match.groups() if part is not None)
    return _READERS[kind](name, f"it stands for {source}")


def _from_environment(name: str, way_out: str) -> str:
    try:
        text = os.environ.get(name)
    except ValueError as error:  # a name that no variable can have
        raise SecretMissing(
            f"no environment variable can be called {name!r}: {error}", way_out
        ) from None
    if text is None:
        raise SecretMissing(
            f"the environment variable {name} is not set", f"set it before applying: {way_out}"
        )
    if not _is_text(text):
        raise SecretMissing(f"the environment variable {name} is not UTF-8 text", way_out)
    return text


def _from_file(name: str, way_out: str) -> str:
    try:
        path = Path(name).expanduser()
        # What a shell hands over (`<(pass show cmp)`) is a pipe: no more than its size is limited.
        with path.open("rb") as file:
            if stat.S_ISDIR(os.fstat(file.fileno()).st_mode):
                raise IsADirectoryError(21, "it is a directory")
            data = file.read(MAX_SECRET_SIZE + 1)
        if len(data) > MAX_SECRET_SIZE:
            raise SecretMissing(
                f"the file {name} has more than {MAX_SECRET_SIZE} bytes, and is no secret", way_out
            )
        return data.decode().removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        if isinstance(error, UnicodeDecodeError):  # its text would show some of the secret
            reason = "it is not UTF-8 text"
        raise SecretMissing(f"the file {name} cannot be read: {reason}", way_out) from None


def _from_keyring(name: str, way_out: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise SecretMissing(
            "the package keyring is not installed", "install it: `pip install 'csc-cos[keyring]'`"
        ) from None
    service, _, user = name.partition("/")
    try:
        text: str | None = keyring.get_password(service, user)
    except KeyringError as error:
        raise SecretMissing(
            f"the keyring cannot be used: {type(error).__name__}",
            f"unlock it, or choose another one (`keyring diagnose`): {way_out}",
        ) from None
    except Exception as error:
        # Backends are other people's plug-ins. Their texts might hold anything.
        raise SecretMissing(
            f"the keyring failed: {type(error).__name__}",
            f"`keyring diagnose` tells which one it is: {way_out}",
        ) from error
    if text is None:
        raise SecretMissing(
            f"the keyring holds nothing for {name}",
            f"`keyring set {service} {user}` puts it there: {way_out}",
        )
    if not _is_text(text):
        raise SecretMissing(f"the keyring's entry for {name} is not UTF-8 text", way_out)
    return text


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_READERS: Mapping[str, Callable[[str, str], str]] = {
    "env": _from_environment,
    "file": _from_file,
    "keyring": _from_keyring,
}

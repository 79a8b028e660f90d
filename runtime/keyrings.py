"""An entry's name in, the secret that the machine's keyring holds under it out; and entries made and removed.

The one module that knows the library keyring.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

from .errors import SecretMissing

_T = TypeVar("_T")
_OTHER_WAYS = "or read the secret with ${env:NAME} or ${file:PATH}"


def read_entry(entry: str, source: str, other_ways: str = _OTHER_WAYS) -> str:
    """The secret of `SERVICE/USER`; the user stands behind the last slash. `source` is what stands for it.

    `other_ways` is what else can be done, if the keyring cannot be used.

    Raises:
        SecretMissing: if there is no keyring, it does not open, or it has no such entry.
    """
    service, _, user = entry.rpartition("/")
    secret = _asked(source, other_ways, lambda keyring: keyring.get_password(service, user))
    if secret is None:
        raise SecretMissing(
            f"the keyring has no entry for {source}",
            f"store it: `keyring set {service} {user}`",
        )
    return secret


def write_entry(entry: str, secret: str) -> None:
    """Store a secret as `SERVICE/USER`.

    Raises:
        SecretMissing: here and below, if there is no keyring, or it does not take it.
    """
    service, _, user = entry.rpartition("/")
    _asked(f"the entry {entry}", "", lambda keyring: keyring.set_password(service, user, secret))


def delete_entry(entry: str) -> None:
    """Remove an entry."""
    service, _, user = entry.rpartition("/")
    _asked(f"the entry {entry}", "", lambda keyring: keyring.delete_password(service, user))


def _asked(source: str, other_ways: str, ask: Callable[[ModuleType], _T]) -> _T:
    """What the library says, its errors as ours."""
    more = f", {other_ways}" if other_ways else ""
    try:
        import keyring
        from keyring import errors
    except ModuleNotFoundError as error:
        if error.name == "keyring":
            raise SecretMissing(
                f"{source} needs the library keyring, which is not installed",
                f"`pip install 'csc-cos[keyring]'`{more}",
            ) from None
        raise _unusable(source, more, error) from None
    except Exception as error:
        raise _unusable(source, more, error) from None
    try:
        return ask(keyring)
    except errors.KeyringLocked:
        raise SecretMissing(
            f"the keyring is locked, and {source} is in it", f"unlock it{more}"
        ) from None
    except errors.NoKeyringError:
        raise SecretMissing(
            f"this machine has no keyring that {source} could be in",
            f"`keyring --list-backends` shows what can be used{more}",
        ) from None
    except Exception as error:
        raise _unusable(source, more, error) from None


def _unusable(source: str, more: str, error: Exception) -> SecretMissing:
    """A backend that fails; what it says might hold the secret, so only the error's type is told."""
    return SecretMissing(
        f"the keyring cannot be used for {source}: {type(error).__name__}",
        f"`keyring diagnose` and `keyring --list-backends` tell more{more}",
    )

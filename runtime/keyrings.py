"""An entry's name in, the secret that the machine's keyring holds under it out.

The one module that knows the library keyring.
"""

from __future__ import annotations

from .errors import SecretMissing

_OTHER_WAYS = "or read the secret with ${env:NAME} or ${file:PATH}"


def read_entry(entry: str, source: str) -> str:
    """The secret of `SERVICE/USER`; the user stands behind the last slash. `source` is what stands for it.

    Raises:
        SecretMissing: if there is no keyring, it does not open, or it has no such entry.
    """
    service, _, user = entry.rpartition("/")
    try:
        import keyring
        from keyring import errors
    except ModuleNotFoundError as error:
        if error.name == "keyring":
            raise SecretMissing(
                f"{source} needs the library keyring, which is not installed",
                f"`pip install 'csc-cos[keyring]'`, {_OTHER_WAYS}",
            ) from None
        raise _unusable(source, error) from None
    except Exception as error:
        raise _unusable(source, error) from None
    try:
        secret = keyring.get_password(service, user)
    except errors.KeyringLocked:
        raise SecretMissing(
            f"the keyring is locked, and {source} is in it", f"unlock it, {_OTHER_WAYS}"
        ) from None
    except errors.NoKeyringError:
        raise SecretMissing(
            f"this machine has no keyring that {source} could be in",
            f"`keyring --list-backends` shows what can be used, {_OTHER_WAYS}",
        ) from None
    except Exception as error:
        raise _unusable(source, error) from None
    if secret is None:
        raise SecretMissing(
            f"the keyring has no entry for {source}",
            f"store it: `keyring set {service} {user}`",
        )
    return secret


def _unusable(source: str, error: Exception) -> SecretMissing:
    """A backend that fails; what it says might hold the secret, so only the error's type is told."""
    return SecretMissing(
        f"the keyring cannot be used for {source}: {type(error).__name__}",
        f"`keyring diagnose` and `keyring --list-backends` tell more, {_OTHER_WAYS}",
    )

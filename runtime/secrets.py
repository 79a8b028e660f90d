"""Where a confidential text is in, the text itself out; read only while applying."""

from __future__ import annotations

import os
from pathlib import Path

from ..compiler.plan import Secret
from ..compiler.secrets import EXPRESSION
from .errors import SecretMissing


def read_secret(secret: Secret) -> str:
    """The text that `secret` stands for. One line break at the end of a file is not part of it.

    Raises:
        SecretMissing: if the variable or file is not there.
    """
    if secret.text is not None:
        return secret.text
    match = EXPRESSION.fullmatch(secret.source)
    if match is None:
        raise SecretMissing(
            f"the secret from {secret.source} is not at hand", "apply the script itself"
        )
    source, name = match.groups()
    if source == "env":
        text = os.environ.get(name)
        if text is None:
            raise SecretMissing(
                f"the environment variable {name} is not set",
                f"set it before applying: it stands for {secret.source}",
            )
        return text
    try:
        return Path(name).expanduser().read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SecretMissing(
            f"the file {name} cannot be read: {reason}", f"it stands for {secret.source}"
        ) from None

"""Where a confidential text is in, the text itself out; read only while applying.

What is wrong with a text is told by its kind and never shown.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from ..compiler.plan import Secret
from ..compiler.secrets import source_of
from .errors import SecretMissing, SecretUnusable

# A secret is a line of text; what is larger is another file.
MAX_SECRET_SIZE = 64 * 1024
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ufeff]")
_KINDS = {
    "\x00": "a NUL character",
    "\n": "a line break",
    "\r": "a line break",
    "\ufeff": "a byte order mark",
}


def read_secret(secret: Secret) -> str:
    """The text that `secret` stands for. One line break at the end of a file is not part of it.

    Raises:
        SecretMissing: if nothing can be read there.
        SecretUnusable: if what was read cannot be a secret.
    """
    if secret.text is not None:
        return secret.text
    found = source_of(secret.source)
    if found is None:
        raise SecretMissing(
            f"the secret from {secret.source} is not at hand", "apply the script itself"
        )
    source, name = found
    match source:
        case "env":
            text = _read_variable(name, secret.source)
        case "file":
            text = _read_file(name, secret.source)
        case _:
            from .keyrings import read_entry

            text = read_entry(name, secret.source)
    _check(text, secret.source)
    return text


def _check(text: str, source: str) -> None:
    """Refuse what no device takes as a secret, and what shows that another one was meant."""
    if not text:
        raise SecretUnusable(f"{source} is empty", "put the secret there")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SecretUnusable(f"{source} is not UTF-8 text", "store the secret as UTF-8") from None
    odd = _CONTROL.search(text)
    if odd:
        raise SecretUnusable(
            f"{source} holds {_KINDS.get(odd[0], 'a control character')}",
            "a secret is one line of text, and nothing else stands beside it",
        )


def _read_variable(name: str, source: str) -> str:
    text = os.environ.get(name)
    if text is None:
        raise SecretMissing(
            f"the environment variable {name} is not set",
            f"set it before applying: it stands for {source}",
        )
    return text


def _read_file(name: str, source: str) -> str:
    way_out = f"it stands for {source}"
    try:
        data = _read_bytes(Path(name).expanduser())
        text = data.decode()
    except OSError as error:
        reason = error.strerror or error
        raise SecretMissing(f"the file {name} cannot be read: {reason}", way_out) from None
    except UnicodeDecodeError:
        raise SecretUnusable(f"the file {name} is not UTF-8 text", way_out) from None
    except (RuntimeError, ValueError):  # no such home; a NUL in the path
        raise SecretMissing(f"there can be no file {name}", way_out) from None
    return text.removesuffix("\n").removesuffix("\r")


def _read_bytes(path: Path) -> bytes:
    """The content of a regular file of a sensible size. A pipe would be waited for without end."""
    _check_regular(path.stat())
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        _check_regular(os.fstat(file.fileno()))
        data = file.read(MAX_SECRET_SIZE + 1)
    if len(data) > MAX_SECRET_SIZE:
        raise OSError(f"it has more than {MAX_SECRET_SIZE // 1024} KiB, too much for a secret")
    return data


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise OSError("it is a directory")
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is a pipe, a socket or a device, and no file")

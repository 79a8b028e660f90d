"""The folder of a sandbox CA in, its root certificates out, without a word of cryptography."""

from __future__ import annotations

import base64
import re
from pathlib import Path

# The first holds pairs of a key and its certificate: root and issuing CA of each generation, then the signer.
# The second holds the root, as a copy, or with its key in a folder of an earlier version.
AUTHORITY_FILE = "authority.pem"
ROOT_FILE = "root.pem"
_KEY = "-----BEGIN PRIVATE KEY-----"
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def root_of(folder: Path) -> bytes | None:
    """The DER of the root of the sandbox CA in `folder`, None if there is none yet. Changes nothing.

    Raises:
        OSError, ValueError: if it cannot be read, or is no certificate in PEM.
    """
    return next(iter(roots_of(folder)), None)


def roots_of(folder: Path) -> tuple[bytes, ...]:
    """The root of the sandbox CA in `folder`, and those before it, which lead to what it issues, too.

    Raises:
        OSError, ValueError: as `root_of`.
    """
    for name in (AUTHORITY_FILE, ROOT_FILE):
        try:
            data = (folder / name).read_text(encoding="ascii")
        except FileNotFoundError:
            continue
        found = [base64.b64decode(content) for content in _CERTIFICATE.findall(data)]
        if not found:
            raise ValueError(f"{name} holds no certificate")
        if name == ROOT_FILE:
            return (found[0],)
        return tuple(found[: data.count(_KEY) - 1 : 2])
    return ()

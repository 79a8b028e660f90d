"""The folder of a sandbox CA in, its root certificate out, without a word of cryptography."""

from __future__ import annotations

import base64
from pathlib import Path

# The root's certificate is the first in both; the second is a copy, or of an earlier version.
AUTHORITY_FILE = "authority.pem"
ROOT_FILE = "root.pem"
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def root_of(folder: Path) -> bytes | None:
    """The DER of the root of the sandbox CA in `folder`, None if there is none yet. Changes nothing.

    Raises:
        OSError, ValueError: if it cannot be read, or is no certificate in PEM.
    """
    for name in (AUTHORITY_FILE, ROOT_FILE):
        try:
            data = (folder / name).read_text(encoding="ascii")
        except FileNotFoundError:
            continue
        begin = data.index(_BEGIN) + len(_BEGIN)
        return base64.b64decode(data[begin : data.index(_END, begin)])
    return None

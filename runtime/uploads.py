"""Names of device files in, what was uploaded under them out: the files beside the script."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

# Certificates and keys are a few kilobytes; what is larger is a mistake.
MAX_UPLOAD_SIZE = 1024 * 1024


def read_upload(folders: Sequence[Path], name: str) -> bytes | None:
    """The content of the first file called `name` in `folders`, None if none holds one.

    Raises:
        OSError: if it cannot be read, or is too large.
    """
    for folder in folders:
        path = folder / name
        try:
            size = path.stat().st_size
            if size > MAX_UPLOAD_SIZE:
                raise OSError(f"it has {size} bytes, more than {MAX_UPLOAD_SIZE}")
            return path.read_bytes()
        except FileNotFoundError:
            continue
    return None


def content_id(data: bytes) -> str:
    """The content id of an uploaded file, or of an issued certificate's DER."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

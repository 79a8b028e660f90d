"""Names of device files in, what was uploaded under them out: the files beside the script."""

from __future__ import annotations

import hashlib
import stat
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
            status = path.stat()
            if stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode):
                raise OSError("it has no end")  # of a pipe or a device nobody knows its size
            if status.st_size > MAX_UPLOAD_SIZE:
                raise OSError(f"it has {status.st_size} bytes, more than {MAX_UPLOAD_SIZE}")
            return path.read_bytes()
        except FileNotFoundError:
            continue
    return None


def content_id(data: bytes) -> str:
    """The content id of an uploaded file, or of an issued certificate's DER."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

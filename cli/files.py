"""Text in; its file replaced as a whole, the link or mode it had kept."""

from __future__ import annotations

from pathlib import Path

from ..runtime.files import write_atomically
from .exits import Failure


def replace_text(path: Path, text: str, *, mark: str = "") -> None:
    """Put `text` into the file, behind a byte order `mark` if it had one.

    Raises:
        Failure: if the file cannot be written.
    """
    try:
        target = path.resolve()  # a link stays one
        write_atomically(target, (mark + text).encode(), target.stat().st_mode & 0o777)
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}", "check its folder's permissions"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Put `text` into the file, new or not.

    Raises:
        Failure: if the file cannot be written.
    """
    try:
        target = path.resolve()
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        write_atomically(target, text.encode(), mode)
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}", "check its folder and permissions"
        ) from None

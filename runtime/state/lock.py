"""One writer at a time: a lock on a file that the system releases when its owner dies."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .errors import Locked


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Hold the lock at `path` for the length of the block.

    Raises:
        Locked: if another process holds it; the message says which.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
            raise Locked(
                f"the state is locked by {owner or 'another process'}",
                "wait until it is done, or stop it; the lock goes with its process",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)

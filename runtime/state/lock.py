"""A lock on a file that the system releases when its owner dies. For processes of one machine."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .errors import Locked

# Seconds, for what takes others a moment; and between two tries.
_PATIENCE = 30.0
_PAUSE = 0.02
_LONGEST = 4096  # bytes that an owner writes of itself at the most


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Hold the lock at `path` for the length of the block.

    Raises:
        Locked: if another process holds it; the message says which.
    """
    lock = FileLock(path)
    if not lock.take():
        raise Locked(
            f"the state is locked by {lock.said() or 'another process'}",
            "wait until it is done, or stop it; the lock goes with its process",
        )
    try:
        lock.say(f"process {os.getpid()} on {socket.gethostname()}\n")
        yield
    finally:
        lock.release()


@contextmanager
def in_turn(path: Path) -> Generator[None]:
    """Hold the lock at `path` for the length of a block that is short; wait for others whose block is.

    Raises:
        Locked: if another process holds it for too long.
    """
    lock = FileLock(path)
    begun = time.monotonic()
    while not lock.take():
        if time.monotonic() - begun > _PATIENCE:
            raise Locked(
                f"another process holds {path} and goes on holding it",
                "find it with `lsof`, stop it",
            )
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        lock.release()


class FileLock:
    """The lock at a path. Whoever has it can say something to those who want it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take it, unless somebody else has it."""
        while True:
            descriptor = _open(self.path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            except BaseException:
                os.close(descriptor)
                raise
            if _is_at(descriptor, self.path):
                self._descriptor = descriptor
                return True
            os.close(descriptor)  # it was broken between the two

    @property
    def is_ours(self) -> bool:
        """Whether we have it, and nobody has broken it."""
        return self._descriptor is not None and _is_at(self._descriptor, self.path)

    def say(self, text: str) -> None:
        """Leave word for those who want the lock. Only for its owner."""
        assert self._descriptor is not None  # noqa: S101
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def said(self) -> str:
        """What the last owner said, empty if it has ended properly."""
        try:
            with self.path.open("rb") as file:
                return file.read(_LONGEST).decode(errors="replace").strip()
        except FileNotFoundError:
            return ""

    def break_(self) -> None:
        """Make way for the next owner: who has the lock keeps one on a file that is gone."""
        self.path.unlink(missing_ok=True)

    def release(self) -> None:
        """Give it back, if we have it."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def _open(path: Path) -> int:
    for folder in (
        path.parent.parent,
        path.parent,
    ):  # only the last of what mkdir makes gets the mode
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False

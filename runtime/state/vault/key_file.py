"""The path of a master key in, the keys that lie there out: the one in force, the next one, earlier ones.

A rekey puts the next key beside the one in force (`.new`) before it changes the state, and in its place
afterwards; the earlier one stays (`.old-…`). So wherever it dies, the state's key is one of these.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ...files import write_atomically
from ..errors import StateError

KEY_SIZE = 32  # bytes
_PRIVATE = 0o600
_OTHERS = 0o077


def read(path: Path) -> bytes | None:
    """The master key in a file, None if there is none.

    Raises:
        StateError: if it is no key, or others may read it: as ssh does, a key that is ours has to be private.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            key = file.read(KEY_SIZE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(
            f"the master key {path} cannot be read: {error.strerror}", "check its permissions"
        ) from None
    if status.st_uid == os.getuid() and status.st_mode & _OTHERS:
        raise StateError(
            f"others may read the master key {path}: its mode is {status.st_mode & 0o777:04o}",
            f"`chmod 600 {path}`; if they could have done so, `csc vault rekey` makes another one",
        )
    if len(key) != KEY_SIZE:
        raise StateError(
            f"{path} is not a master key",
            f"it has to hold {KEY_SIZE} bytes: restore it from a backup",
        )
    return key


def candidates(path: Path) -> Iterator[bytes]:
    """Every key that may be the one of a state whose key is at `path`, likely ones first.

    Raises:
        StateError: as `read`.
    """
    following = _following(path)
    # A rekey may move the next key between two looks: the first is looked at once more.
    for place in (path, following, path, *sorted(path.parent.glob(f"{path.name}.old-*"))):
        key = read(place)
        if key is not None:
            yield key


def files(path: Path) -> list[Path]:
    """The files of a key at `path`, of the next one and of earlier ones, as far as they are there."""
    earlier = sorted(path.parent.glob(f"{path.name}.old-*"))
    return [each for each in (path, _following(path), *earlier) if each.is_file()]


def make(path: Path) -> bytes:
    """A new key at `path`, durable when it returns."""
    key = os.urandom(KEY_SIZE)
    write_atomically(path, key, _PRIVATE)
    return key


def make_following(path: Path) -> bytes:
    """A new key beside the one in force.

    One that is there is kept: it may be the only one of another state in the folder.
    """
    following = _following(path)
    there = read(following)
    if there is not None:
        _keep(path, following, there)
    return make(following)


def has_following(path: Path) -> bool:
    """Whether there is a key beside the one in force."""
    return _following(path).exists()


def drop_following(path: Path) -> None:
    """Remove the key beside the one in force, which nothing was wrapped with."""
    _following(path).unlink(missing_ok=True)


def settle(path: Path, is_master: Callable[[bytes], bool]) -> None:
    """Put the key beside the one in force in its place, if it is the state's; keep the earlier one.

    One process at a time may do it.
    """
    following = _following(path)
    key = read(following)
    if key is None or not is_master(key):
        return
    earlier = read(path)
    if earlier is not None and earlier != key:
        _keep(path, path, earlier)
    following.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep(path: Path, place: Path, key: bytes) -> None:
    """Give the key at a place, which is about to be replaced, a name as an earlier one of `path`."""
    name = hashlib.sha256(b"csc name of a key\0" + key).hexdigest()[:8]
    with suppress(FileExistsError):
        os.link(place, path.with_name(f"{path.name}.old-{name}"))


def _following(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")

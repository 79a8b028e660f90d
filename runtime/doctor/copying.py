"""The path of an SQLite database in, a copy that is of one moment and goes with the block out.

To open a database is to write beside it (`-shm`, `-wal`), and to recover it is to write into it. Whoever only
looks works on a copy.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..state.errors import StateError

# A run that writes its log back into the database while it is copied: it is copied again.
_TRIES = 10
# The log, and what a database without one goes back by.
SUFFIXES = ("-wal", "-journal")


@contextmanager
def copied(database: Path) -> Generator[Path]:
    """A copy of the database and its logs in a folder of its own, which only we may read.

    Raises:
        StateError: if it cannot be read, changes all the time, or there is no room.
    """
    with tempfile.TemporaryDirectory(prefix="csc-doctor-") as folder:
        copy = Path(folder) / "state.db"
        for _ in range(_TRIES):
            if _copy(database, copy):
                break
        else:
            raise StateError(f"{database} is being written to all the time", "try it again")
        yield copy


def _copy(database: Path, copy: Path) -> bool:
    """Whether the copy is of one moment: the log grows, but the database stays while we read both."""
    try:
        before = _stamp(database)
        copy.write_bytes(database.read_bytes())
        for suffix in SUFFIXES:
            target = copy.with_name(copy.name + suffix)
            target.unlink(missing_ok=True)
            beside = database.with_name(database.name + suffix)
            if beside.is_file():
                target.write_bytes(beside.read_bytes())
        return _stamp(database) == before
    except OSError as error:
        raise StateError(
            f"{database} cannot be read: {error.strerror}",
            "check the path, its permissions and the disk",
        ) from None


def _stamp(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)  # noqa: PTH116  (follows links, as opening does)
    return status.st_ino, status.st_size, status.st_mtime_ns

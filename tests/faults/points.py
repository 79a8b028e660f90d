"""Points at which something can go wrong in, something going wrong at one of them out.

A point is a moment at the edge of the process: before or after a statement of the store, half-way through a
message, before a file is renamed. Each has a label, `WHERE WHAT: MOMENT`; points with one label are of one
kind. A run counts its points from 0, in the order in which it comes to them, whatever thread that is in.
"""

import errno
import json
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import clock

DAY = 24 * 3600


@dataclass(frozen=True)
class Means:
    """What an action works with: the store's connection, at its edge; a pipe to the harness."""

    connection: Any = None
    harness: int = -1


def kill(means: Means) -> None:
    """End the process as the system does it: no handler, no `finally`, no flush."""
    del means
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # other threads may be in the way of the signal for a moment


def disk_full(means: Means) -> None:
    """What is about to be written finds no room."""
    if means.connection is None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if isinstance(means.connection, sqlite3.Connection):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error
    # An error of the server's own, as it would report it.
    means.connection.raw("DO $$ BEGIN RAISE disk_full; END $$")


def server_ends(means: Means) -> None:
    """The server ends the session, as `pg_terminate_backend` does it."""
    import psycopg

    pid = means.connection.info.backend_pid
    with psycopg.Connection.connect(means.connection.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def cut(means: Means) -> None:
    """The network cuts the connection before the server hears of it."""
    _shut(means, 2)


def deaf(means: Means) -> None:
    """The server hears what is sent, and does it; its answer does not come."""
    _shut(means, 0)


def _shut(means: Means, how: int) -> None:
    import socket

    with socket.fromfd(means.connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as copy:
        copy.shutdown(how)


def stop(means: Means) -> None:
    """Say so, and do nothing more until the harness wants it."""
    os.write(means.harness, b".")
    os.kill(os.getpid(), signal.SIGSTOP)


def read_only(means: Means) -> None:
    """The state's folder can be written no more."""
    del means
    lock_up(Path(".csc"))


def lock_up(folder: Path) -> None:
    """Take the right to write away, from files and folders."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)


def give_up_override() -> None:
    """Be bound by permissions as everybody is: root is not (capabilities(7), CAP_DAC_OVERRIDE)."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)  # version 3, this thread
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) == 0:
        sets[0] &= ~(1 << 1)
        libc.capset(header, sets)


def open_up(folder: Path) -> None:
    """Undo `lock_up`."""
    if folder.exists():
        folder.chmod(0o700)
        for path in folder.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)


ACTIONS: dict[str, Callable[[Means], None]] = {
    "kill": kill,
    "disk full": disk_full,
    "session ended": server_ends,
    "connection cut": cut,
    "answer of the store lost": deaf,
    "read-only": read_only,
    "clock on": lambda means: clock.shift(DAY),
    "clock back": lambda means: clock.shift(-DAY),
    "stop": stop,
}


@dataclass
class Fuse:
    """Counts points, and acts once: at number `at` (None: never), or the next one that is fit for it.

    Where several threads are under way, a number is not always of the same point. Where it acted is written
    to `log` before.
    """

    action: Callable[[Means], None] = kill
    at: int | None = None
    is_fit: Callable[[str], bool] = lambda label: True
    log: Path | None = None
    harness: int = -1
    labels: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _acting: bool = False

    def point(self, label: str, connection: Any = None) -> None:
        """The process is at a point."""
        with self._lock:
            if self._acting:  # what the action does is no point of the run
                return
            self.labels.append(label)
            if self.at is None or len(self.labels) <= self.at or not self.is_fit(label):
                return
            self.at = None
            self._acting = True
            try:
                if self.log is not None:
                    self.log.write_text(json.dumps([label]))
                self.action(Means(connection, self.harness))
            finally:
                self._acting = False

"""A lock in a PostgreSQL database, which the server releases when its owner's connection ends."""

from __future__ import annotations

import hashlib

from .database import Database
from .errors import StateError

# Without these a server waits for hours for a machine that has died: seconds, seconds, times.
_KEEPALIVE = (
    "tcp_keepalives_idle = 30",
    "tcp_keepalives_interval = 10",
    "tcp_keepalives_count = 3",
)
_HOLDERS = (
    "FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND classid::bigint = ? AND objid::bigint = ?"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class SessionLock:
    """The lock of a device. It belongs to the session that takes it: PostgreSQL manual, 13.3.5."""

    def __init__(self, database: Database, device: str) -> None:
        self._database = database
        ((schema,),) = database.execute("SELECT current_schema()")
        digest = hashlib.sha256(f"csc\0{schema}\0{device}".encode()).digest()
        self._key = int.from_bytes(digest[:8], signed=True)
        self._is_ours = False

    def take(self) -> bool:
        """Take it, unless somebody else has it.

        Raises:
            StateError: if the database cannot be used.
        """
        ((is_ours,),) = self._database.execute("SELECT pg_try_advisory_lock(?)", self._key)
        self._is_ours = bool(is_ours)
        if self._is_ours:
            for setting in _KEEPALIVE:
                self._database.execute(f"SET {setting}")
        return self._is_ours

    def is_held(self) -> bool:
        """Whether somebody has it.

        Raises:
            StateError: if the database cannot be used.
        """
        return bool(self._database.execute(f"SELECT 1 {_HOLDERS}", *self._halves()))

    def break_(self) -> None:
        """Cut the connection of who has it.

        Raises:
            StateError: if that is another user of the database, who may not be cut off by us.
        """
        cut = self._database.execute(
            f"SELECT pg_terminate_backend(pid, 5000) {_HOLDERS}",
            *self._halves(),
        )
        if not all(row[0] for row in cut):
            raise StateError("the owner's connection does not end", "try it again")

    def release(self) -> None:
        """Give it back, if we have it.

        Raises:
            StateError: if the database cannot be used.
        """
        if self._is_ours:
            self._database.execute("SELECT pg_advisory_unlock(?)", self._key)
            self._is_ours = False

    def _halves(self) -> tuple[int, int]:
        """The key as pg_locks shows it: PostgreSQL manual, 54.12."""
        return (self._key >> 32) & 0xFFFF_FFFF, self._key & 0xFFFF_FFFF

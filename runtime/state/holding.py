"""A device in, the right to write to it out: for one process at a time, wherever it runs.

What lives here: who may take a device. Two things have to come together.

1. A lock that goes with its owner. In PostgreSQL that is an advisory lock of the owner's own session, which
   ends with the connection, across machines; for SQLite a locked file, which goes with the process, on this
   machine.
2. A row in the table `lease`, for people and as a fence: it says who, and its token lets an owner write.

Whoever gets the lock takes the row over: its owner is dead, or cut off. With SQLite that is proven only if
the owner ran on this machine; a row of another one came with the file, and stays until `csc unlock --force`.
A row alone is never waited for. An owner that lost its row can write no more (`lease.fence`).

A state that is not there yet is made when it is first written to, by then under the lock.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from . import lease
from .advisory import SessionLock
from .errors import Locked, StateError
from .location import Location
from .lock import FileLock, in_turn
from .mounts import refuse_network
from .opening import open_store
from .owner import Life, Owner, has_restarted, life_of, runs_beside, this_process
from .store import Store

# Seconds between two looks at a lock that somebody else has.
_PAUSE = 0.1
# Seconds that a lock may be seen without its owner: that writes itself down next, or has just died.
_GRACE = 3.0

Lock = FileLock | SessionLock


class Held:
    """A device that nobody else writes to, once it is taken."""

    def __init__(self, location: Location, device: str) -> None:
        self.location = location
        self.device = device
        self._mine = lease.new_lease(device, this_process(), _now())
        self._lock, self._store = open_lock(location, device)
        self._is_written_down = False

    @property
    def store(self) -> Store:
        """The state, open for writing; made if it is not there yet.

        Raises:
            StateError: if it cannot be opened, or the device was taken away meanwhile.
        """
        if self._store is None:
            self._store = open_in_turn(self.location)
        if not self._is_written_down:
            database = self._store.database
            if isinstance(self._lock, FileLock) and not self._lock.is_ours:
                raise lease.lost(self.device, lease.find(database, self.device))
            lease.put(database, self._mine)
            self._store.fence = lease.fence(database, self._mine, _now)
            self._is_written_down = True
        return self._store

    def take(self, patience: float, tell: Callable[[Locked], None]) -> None:
        """Become the owner. `tell` hears once that somebody else is, if that has to be waited for.

        Raises:
            Locked: if another process is, and stays it for `patience` seconds.
            StateError: if the state cannot be used.
        """
        begun = time.monotonic()
        told = False
        while not self._lock.take():
            holder = holder_of(self._lock, self._store, self.device)
            is_settled = holder is not None and life_of(holder[0], self._mine.owner) != Life.GONE
            if time.monotonic() - begun >= (patience if is_settled else max(patience, _GRACE)):
                raise locked(self.device, holder)
            if is_settled and not told:
                told = True
                tell(locked(self.device, holder))
            time.sleep(_PAUSE)
        if isinstance(self._lock, FileLock):
            self._lock.say(lease.said(self._mine))
            old = None if self._store is None else lease.find(self._store.database, self.device)
            if old is not None and not proves_death(self._lock, old.owner):
                raise locked(self.device, (old.owner, old.acquired_at))
        if not self.location.is_new:
            _ = self.store  # written down at once, unless it would make a state

    def end(self) -> None:
        """Give the device back, as far as that can be done: a row without its lock keeps nobody out.

        Once is enough, and more do no harm.
        """
        store, self._store = self._store, None
        if store is not None and self._is_written_down:
            with suppress(StateError):
                lease.remove(store.database, self._mine)
        with suppress(StateError):
            self._lock.release()
        if store is not None:
            store.close()


@contextmanager
def hold(
    location: Location,
    device: str,
    patience: float = 0.0,
    tell: Callable[[Locked], None] = lambda refused: None,
) -> Generator[Held]:
    """Hold a device for the length of the block; wait for it up to `patience` seconds.

    `tell` hears that it is waited for, and what for.

    Raises:
        Locked: if another process holds it; the message says who, and since when.
        StateError: if the state cannot be used.
        OSError: if the state's folder cannot be written to.
    """
    held = Held(location, device)
    try:
        held.take(patience, tell)
        yield held
    finally:
        held.end()


def open_lock(location: Location, device: str) -> tuple[Lock, Store | None]:
    """The lock of a device, which is not taken yet, and the state if it is there.

    Raises:
        StateError: if the state cannot be used.
    """
    if location.database is None:
        store = open_store(location)
        try:
            return SessionLock(store.database, device), store
        except BaseException:
            store.close()
            raise
    refuse_network(location.database)
    store = None if location.is_new else open_in_turn(location)
    return FileLock(location.lock_of(device)), store


def open_in_turn(location: Location) -> Store:
    """The state, open for writing. Only one process at a time makes a new file of SQLite's."""
    if location.database is None:
        return open_store(location)
    with in_turn(location.lock):
        return open_store(location)


def holder_of(lock: Lock, store: Store | None, device: str) -> tuple[Owner, datetime] | None:
    """Who says to hold a device, and since when; None if nobody has said it yet."""
    said = lease.heard(lock.said()) if isinstance(lock, FileLock) else None
    if said is not None:
        return said
    row = None if store is None else lease.find(store.database, device)
    return None if row is None else (row.owner, row.acquired_at)


def proves_death(lock: Lock, owner: Owner) -> bool:
    """Whether the owner of a lease is dead, or cut off, if we have the lock."""
    here = this_process()
    return not isinstance(lock, FileLock) or runs_beside(owner, here) or has_restarted(owner, here)


def locked(device: str, holder: tuple[Owner, datetime] | None) -> Locked:
    """What those hear that cannot have a device."""
    who = "another process"
    if holder is not None:
        who = f"{holder[0]} since {holder[1]:%Y-%m-%d %H:%M:%S} UTC"
    return Locked(
        f"device {device} is locked by {who}",
        "wait for it with `--lock-timeout SECONDS`; if its owner is dead for certain,"
        f" `csc unlock {shlex.quote(device)}`",
    )


def _now() -> datetime:
    return datetime.now(UTC)

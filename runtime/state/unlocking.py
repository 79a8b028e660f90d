"""A state in, its leases and what is known of their owners out; and leases removed."""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import dataclass

from . import audit_events, lease
from .advisory import SessionLock
from .errors import Locked, StateError
from .holding import holder_of, locked, open_lock, proves_death
from .lease import Lease
from .location import Location
from .lock import FileLock
from .opening import open_to_read
from .owner import Life, life_of, this_process


@dataclass(frozen=True, slots=True)
class Seen:
    """A lease, and whether its owner lives."""

    lease: Lease
    life: Life


def look(location: Location) -> list[Seen]:
    """Every lease of a state, by device. Nothing is changed.

    Raises:
        StateError: if the state cannot be used.
    """
    store = open_to_read(location)
    if store is None:
        return []
    try:
        here = this_process()
        seen: list[Seen] = []
        for found in lease.all_leases(store.database):
            life = life_of(found.owner, here)
            if location.database is None:
                is_held = SessionLock(store.database, found.device).is_held()
                life = Life.RUNS if is_held else Life.GONE
            seen.append(Seen(found, life))
        return seen
    finally:
        store.close()


def unlock(location: Location, device: str, *, by_force: bool) -> None:
    """Remove the lease of a device; by force also that of an owner that lives, which then writes no more.

    Raises:
        Locked: without force, if its owner lives or may live.
        StateError: if there is no lease, or the state cannot be used.
    """
    lock, store = open_lock(location, device)
    try:
        if isinstance(lock, FileLock) and store is None and not lock.path.exists():
            raise _nothing(device)
        is_free = lock.take()
        found = None if store is None else lease.find(store.database, device)
        if is_free and found is None:
            raise _nothing(device)
        may_live = not is_free or (found is not None and not proves_death(lock, found.owner))
        if may_live and not by_force:
            raise _alive(locked(device, holder_of(lock, store, device)), device)
        if not is_free:
            lock.break_()
        if store is not None:
            with store.transaction():
                if found is not None:
                    lease.remove(store.database, found)
                owner = None if found is None else found.owner
                audit_events.unlocked(store, device, owner, by_force=may_live)
    finally:
        with suppress(StateError):
            lock.release()
        if store is not None:
            store.close()


def _nothing(device: str) -> StateError:
    return StateError(f"device {device} is not locked", "`csc lock` lists what is")


def _alive(refused: Locked, device: str) -> Locked:
    return Locked(
        f"{refused}, and may be alive",
        f"stop it; or `csc unlock {shlex.quote(device)} --force`, after which it writes no more",
    )

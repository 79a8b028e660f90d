"""A state in, the right to write to all its devices at once out: for what concerns the whole state."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime

from . import lease
from .advisory import SessionLock
from .errors import Locked, StateError
from .holding import Lock, holder_of, locked, open_in_turn, proves_death
from .lease import Lease
from .location import Location
from .lock import FileLock
from .mounts import refuse_network
from .owner import this_process
from .store import Store

# Seconds between two looks at a lock that somebody else has.
_PAUSE = 0.1


@contextmanager
def hold_every(
    location: Location,
    patience: float = 0.0,
    tell: Callable[[Locked], None] = lambda refused: None,
) -> Generator[Store]:
    """Hold every device that the state knows for the length of the block, in which the state is open.

    Devices are waited for up to `patience` seconds together; `tell` hears of each that is.

    Raises:
        Locked: if another process holds one; the message says who, and since when.
        StateError: if the state cannot be used.
    """
    if location.database is not None:
        refuse_network(location.database)
    with ExitStack() as stack:
        store = open_in_turn(location)
        stack.callback(store.close)
        until = time.monotonic() + patience
        held: set[str] = set()
        # Some may come while others are waited for.
        while missing := sorted(_devices(store) - held):
            for device in missing:
                _take(stack, store, location, device, until, tell)
                held.add(device)
        yield store


def _take(
    stack: ExitStack,
    store: Store,
    location: Location,
    device: str,
    until: float,
    tell: Callable[[Locked], None],
) -> None:
    lock: Lock = (
        SessionLock(store.database, device)
        if location.database is None
        else FileLock(location.lock_of(device))
    )
    told = False
    while not lock.take():
        refused = locked(device, holder_of(lock, store, device))
        if time.monotonic() >= until:
            raise refused
        if not told:
            told = True
            tell(refused)
        time.sleep(_PAUSE)
    stack.callback(_release, lock)
    mine = lease.new_lease(device, this_process(), datetime.now(UTC))
    if isinstance(lock, FileLock):
        lock.say(lease.said(mine))
    left = lease.find(store.database, device)
    if left is not None and not proves_death(lock, left.owner):
        raise locked(device, (left.owner, left.acquired_at))
    lease.put(store.database, mine)
    stack.callback(_remove, store, mine)


def _release(lock: Lock) -> None:
    with suppress(StateError):
        lock.release()


def _remove(store: Store, mine: Lease) -> None:
    with suppress(StateError):
        lease.remove(store.database, mine)


def _devices(store: Store) -> set[str]:
    """The devices that are known, or held."""
    rows = store.database.execute("SELECT name FROM device UNION SELECT device FROM lease")
    return {row[0] for row in rows}

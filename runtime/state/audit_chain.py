"""Acts in, entries of the audit log out: a chain for each device that shows whether somebody changed it.

What holds:

1. An entry is written in the transaction of the act that it tells of: neither is there without the other.
2. Its hash is SHA-256 over everything else in it and over the hash of the entry before. To change, remove or
   add an entry, everything after it has to be made anew.
3. A chain has one end. Who appends locks the chain's row in `audit_head` until the transaction ends; who
   writes to a device has locked its lease before, so that all take the two in the same order. Devices have
   chains of their own, and do not wait for each other. The chain of the empty name is the state's as a whole.
4. A chain begins with an entry that says what the device had by then: of anything newer it has to tell.

The hashes are not keyed. Who may write to the database, and makes the whole chain anew along with the rows
that it tells of, is found out by a hash that was kept elsewhere (`has`). `audit.verify` looks for the rest.
No secret is in an entry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...compiler.serialize import canonical
from .database import Row
from .owner import this_process

if TYPE_CHECKING:
    from .store import Store

WHOLE_STATE = ""
"""The chain of what concerns no device."""
BEGAN = "began"
COLUMNS = "device, seq, run, at, who, pid, what, details, previous, hash"
_SCHEME = "csc-audit-1"
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Trail:
    """On whose behalf entries are made: `who` is user@host, `run` the id of the run, or empty."""

    who: str
    pid: int
    run: str
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is stored; `details` is JSON, `at` ISO 8601 in UTC."""

    device: str
    seq: int
    run: str
    at: str
    who: str
    pid: int
    what: str
    details: str
    previous: str
    hash: str

    @property
    def told(self) -> dict[str, Any]:
        """The details as data."""
        return json.loads(self.details)

    @property
    def time(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self.at)

    def digest(self) -> str:
        """What `hash` has to be.

        Raises:
            TypeError: if somebody stored what csc does not.
        """
        content = (
            *(_SCHEME, self.device, self.seq, self.run, self.at, self.who, self.pid),
            *(self.what, self.details, self.previous),
        )
        return hashlib.sha256(canonical(content).encode()).hexdigest()


def trail_of(run: str = "", clock: Callable[[], datetime] | None = None) -> Trail:
    """The trail of this process."""
    owner = this_process()
    return Trail(f"{owner.user}@{owner.host}", owner.pid, run, clock or _now)


def append(
    store: Store, device: str, what: str, details: Mapping[str, Any], at: datetime | None = None
) -> str:
    """Add an entry to the chain of `device`, on behalf of the store's trail; the entry's hash.

    To be called in the transaction of the act.

    Raises:
        StateError: if it cannot be written.
    """
    trail = store.trail = store.trail or trail_of()
    with store.transaction():
        seq, previous = _take_end(store, device)
        if seq == 1:
            previous = _write(store, device, 1, "", trail, BEGAN, _standing(store, device), at)
            seq = 2
        return _write(store, device, seq, previous, trail, what, details, at)


def _take_end(store: Store, device: str) -> tuple[int, str]:
    """The number of the next entry and the hash of the last one; nobody else gets them any more."""
    run = store.database.execute
    take = "UPDATE audit_head SET seq = seq + 1 WHERE device = ? RETURNING seq, hash"
    ends = run(take, device)
    if not ends:
        run("INSERT INTO audit_head VALUES (?, 0, '', 0, 0) ON CONFLICT DO NOTHING", device)
        ends = run(take, device)
    ((seq, previous),) = ends
    return seq, previous


def _standing(store: Store, device: str) -> dict[str, int]:
    """What the device had before its chain began."""
    ((version, certificate),) = store.database.execute(
        "SELECT version, certificate FROM audit_head WHERE device = ?", device
    )
    return {"version": version, "certificate": certificate}


def _write(
    store: Store,
    device: str,
    seq: int,
    previous: str,
    trail: Trail,
    what: str,
    details: Mapping[str, Any],
    at: datetime | None,
) -> str:
    time = (at or trail.clock()).isoformat()
    # What a peer says may hold what is no text.
    text = canonical(dict(details)).encode(errors="replace").decode()
    run = "" if what == BEGAN else trail.run
    new = Entry(device, seq, run, time, trail.who, trail.pid, what, text, previous, "")
    digest = new.digest()
    store.database.execute(
        f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        *(device, seq, run, time, trail.who, trail.pid, what, text, previous, digest),
    )
    store.database.execute(
        "UPDATE audit_head SET seq = ?, hash = ? WHERE device = ?", seq, digest, device
    )
    return digest


def devices(store: Store) -> list[str]:
    """Whatever has a chain, by name."""
    rows = store.database.execute("SELECT device FROM audit UNION SELECT device FROM audit_head")
    return sorted(str(row[0]) for row in rows)


def entries(store: Store, device: str) -> Iterator[Entry]:
    """The chain of a device, oldest first."""
    after: object = -1
    while True:
        rows = store.database.execute(
            f"SELECT {COLUMNS} FROM audit WHERE device = ? AND seq > ? ORDER BY seq LIMIT {_CHUNK}",  # noqa: S608
            device,
            after,
        )
        yield from map(entry_of, rows)
        if len(rows) < _CHUNK:
            return
        after = rows[-1][1]


def entry_of(row: Row) -> Entry:
    """The entry in a row of `COLUMNS`."""
    return Entry(*row)


def newest(store: Store, device: str) -> str:
    """The hash at the end of a chain, empty if there is none: what is kept elsewhere proves all before it."""
    rows = store.database.execute("SELECT hash FROM audit_head WHERE device = ?", device)
    return rows[0][0] if rows else ""


def has(store: Store, digest: str) -> bool:
    """Whether an entry of this hash is there; if no fault is found, so is everything before it."""
    return bool(store.database.execute("SELECT 1 FROM audit WHERE hash = ?", digest))


def _now() -> datetime:
    return datetime.now(UTC)

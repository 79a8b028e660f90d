"""The table of leases: who writes to which device, and whether a writer still may.

What makes one owner give way to the next is not here (`holding.py`). What is here keeps an owner whose lease
is gone from writing: each of its transactions begins by renewing the lease, which locks the row.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .database import Database, Row
from .decoding import of_database
from .errors import StateError
from .owner import Owner

_COLUMNS = (
    "device, token, owner, host, machine, boot, namespace, pid, started, acquired_at, renewed_at"
)
_TOKEN_SIZE = 16  # bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """A device and its writer. `token` is this lease's alone."""

    device: str
    token: str
    owner: Owner
    acquired_at: datetime
    renewed_at: datetime


def new_lease(device: str, owner: Owner, at: datetime) -> Lease:
    """A lease that is not in the table yet."""
    return Lease(device, secrets.token_hex(_TOKEN_SIZE), owner, at, at)


@of_database
def all_leases(database: Database) -> list[Lease]:
    """Every lease, by device."""
    rows = database.execute(f"SELECT {_COLUMNS} FROM lease ORDER BY device")  # noqa: S608
    return list(map(_lease, rows))


@of_database
def find(database: Database, device: str) -> Lease | None:
    """The lease of a device, None if it has none."""
    rows = database.execute(f"SELECT {_COLUMNS} FROM lease WHERE device = ?", device)  # noqa: S608
    return _lease(rows[0]) if rows else None


def put(database: Database, lease: Lease) -> None:
    """Write a lease down, in place of an earlier one of the device."""
    owner = lease.owner
    with database.transaction():
        database.execute("DELETE FROM lease WHERE device = ?", lease.device)
        database.execute(
            f"INSERT INTO lease ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            lease.device,
            lease.token,
            owner.user,
            owner.host,
            owner.machine,
            owner.boot,
            owner.namespace,
            owner.pid,
            owner.started,
            lease.acquired_at.isoformat(),
            lease.renewed_at.isoformat(),
        )


def remove(database: Database, lease: Lease) -> None:
    """Take a lease out of the table, if it is there still."""
    with database.transaction():
        database.execute(
            "DELETE FROM lease WHERE device = ? AND token = ?", lease.device, lease.token
        )


def fence(database: Database, lease: Lease, clock: Callable[[], datetime]) -> Callable[[], None]:
    """What a transaction of the lease's owner begins with.

    It raises StateError if the lease is somebody else's by now, or nobody's.
    """

    def renew() -> None:
        renewed = database.execute(
            "UPDATE lease SET renewed_at = ? WHERE device = ? AND token = ? RETURNING pid",
            clock().isoformat(),
            lease.device,
            lease.token,
        )
        if renewed:
            return
        now = find(database, lease.device)
        raise lost(lease.device, now)

    return renew


def lost(device: str, now: Lease | None) -> StateError:
    """What the owner of a lease has to hear that is another one's now."""
    what = f"taken over by {now.owner}" if now else "removed with `csc unlock`"
    return StateError(
        f"the lease on device {device} was {what}",
        "nothing was written since; look at `csc show`, then apply the script again",
    )


def said(lease: Lease) -> str:
    """The lease in a line of text."""
    told = {"since": lease.acquired_at.isoformat(), "owner": asdict(lease.owner)}
    return json.dumps(told)


def heard(text: str) -> tuple[Owner, datetime] | None:
    """Owner and time of what `said` has made, None if the text is not that."""
    try:
        told: dict[str, Any] = json.loads(text)
        return Owner(**told["owner"]), datetime.fromisoformat(told["since"])
    except (ValueError, TypeError, KeyError):
        return None


def _lease(row: Row) -> Lease:
    device, token, *owner, acquired_at, renewed_at = row
    return Lease(
        device,
        token,
        Owner(*owner),
        datetime.fromisoformat(acquired_at),
        datetime.fromisoformat(renewed_at),
    )

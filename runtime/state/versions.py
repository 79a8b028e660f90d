"""A state in, the committed versions of a device out, without their configurations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .decoding import of_store
from .store import Store


@dataclass(frozen=True, slots=True)
class Committed:
    """When a version was committed, by which script (its digest) and by whom: user@host, or empty.

    `restores` is the version that a roll-back has brought back with it; the script is that one's, then.
    """

    number: int
    committed_at: datetime
    script: str
    committed_by: str
    restores: int | None = None


@of_store
def versions(store: Store, device: str) -> list[Committed]:
    """Every committed version, newest first.

    Raises:
        StateError: if the state cannot be read.
    """
    rows = store.database.execute(
        "SELECT number, committed_at, script, committed_by, restores FROM version WHERE device = ?"
        " ORDER BY number DESC",
        device,
    )
    return [
        Committed(number, datetime.fromisoformat(committed_at), script, by, restores)
        for number, committed_at, script, by, restores in rows
    ]


def committed_by(store: Store, device: str, number: int) -> str:
    """Who committed a version, as user@host; empty if that is not known, or there is no such version.

    Raises:
        StateError: if the state cannot be read.
    """
    rows = store.database.execute(
        "SELECT committed_by FROM version WHERE device = ? AND number = ?", device, number
    )
    return rows[0][0] or "" if rows else ""

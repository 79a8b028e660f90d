"""The journal of CMP operations: what was about to happen, written down before it does.

An operation is *requested* before its first message leaves, *received* before what the CA issued is
confirmed, and *done* or *failed* at its end. One that is still requested or received was cut off; the next
apply that means the same sends the same bytes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .store import Store


@dataclass(frozen=True, slots=True)
class OpenOperation:
    """An operation that was cut off: `request` is its exact first message, `poll` its last pollReq.

    `key` is a content id, None where the CA makes the key and has not sent it yet.
    """

    id: int
    key: str | None
    request: bytes
    poll: bytes | None = None


def begin(
    store: Store,
    *,
    device: str,
    path: str,
    operation: str,
    intent: str,
    transaction_id: bytes,
    key: str | None,
    request: bytes,
    at: datetime,
) -> int:
    """Write an operation down; its id. The key has to be in the store already, or in this transaction."""
    with store.transaction() as connection:
        cursor = connection.execute(
            "INSERT INTO journal (device, path, operation, intent, transaction_id, key, request,"
            " phase, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'requested', ?)",
            (device, path, operation, intent, transaction_id.hex(), key, request, at.isoformat()),
        )
    assert cursor.lastrowid is not None  # noqa: S101  (an INSERT has one)
    return cursor.lastrowid


def waiting(store: Store, entry: int, poll: bytes) -> None:
    """Note that the CA has not decided, and the exact pollReq to go on with."""
    with store.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO poll VALUES (?, ?)", (entry, poll))


def received(store: Store, entry: int, certificate: str, key: str) -> None:
    """Note what the CA issued, before it is confirmed, and for which key."""
    with store.transaction() as connection:
        connection.execute(
            "UPDATE journal SET phase = 'received', certificate = ?, key = ? WHERE id = ?",
            (certificate, key, entry),
        )


def is_received(store: Store, entry: int) -> bool:
    """Whether the CA has issued what is not confirmed yet."""
    with store.transaction() as connection:
        row = connection.execute("SELECT phase FROM journal WHERE id = ?", (entry,)).fetchone()
    return row == ("received",)


def is_answered(store: Store, entry: int) -> bool:
    """Whether the CA knows of it: it has issued, or said that it has not decided."""
    with store.transaction() as connection:
        row = connection.execute(
            "SELECT phase = 'received' OR poll.operation IS NOT NULL FROM journal"
            " LEFT JOIN poll ON poll.operation = journal.id WHERE journal.id = ?",
            (entry,),
        ).fetchone()
    return bool(row and row[0])


def end(store: Store, entry: int, *, is_done: bool, outcome: str, at: datetime) -> None:
    """Close an operation."""
    with store.transaction() as connection:
        connection.execute(
            "UPDATE journal SET phase = ?, outcome = ?, ended_at = ? WHERE id = ?",
            ("done" if is_done else "failed", outcome, at.isoformat(), entry),
        )


def find_open(
    store: Store, *, device: str, path: str, operation: str, intent: str
) -> OpenOperation | None:
    """The newest operation with this intent that was cut off."""
    with store.transaction() as connection:
        row = connection.execute(
            "SELECT journal.id, key, journal.request, poll.request FROM journal"
            " LEFT JOIN poll ON poll.operation = journal.id"
            " WHERE device = ? AND path = ? AND journal.operation = ?"
            " AND intent = ? AND phase IN ('requested', 'received') ORDER BY journal.id DESC LIMIT 1",
            (device, path, operation, intent),
        ).fetchone()
    return None if row is None else OpenOperation(*row)

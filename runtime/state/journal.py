"""The journal of CMP operations: what was about to happen, written down before it does.

An operation is *requested* before its first message leaves, *received* before what the CA issued is
confirmed, and *done* or *failed* at its end. One that is still requested or received was cut off; the next
apply that means the same sends the same bytes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import audit_events
from .store import Store


@dataclass(frozen=True, slots=True)
class OpenOperation:
    """An operation that was cut off: `request` is its exact first message, `last` a later one it came to.

    `key` and `certificate` are content ids: None where the CA makes the key and has not sent it yet, and
    where it has not issued.
    """

    id: int
    key: str | None
    request: bytes
    certificate: str | None = None
    last: bytes | None = None


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
    with store.transaction():
        ((entry,),) = store.database.execute(
            "INSERT INTO journal (device, path, operation, intent, transaction_id, key, request,"
            " phase, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'requested', ?) RETURNING id",
            device,
            path,
            operation,
            intent,
            transaction_id.hex(),
            key,
            request,
            at.isoformat(),
        )
    return entry


def waiting(store: Store, entry: int, poll: bytes) -> None:
    """Note that the CA has not decided, and the exact pollReq to go on with."""
    with store.transaction():
        _go_on_with(store, entry, poll)


def received(
    store: Store, entry: int, certificate: str, key: str, confirmation: bytes | None
) -> None:
    """Note what the CA issued and for which key, before it is confirmed, and the certConf if there is one."""
    with store.transaction():
        if confirmation is None:
            store.database.execute("DELETE FROM later WHERE operation = ?", entry)
        else:
            _go_on_with(store, entry, confirmation)
        store.database.execute(
            "UPDATE journal SET phase = 'received', certificate = ?, key = ? WHERE id = ?",
            certificate,
            key,
            entry,
        )


def _go_on_with(store: Store, entry: int, message: bytes) -> None:
    store.database.execute(
        "INSERT INTO later VALUES (?, ?)"
        " ON CONFLICT (operation) DO UPDATE SET message = excluded.message",
        entry,
        message,
    )


def is_received(store: Store, entry: int) -> bool:
    """Whether the CA has issued what is not confirmed yet."""
    rows = store.database.execute("SELECT phase FROM journal WHERE id = ?", entry)
    return [row[0] for row in rows] == ["received"]


def issued(store: Store, entry: int) -> tuple[str, str]:
    """The content ids of certificate and key of an operation that is received."""
    ((certificate, key),) = store.database.execute(
        "SELECT certificate, key FROM journal WHERE id = ?", entry
    )
    return certificate, key


def is_answered(store: Store, entry: int) -> bool:
    """Whether the CA knows of it: it has issued, or said that it has not decided."""
    rows = store.database.execute(
        "SELECT phase = 'received' OR later.operation IS NOT NULL FROM journal"
        " LEFT JOIN later ON later.operation = journal.id WHERE journal.id = ?",
        entry,
    )
    return bool(rows and rows[0][0])


def end(store: Store, entry: int, *, is_done: bool, outcome: str, at: datetime) -> None:
    """Close an operation."""
    with store.transaction():
        store.database.execute(
            "UPDATE journal SET phase = ?, outcome = ?, ended_at = ? WHERE id = ?",
            "done" if is_done else "failed",
            outcome,
            at.isoformat(),
            entry,
        )
        if not is_done:
            audit_events.given_up(store, entry, outcome, at)


def find_open(
    store: Store, *, device: str, path: str, operation: str, intent: str
) -> OpenOperation | None:
    """The newest operation with this intent that was cut off."""
    rows = store.database.execute(
        "SELECT journal.id, key, request, certificate, message FROM journal"
        " LEFT JOIN later ON later.operation = journal.id"
        " WHERE device = ? AND path = ? AND journal.operation = ?"
        " AND intent = ? AND phase IN ('requested', 'received') ORDER BY journal.id DESC LIMIT 1",
        device,
        path,
        operation,
        intent,
    )
    if not rows:
        return None
    ((entry, key, request, certificate, message),) = rows
    return OpenOperation(
        entry, key, bytes(request), certificate, None if message is None else bytes(message)
    )

"""The journal of CMP operations: what was about to happen, written down before it does.

An operation's phase is one of `recovery.phases`; each change of it and the message that is to be sent next
are one transaction. What has no end yet was cut off: it is gone on with from its phase, with the same bytes.
What has ended stays, as history.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..recovery.phases import Phase
from . import audit_events
from .database import Row
from .store import Store


@dataclass(frozen=True, slots=True)
class OpenOperation:
    """An operation that was cut off: `request` is its exact first message, `last` a later one it came to.

    `key` and `certificate` are content ids: None where the CA makes the key and has not sent it yet, and
    where it has not issued. `document` says what is asked for, None if an older csc began it; `ends` is the
    operation whose certificate this one revokes.
    """

    id: int
    key: str | None
    request: bytes = field(repr=False)
    certificate: str | None = None
    last: bytes | None = field(default=None, repr=False)
    phase: Phase = Phase.REQUESTED
    path: str = ""
    operation: str = ""
    intent: str = ""
    transaction_id: str = ""
    started_at: datetime | None = None
    document: str | None = None
    ends: int | None = None


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
    phase: Phase = Phase.REQUESTED,
    document: str | None = None,
    ends: int | None = None,
) -> int:
    """Write an operation down; its id. The key has to be in the store already, or in this transaction."""
    with store.transaction():
        ((entry,),) = store.database.execute(
            "INSERT INTO journal (device, path, operation, intent, transaction_id, key, request,"
            " phase, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            device,
            path,
            operation,
            intent,
            transaction_id.hex(),
            key,
            request,
            phase.value,
            at.isoformat(),
        )
        if document is not None:
            store.database.execute("INSERT INTO asked VALUES (?, ?, ?)", entry, document, ends)
    return entry


def note(store: Store, entry: int, phase: Phase, message: bytes | None = None) -> None:
    """Note how far an operation is, and the exact message to go on with if there is a new one."""
    with store.transaction():
        if message is not None:
            store.database.execute(
                "INSERT INTO later VALUES (?, ?)"
                " ON CONFLICT (operation) DO UPDATE SET message = excluded.message",
                entry,
                message,
            )
        store.database.execute("UPDATE journal SET phase = ? WHERE id = ?", phase.value, entry)


def received(
    store: Store, entry: int, phase: Phase, certificate: str, key: str, confirmation: bytes | None
) -> None:
    """Note what the CA issued and for which key, before it is confirmed, and the certConf if there is one."""
    with store.transaction():
        if confirmation is None:
            store.database.execute("DELETE FROM later WHERE operation = ?", entry)
        store.database.execute(
            "UPDATE journal SET certificate = ?, key = ? WHERE id = ?", certificate, key, entry
        )
        note(store, entry, phase, confirmation)


def end(store: Store, entry: int, *, is_done: bool, outcome: str, at: datetime) -> None:
    """Close an operation; the secrets that were kept for it go."""
    with store.transaction():
        rows = store.database.execute(
            "UPDATE journal SET phase = ?, outcome = ?, ended_at = ? WHERE id = ?"
            " RETURNING transaction_id",
            (Phase.RECORDED if is_done else Phase.CLOSED).value,
            outcome,
            at.isoformat(),
            entry,
        )
        for (transaction_id,) in rows:
            store.database.execute("DELETE FROM secret WHERE id = ?", secrets_of(transaction_id))
        if not is_done:
            audit_events.given_up(store, entry, outcome, at)


def secrets_of(transaction_id: str) -> str:
    """Under which name the vault keeps the secrets that an open operation needs and no source has."""
    return f"journal:{transaction_id}"


_OPERATIONS = (
    "SELECT journal.id, key, request, certificate, message, phase, path, journal.operation, intent,"
    " transaction_id, started_at, document, ends FROM journal"
    " LEFT JOIN later ON later.operation = journal.id"
    " LEFT JOIN asked ON asked.operation = journal.id"
)


def open_operations(store: Store, device: str, path: str | None = None) -> list[OpenOperation]:
    """What was cut off on a device, or at one of its paths, oldest first."""
    only, values = ("", ()) if path is None else (" AND path = ?", (path,))
    rows = store.database.execute(
        f"{_OPERATIONS} WHERE device = ? AND ended_at IS NULL{only} ORDER BY journal.id",
        device,
        *values,
    )
    return list(map(_read, rows))


def find_open(
    store: Store, *, device: str, path: str, operation: str, intent: str
) -> OpenOperation | None:
    """The newest operation with this intent that was cut off."""
    found = [
        each
        for each in open_operations(store, device, path)
        if (each.operation, each.intent) == (operation, intent) and each.ends is None
    ]
    return found[-1] if found else None


def find(store: Store, entry: int) -> OpenOperation:
    """An operation by its id, as it stands now."""
    (row,) = store.database.execute(f"{_OPERATIONS} WHERE journal.id = ?", entry)
    return _read(row)


def _read(row: Row) -> OpenOperation:
    entry, key, request, certificate, message, phase, *others = row
    path, operation, intent, transaction_id, started_at, document, ends = others
    return OpenOperation(
        entry,
        key,
        bytes(request),
        certificate,
        None if message is None else bytes(message),
        Phase(phase),
        path,
        operation,
        intent,
        transaction_id,
        datetime.fromisoformat(started_at),
        document,
        ends,
    )

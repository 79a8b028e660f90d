"""The last activation of each device: written down, looked up, rolled back."""

from __future__ import annotations

from datetime import datetime

from ...compiler.device import DeviceState
from ..activation import Activation, rolled_back
from . import audit_events
from .audit_events import WentBack
from .database import Row
from .store import Store, configuration_text

COLUMNS = "activated_at, deadline, rolled_back_at"


def find(store: Store, device: str) -> Activation | None:
    """The last activation, if it is not committed."""
    rows = store.database.execute(f"SELECT {COLUMNS} FROM activation WHERE device = ?", device)  # noqa: S608
    return activation_of(rows[0]) if rows else None


def find_run_out(store: Store, device: str, now: datetime) -> Activation | None:
    """The activation that has run out, as rolled back, if nobody has written that down yet."""
    activation = find(store, device)
    return activation.as_of(now) if activation is not None and activation.is_overdue(now) else None


def activation_of(row: Row) -> Activation:
    """The activation in a row of `COLUMNS`."""
    activated_at, deadline, rolled_back_at = row
    return Activation(
        datetime.fromisoformat(activated_at),
        datetime.fromisoformat(deadline),
        None if rolled_back_at is None else datetime.fromisoformat(rolled_back_at),
    )


def put(store: Store, device: str, activation: Activation) -> None:
    """Write an activation down, in the place of the one before."""
    at = activation.rolled_back_at
    with store.transaction():
        remove(store, device)
        store.database.execute(
            "INSERT INTO activation VALUES (?, ?, ?, ?)",
            device,
            activation.activated_at.isoformat(),
            activation.deadline.isoformat(),
            None if at is None else at.isoformat(),
        )


def remove(store: Store, device: str) -> None:
    """Forget the activation: it is committed, or nothing is left of it."""
    with store.transaction():
        store.database.execute("DELETE FROM activation WHERE device = ?", device)


def back_to_committed(store: Store, device: str) -> None:
    """Make candidate and active configuration the committed one."""
    with store.transaction():
        text = configuration_text(store.version(device).configuration)
        store.database.execute(
            "UPDATE device SET candidate = ?, active = ?, left_by = '' WHERE name = ?",
            text,
            text,
            device,
        )


def discard(store: Store, device: str, now: datetime) -> None:
    """Drop whatever is not committed; device files and certificates stay."""
    with store.transaction():
        back_to_committed(store, device)
        remove(store, device)
        audit_events.rolled_back(store, device, _version(store, device), WentBack.DISCARDED, now)


def roll_back(store: Store, device: str, activation: Activation, why: WentBack) -> None:
    """Go back to what is committed; `activation` is the one that is taken back by that."""
    assert activation.rolled_back_at is not None  # noqa: S101
    with store.transaction():
        back_to_committed(store, device)
        put(store, device, activation)
        since = activation.rolled_back_at
        audit_events.rolled_back(store, device, _version(store, device), why, since)


def _version(store: Store, device: str) -> int:
    return store.version(device).number


def roll_back_run_out(store: Store, device: str, now: datetime) -> Activation | None:
    """Write down that an activation has run out, if one has; the activation.

    Raises:
        StateError: if the state cannot be written.
    """
    with store.transaction():
        run_out = find_run_out(store, device, now)
        if run_out is not None:
            roll_back(store, device, run_out, WentBack.NO_COMMIT)
    return run_out


def load_as_of(store: Store, device: str, now: datetime) -> tuple[DeviceState, Activation | None]:
    """The state of a device as it is now, all of one moment; and an activation that has run out by then.

    Raises:
        StateError: if the state cannot be read.
    """
    with store.database.snapshot():
        run_out = find_run_out(store, device, now)
        state = store.load(device)
    return (state, None) if run_out is None else (rolled_back(state), run_out)

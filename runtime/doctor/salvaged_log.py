"""A state that was salvaged in; its audit log fit to be gone on with, and what is wrong with it, out.

Nothing of what was written is made anew: an entry that is lost or damaged stays so, and `csc log --verify`
goes on telling of it. Only where a chain ends is set right, for without that no device could be written to.
"""

from __future__ import annotations

from ..state import audit_chain
from ..state.audit import has_history, verify
from ..state.errors import StateError
from ..state.store import Store

_NEWEST = "SELECT seq, hash FROM audit WHERE device = ? ORDER BY seq DESC LIMIT 1"
_PUT = (
    "INSERT INTO audit_head VALUES (?, ?, ?,"
    " (SELECT coalesce(max(number), 0) FROM version WHERE device = ?),"
    " (SELECT coalesce(max(id), 0) FROM certificate WHERE device = ?))"
)


def mend_log(store: Store) -> list[str]:
    """Give each chain an end, and say what the log lacks or tells otherwise than the state.

    Raises:
        StateError: if the state cannot be written to.
    """
    known = {str(row[0]) for row in store.database.execute("SELECT name FROM device")}
    lost: list[str] = []
    with store.transaction():
        for device in sorted({*audit_chain.devices(store), *known}):
            if _mend_end(store, device):
                whose = f"device {device}" if device else "the state as a whole"
                lost.append(f"{whose}: where its audit log ended")
    try:
        return [*lost, *map(str, verify(store))]
    except (StateError, ValueError, TypeError) as error:
        return [*lost, f"the audit log cannot be read ({type(error).__name__})"]


def tell_salvaged(store: Store, lost: list[str]) -> None:
    """Write into the log that the state is not the one of before."""
    audit_chain.append(store, audit_chain.WHOLE_STATE, "salvaged", {"lost": len(lost)})


def _mend_end(store: Store, device: str) -> bool:
    """Make the newest entry that is there the last one, if the chain ends before it or nowhere."""
    heads = store.database.execute("SELECT seq FROM audit_head WHERE device = ?", device)
    entries = store.database.execute(_NEWEST, device)
    seq, digest = entries[0] if entries else (0, "")
    if heads and heads[0][0] >= seq:
        return False
    if not heads and not entries and not has_history(store, device):
        return False  # nothing was ever told of it
    store.database.execute("DELETE FROM audit_head WHERE device = ?", device)
    store.database.execute(_PUT, device, seq, digest, device, device)
    return True

"""A state in, how its vault is out: where the master key lies, what is sealed, whether it can be opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..errors import StateError
from ..location import Location
from ..store import Store
from . import sources, table
from .opening import read_vault
from .sealing import is_old
from .sources import KEY_FILE


@dataclass(frozen=True, slots=True)
class Overview:
    """A vault. `key_id` and `made_at` are None before the state has a data key of its own.

    `old_secrets` are sealed as older versions did; `damaged` are the names of what does not decrypt, None if
    that was not tried.
    """

    source: str
    place: str
    key_id: str | None
    made_at: datetime | None
    secrets: int
    old_secrets: int
    damaged: tuple[str, ...] | None


def look(store: Store, location: Location, *, tries: bool) -> Overview:
    """How the vault of a state is. Only who tries to decrypt needs the master key.

    Raises:
        MasterKeyMissing, MasterKeyWrong: if the master key is needed, and not here.
        StateError: if the state cannot be read.
    """
    with store.database.snapshot():
        wrapped = table.find(store.database)
        rows = store.database.execute("SELECT id, data FROM secret ORDER BY id")
        secrets = [(name, bytes(sealed)) for name, sealed in rows]
        damaged = _damaged(store, location, secrets) if tries else None
    place = KEY_FILE if wrapped is None else wrapped.place
    return Overview(
        source=place.source.value,
        place=sources.shown(place, location),
        key_id=None if wrapped is None else wrapped.id,
        made_at=None if wrapped is None else wrapped.made_at,
        secrets=len(secrets),
        old_secrets=sum(is_old(sealed) for _, sealed in secrets),
        damaged=damaged,
    )


def _damaged(store: Store, location: Location, secrets: list[tuple[str, bytes]]) -> tuple[str, ...]:
    if not secrets and table.find(store.database) is None:
        return ()
    vault = read_vault(store, location)

    def is_damaged(name: str, sealed: bytes) -> bool:
        try:
            vault.decrypt(name, sealed)
        except StateError:
            return True
        return False

    return tuple(name for name, sealed in secrets if is_damaged(name, sealed))

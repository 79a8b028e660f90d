"""A state in; the same state under a new master key and a new data key out.

The order, and what is so if the process dies on a line of it:

1. Every device is held. Who holds one is not disturbed: he is waited for, or named.
2. The new master key is made durable beside the old one. Dead here: the old keys are in force, and the new
   one is of no use to anybody.
3. In one transaction every secret is decrypted and sealed anew, and the wrapped keys are replaced. Dead here:
   nothing has happened.
4. The new master key takes the place of the old one, which is kept. Dead here: opening the state finds the
   new key beside the old one, by the check value, and does the rest.

A run that began on a device which nobody knew yet may go beside: it holds the old data key, and what it seals
with it is refused by `table.check_current`, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from .. import audit_events
from ..errors import Locked, StateError
from ..every_device import hold_every
from ..location import Location
from ..lock import in_turn
from ..store import Store
from . import sources, table
from .errors import KeysReplaced
from .keys import Keys, Wrapped, new_keys, wrap
from .opening import open_keys
from .sealing import Vault
from .sources import Place, Source


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What came of it. `secrets` were sealed anew; the old master key was at `old`, and is kept."""

    old: Place
    new: Wrapped
    secrets: int


def rekey(
    location: Location,
    source: Source | None = None,
    patience: float = 0.0,
    tell: Callable[[Locked], None] = lambda refused: None,
    run: Callable[[Store], AbstractContextManager[object]] = nullcontext,
) -> Rekeyed:
    """Replace all keys of a state, and move the master key to `source` if one is given.

    `tell` hears of a device that is waited for, up to `patience` seconds. It is done within `run`.

    Raises:
        Locked: if a device is held, and stays it.
        MasterKeyMissing, MasterKeyWrong: if the old master key is not here.
        StateError: if a secret cannot be decrypted, or the state cannot be used; nothing has changed then.
    """
    if location.is_new:
        raise StateError("there is no state yet", "`csc vault init` makes one")
    with hold_every(location, patience, tell) as store, run(store):
        keys = open_keys(store, location)
        with in_turn(location.lock):
            return _replace(store, location, keys, source)


def _replace(store: Store, location: Location, keys: Keys, source: Source | None) -> Rekeyed:
    old = table.find(store.database)
    if old is None or old.id != keys.id:
        raise KeysReplaced
    place, master = sources.make(source or old.place.source, location, old.place)
    try:
        if old.is_master(master):
            raise StateError(
                "the new master key is the old one", f"set {sources.NEW_VARIABLE} to another one"
            )
        renewed = new_keys(master, keys.fingerprint)
        wrapped = wrap(renewed, place, datetime.now(UTC))
        if location.database is not None:  # what is replaced is overwritten in the file
            store.database.execute("PRAGMA secure_delete = ON")
        with store.transaction():
            count = _seal_anew(store, keys, renewed)
            table.put(store.database, wrapped)
            told = {"from": old.place.source.value, "to": place.source.value, "secrets": count}
            audit_events.rekeyed(store, {"data_key": wrapped.id, **told})
    except Exception:
        if _still_has(store, old):
            sources.drop(place, location)
        raise
    sources.settle(place, location, wrapped.is_master)
    if location.database is not None:  # nor does it stay in the log beside the file
        with suppress(StateError):  # it can wait: all is done
            store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Rekeyed(old.place, wrapped, count)


def _still_has(store: Store, wrapped: Wrapped) -> bool:
    """Whether the state has these keys for certain. One that cannot be asked may have the new ones."""
    try:
        now = table.find(store.database)
    except StateError:
        return False
    return now is not None and now.id == wrapped.id


def _seal_anew(store: Store, keys: Keys, renewed: Keys) -> int:
    """Re-encrypt every secret; how many there are."""
    now = table.find_alone(store.database)
    if now is None or now.id != keys.id:
        raise KeysReplaced
    before, after = Vault(keys), Vault(renewed)
    rows = store.database.execute("SELECT id, data FROM secret")
    for name, sealed in rows:
        secret = before.decrypt(name, bytes(sealed))
        store.database.execute(
            "UPDATE secret SET data = ? WHERE id = ?", after.encrypt(name, secret), name
        )
    return len(rows)

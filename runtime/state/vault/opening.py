"""An open state in, its keys out. A state that has none gets them when it is opened for writing.

A state of an older csc has secrets that the master key itself sealed, in a file. It keeps that master key,
and its bytes as the fingerprint key: what older versions told apart stays apart, and the same the same.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ..errors import StateError
from ..location import Location
from ..lock import in_turn
from ..opening import open_to_read
from ..store import Store
from . import key_file, sources, table
from .keys import Keys, Wrapped, new_keys, unwrap, wrap
from .sealing import Vault, is_sealed_by
from .sources import KEY_FILE, Source


def open_vault(store: Store, location: Location) -> Vault:
    """The vault of a state that is open for writing; its keys are made if there are none.

    Raises:
        StateError: as `open_keys`.
    """
    return Vault(open_keys(store, location))


def read_vault(store: Store, location: Location) -> Vault:
    """The vault of a state that is open to be read.

    Raises:
        StateError: as `read_keys`.
    """
    return Vault(read_keys(store, location))


def open_keys(store: Store, location: Location) -> Keys:
    """The keys of a state that is open for writing; they are made if there are none.

    Raises:
        MasterKeyMissing, MasterKeyWrong: if its master key is not here.
        StateError: if the state cannot be used.
    """
    wrapped = table.find(store.database)
    if wrapped is None:
        return make_keys(store, location, None)
    keys = _unlock(wrapped, location)
    if wrapped.place.source is Source.FILE and key_file.has_following(location.vault_key):
        with in_turn(location.lock):  # a rekey was cut off, or goes on
            sources.settle(wrapped.place, location, wrapped.is_master)
    return keys


def read_keys(store: Store, location: Location) -> Keys:
    """The keys of a state that is open to be read. Those of one that has none yet are good for reading only.

    Raises:
        MasterKeyMissing, MasterKeyWrong: if its master key is not here.
        StateError: if the state cannot be used.
    """
    wrapped = table.find(store.database)
    if wrapped is not None:
        return _unlock(wrapped, location)
    master = sources.find(KEY_FILE, location, lambda key: _opens_old(store, key))
    return new_keys(master, master)


def read_fingerprint_key(location: Location) -> bytes | None:
    """What tells secrets of the configurations at a location apart; None if nothing is stored yet.

    Raises:
        MasterKeyMissing, MasterKeyWrong: if the master key is not here.
        StateError: if the state cannot be used.
    """
    store = None if location.is_new else open_to_read(location)
    if store is None:
        return None
    try:
        if table.find(store.database) is None and _is_untouched(store):
            return None
        return read_keys(store, location).fingerprint
    finally:
        store.close()


def make_keys(store: Store, location: Location, source: Source | None) -> Keys:
    """Make the keys of a state that is open for writing; those that it has by then, if another was quicker.

    `source` is where the master key is to be; None for where it is, or usually is.

    Raises:
        MasterKeyMissing, MasterKeyWrong: if the state has a master key, and it is not here.
        StateError: if the state cannot be used, or has a master key elsewhere.
    """
    with in_turn(location.lock), store.transaction():
        wrapped = table.find_alone(store.database)
        if wrapped is not None:
            return _unlock(wrapped, location)
        old = _old_master(store, location)
        if old is not None and source in (None, Source.FILE):
            place, master = KEY_FILE, old
        elif old is not None and store.has_secrets():
            raise StateError(
                f"the state has its master key in {location.vault_key}",
                "`csc vault rekey --key-source …` moves it elsewhere",
            )
        else:
            place, master = sources.make(source or sources.usual(), location)
        keys = new_keys(master, old)
        table.put(store.database, wrap(keys, place, datetime.now(UTC)))
        return keys


def _unlock(wrapped: Wrapped, location: Location) -> Keys:
    return unwrap(wrapped, sources.find(wrapped.place, location, wrapped.is_master))


def _old_master(store: Store, location: Location) -> bytes | None:
    """The master key that an older csc has used for this state, None if none has."""
    if store.has_secrets():
        return sources.find(KEY_FILE, location, lambda key: _opens_old(store, key))
    return None if _is_untouched(store) else key_file.read(location.vault_key)


def _opens_old(store: Store, master: bytes) -> bool:
    """Whether a master key has sealed what an older csc has stored; any has, if nothing is."""
    rows = store.database.execute("SELECT id, data FROM secret ORDER BY id LIMIT 1")
    return all(is_sealed_by(master, name, bytes(sealed)) for name, sealed in rows)


def _is_untouched(store: Store) -> bool:
    """Whether no run has ever left anything in the state."""
    return not store.has_secrets() and not store.database.execute("SELECT 1 FROM device LIMIT 1")

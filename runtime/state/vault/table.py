"""The table of wrapped keys, which has one row or none."""

from __future__ import annotations

from datetime import datetime

from ..database import Database
from .errors import KeysReplaced
from .keys import Wrapped
from .sealing import key_id_of
from .sources import Place, Source

# Who changes keys, or writes what is sealed with them, does it alone.
_LOCK = "vault"


def find(database: Database) -> Wrapped | None:
    """The wrapped keys of a state, None if it has none yet."""
    rows = database.execute(
        "SELECT source, detail, key_id, master_check, data_key, fingerprint_key, made_at FROM vault"
    )
    if not rows:
        return None
    ((source, detail, key_id, check, data, fingerprint, made_at),) = rows
    return Wrapped(
        Place(Source(source), detail),
        key_id,
        bytes(check),
        bytes(data),
        bytes(fingerprint),
        datetime.fromisoformat(made_at),
    )


def find_alone(database: Database) -> Wrapped | None:
    """As `find`; until the transaction ends nobody else changes keys, or writes a secret."""
    database.alone(_LOCK)
    return find(database)


def put(database: Database, wrapped: Wrapped) -> None:
    """Write the keys down, in place of earlier ones. For a transaction that began with `find_alone`."""
    database.execute("DELETE FROM vault")
    database.execute(
        "INSERT INTO vault (one, source, detail, key_id, master_check, data_key, fingerprint_key,"
        " made_at) VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
        wrapped.place.source.value,
        wrapped.place.detail,
        wrapped.id,
        wrapped.check,
        wrapped.data,
        wrapped.fingerprint,
        wrapped.made_at.isoformat(),
    )


def check_current(database: Database, ciphertext: bytes) -> None:
    """See to it, in a transaction that writes a secret, that it is sealed with the key that the state has.

    Raises:
        KeysReplaced: if it is not: nobody could decrypt it any more.
    """
    wrapped = find_alone(database)
    if wrapped is not None and key_id_of(ciphertext) != wrapped.id:
        raise KeysReplaced

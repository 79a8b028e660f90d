"""A state and a CA's folder in, what they hold out: read when nobody writes, and nothing is changed."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from csc.compiler.configuration import Configuration, empty_device
from csc.runtime.certificates import key_id, load_key
from csc.runtime.sandbox.ledger.ledger import LedgerEntry
from csc.runtime.sandbox.ledger.reading import read_ledger
from csc.runtime.state import lease
from csc.runtime.state.errors import StateError
from csc.runtime.state.opening import open_to_read
from csc.runtime.state.store import Store
from csc.runtime.state.vault.opening import read_vault

from .stores import State

DEVICE = "default"


@dataclass(frozen=True)
class Held:
    """A certificate as the state has it."""

    path: str
    certificate: str
    key: str
    serial_number: str
    is_revoked: bool


@dataclass(frozen=True)
class Here:
    """What the state holds. `keys` are the ids of the private keys that can be decrypted, as their own names.

    `versions` are the numbers of the committed versions, `version` is the one in force. `damage` is what the
    database says of itself, if it is not whole.
    """

    held: tuple[Held, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    open_operations: tuple[str, ...] = ()
    committed: Configuration = field(default_factory=empty_device)
    version: int = 0
    versions: tuple[int, ...] = ()
    leases: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()


@dataclass(frozen=True)
class There:
    """What the CA has: every certificate that it issued, and the transactions that it still waits in."""

    issued: tuple[LedgerEntry, ...]
    waiting: tuple[str, ...]


def at_the_ca(folder: Path) -> There:
    """What the CA in a folder has."""
    if not (folder / "ledger.db").exists():
        return There((), ())
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        waiting = [row[0] for row in connection.execute("SELECT transaction_id FROM waiting")]
    return There(read_ledger(folder).certificates, tuple(waiting))


def in_the_state(state: State) -> Here:
    """What a state has; nothing, if it is not there.

    Raises:
        StateError: if it cannot be read.
    """
    store = open_to_read(state.location)
    if store is None:
        return Here()
    try:
        return _read(store, state)
    finally:
        store.close()


def _read(store: Store, state: State) -> Here:
    ask = store.database.execute
    damage: list[str] = []
    if state.location.database is not None:
        damage = [row[0] for row in ask("PRAGMA integrity_check") if row[0] != "ok"]
        damage += [f"foreign key: {row}" for row in ask("PRAGMA foreign_key_check")]
    sealed = dict(ask("SELECT id, data FROM secret"))
    readable: set[str] = set()
    if sealed:
        vault = read_vault(store, state.location)
        for name, data in sealed.items():
            with suppress(StateError, ValueError):
                key = load_key(vault.decrypt(name, bytes(data)))
                if key_id(key.public_key()) == name:
                    readable.add(name)
    newest = ask("SELECT version FROM device WHERE name = ?", DEVICE)
    numbers = ask("SELECT number FROM version WHERE device = ? ORDER BY number", DEVICE)
    return Here(
        held=tuple(
            Held(*row[:4], bool(row[4]))
            for row in ask(
                "SELECT path, certificate, key, serial_number, is_revoked FROM certificate"
                " WHERE device = ? ORDER BY id",
                DEVICE,
            )
        ),
        contents={row[0]: bytes(row[1]) for row in ask("SELECT id, data FROM content")},
        keys=frozenset(readable),
        unreadable=frozenset(sealed) - readable,
        open_operations=tuple(
            f"{row[0]} of {row[1]} is {row[2]}"
            for row in ask(
                "SELECT operation, path, phase FROM journal WHERE ended_at IS NULL"
                " AND device = ? ORDER BY id",
                DEVICE,
            )
        ),
        committed=store.version(DEVICE).configuration,
        version=newest[0][0] if newest else 0,
        versions=tuple(row[0] for row in numbers),
        leases=tuple(str(found.owner) for found in lease.all_leases(store.database)),
        damage=tuple(damage),
    )


def public_key_of(certificate: bytes) -> str:
    """The id of the private key that belongs to a certificate (DER)."""
    return key_id(x509.load_der_x509_certificate(certificate).public_key())

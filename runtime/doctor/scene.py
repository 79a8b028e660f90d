"""Where a state lies in; what checks look at, out. Nothing there is changed, whatever state it is in."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..state import migration
from ..state.database import Database, Row
from ..state.errors import StateError
from ..state.location import Location
from ..state.opening import open_to_read
from ..state.sqlite import SqliteDatabase, check_ours
from ..state.store import Store
from ..state.vault import Vault
from ..state.vault.opening import read_vault
from ..state.vault.table import find as find_keys
from .copying import copied
from .wal import Log, read_log


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to look at, at the time `now` (UTC).

    `database` is None if there is none that opens, `store` if it is none of csc's, or of a format that cannot
    be read; `trouble` says why. `format` is the number that was found, 0 for none. `log` only with SQLite.
    """

    location: Location
    now: datetime
    database: Database | None = None
    store: Store | None = None
    trouble: StateError | None = None
    format: int = 0
    log: Log | None = None
    vault: Vault | None = field(default=None, repr=False)
    vault_trouble: StateError | None = None

    def rows(self, query: str, *values: object) -> list[Row]:
        """Rows of the state. Only for checks that need one.

        Raises:
            StateError: if it cannot be read.
        """
        assert self.store is not None  # noqa: S101
        return self.store.database.execute(query, *values)


@contextmanager
def look_at(location: Location, now: datetime) -> Generator[Scene]:
    """The scene for the length of the block. An SQLite database is looked at in a copy."""
    with ExitStack() as stack:
        if location.database is None:
            database, store, trouble, number = _open_server(location, stack)
            log = None
        else:
            database, store, trouble, number, log = _open_file(location.database, stack)
        vault, vault_trouble = _vault(location, store)
        yield Scene(location, now, database, store, trouble, number, log, vault, vault_trouble)


def _vault(location: Location, store: Store | None) -> tuple[Vault | None, StateError | None]:
    """The vault, if its master key is there and the state's own. Asked for this way, none is made."""
    if store is None:
        return None, None
    try:
        if find_keys(store.database) is None and not store.has_secrets():
            return None, None
        return read_vault(store, location), None
    except StateError as error:
        return None, error


_Opened = tuple[Database | None, Store | None, StateError | None, int]


def _open_server(location: Location, stack: ExitStack) -> _Opened:
    try:
        store = open_to_read(location)
    except StateError as error:
        return None, None, error, 0
    if store is None:
        return None, None, None, 0
    stack.callback(store.close)
    return store.database, store, None, migration.newest()


def _open_file(path: Path, stack: ExitStack) -> tuple[*_Opened, Log | None]:
    if not path.exists() and not path.is_symlink():
        return None, None, None, 0, None
    number, log, database = 0, None, None
    try:
        copy = stack.enter_context(copied(path))
        log = read_log(_bytes(copy.with_name(f"{copy.name}-wal")))
        connection = stack.enter_context(
            closing(sqlite3.connect(copy, isolation_level=None, check_same_thread=False))
        )
        database = SqliteDatabase(connection, str(path))
        check_ours(database)
        number = migration.format_of(database)
        if number:
            migration.bring_up_to_date(database)  # the copy
    except StateError as error:
        return database, None, error, number, log
    return database, Store(database) if number else None, None, number, log


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""

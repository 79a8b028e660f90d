"""Where a state lies in, the open state out: made, brought up to date, or only read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import ModuleType

from ...compiler.device import DeviceState
from ..activation import Activation
from . import migration, sqlite
from .activations import load_as_of
from .database import Database
from .errors import Outdated, StateError
from .location import Location
from .mounts import refuse_network
from .store import Store


def open_store(location: Location) -> Store:
    """The state at `location` for writing; it is made if it is not there, and brought up to date.

    Raises:
        StateError: if it cannot be opened, or a newer csc has written it.
    """
    database = _to_write(location)
    try:
        migration.bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return Store(database)


def open_to_read(location: Location) -> Store | None:
    """The state at `location`, which is never changed; None if there is none.

    Raises:
        StateError: if it cannot be opened, or a newer csc has written it.
    """
    database = _to_read(location)
    return None if database is None else Store(database)


def load_device(location: Location, device: str) -> DeviceState:
    """What is stored of a device, read and closed again; a new device where there is no state yet."""
    store = open_to_read(location)
    if store is None:
        return DeviceState()
    try:
        return store.load(device)
    finally:
        store.close()


def load_device_as_of(
    location: Location, device: str, now: datetime
) -> tuple[DeviceState, Activation | None]:
    """As `load_device`, as it is now: without what was not committed in time; and the activation of that."""
    store = open_to_read(location)
    if store is None:
        return DeviceState(), None
    try:
        return load_as_of(store, device, now)
    finally:
        store.close()


def _to_write(location: Location) -> Database:
    if location.database is not None:
        refuse_network(location.database)
        return sqlite.open_to_write(location.database)
    return _postgresql().connect(location.url)


def _to_read(location: Location) -> Database | None:
    if location.database is not None:
        refuse_network(location.database)
        return _sqlite_to_read(location.database)
    database = _postgresql().connect_to_read(location.url)
    try:
        number = migration.format_of(database)
        if number not in (0, migration.newest()):
            raise Outdated(
                f"the state at {database.place} has format {number}, and this csc reads"
                f" {migration.newest()}",
                "`csc apply` brings it up to date",
            )
    except BaseException:
        database.close()
        raise
    if number:
        return database
    database.close()
    return None


def _sqlite_to_read(path: Path) -> Database | None:
    """A state of an older format is read from a copy in memory, which is brought up to date."""
    database = sqlite.open_to_read(path)
    if database is None:
        return None
    try:
        number = migration.format_of(database)
        if number == migration.newest():
            return database
        copy = sqlite.copy_in_memory(database) if number else None
    except BaseException:
        database.close()
        raise
    database.close()
    if copy is not None:
        migration.bring_up_to_date(copy)
    return copy


def _postgresql() -> ModuleType:
    """The module for PostgreSQL, which loads psycopg, if that is there."""
    try:
        from . import postgresql
    except ImportError as error:
        raise StateError(
            f"PostgreSQL cannot be used: {error}", "`pip install 'csc-cos[postgresql]'` brings it"
        ) from None
    return postgresql

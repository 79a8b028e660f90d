"""A URL in, an open PostgreSQL database out. The one module that knows psycopg."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import LiteralString, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict

from .database import Row
from .errors import StateError

# Seconds until a server that does not answer counts as one that is not there.
_PATIENCE = 10
_PORTS = re.compile(r"[0-9,]*")


class PostgresqlDatabase:
    """See `database.Database`."""

    types = {"bytes": "BYTEA", "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"}  # noqa: RUF012

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]], place: str) -> None:
        self.place = place
        self._connection = connection
        self._lock = threading.RLock()
        self._is_inside = False  # of a transaction of ours, of the thread that has the lock

    def execute(self, statement: str, *values: object) -> list[Row]:
        """See `database.Database`."""
        with self._lock:
            try:
                cursor = self._connection.execute(_placed(statement), values)
                return list(cursor.fetchall()) if cursor.description else []
            except psycopg.Error as error:
                if self._connection.closed:
                    raise _cut_off(self.place, error) from error
                raise unusable(self.place, error) from error

    def transaction(self) -> AbstractContextManager[None]:
        """See `database.Database`."""
        return self._all_of("BEGIN")

    def snapshot(self) -> AbstractContextManager[None]:
        """See `database.Database`."""
        return self._all_of("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def alone(self, what: str) -> None:
        """See `database.Database`."""
        self.execute("SELECT pg_advisory_xact_lock(hashtext(?))", f"csc {what}")

    @contextmanager
    def _all_of(self, begin: str) -> Generator[None]:
        with self._lock:
            if self._is_inside:
                yield
                return
            try:
                self._is_inside = True
                self.execute(begin)
                yield
                self.execute("COMMIT")
            except BaseException:
                # The server rolls back what a connection leaves open that is cut off.
                if not self._connection.closed:
                    self.execute("ROLLBACK")
                raise
            finally:
                self._is_inside = False

    def has_table(self, name: str) -> bool:
        """See `database.Database`."""
        # Not to_regclass: that may remember that there was none, until the transaction ends.
        found = "SELECT 1 FROM pg_class WHERE relname = ? AND pg_table_is_visible(oid)"
        return bool(self.execute(found, name))

    def close(self) -> None:
        """See `database.Database`."""
        with self._lock:
            self._connection.close()


def connect(url: str) -> PostgresqlDatabase:
    """The database that a `postgresql://` URL names, as libpq reads it; it has to be there.

    Raises:
        StateError: if the server cannot be reached, or does not let us in.
    """
    return _connect(url, "SET synchronous_commit = on")


def connect_to_read(url: str) -> PostgresqlDatabase:
    """As `connect`, for who changes nothing."""
    return _connect(url, "SET default_transaction_read_only = on")


def _connect(url: str, first: str) -> PostgresqlDatabase:
    options = _options(url)
    place = shown(options)
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=_PATIENCE, application_name="csc"
        )
    except (psycopg.Error, UnicodeError) as error:
        raise unusable(place, error, _secrets(options)) from None
    connection.prepare_threshold = None  # poolers between us and the server do not keep statements
    database = PostgresqlDatabase(connection, place)
    try:
        database.execute(first)
    except BaseException:
        database.close()
        raise
    return database


def _options(url: str) -> dict[str, str]:
    """What a URL says, as libpq reads it, whose messages about a wrong one quote it, password and all."""
    try:
        options = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.Error:
        options = None
    if options is None or not _PORTS.fullmatch(options.get("port", "")):
        raise StateError(
            "the URL of the state is none that PostgreSQL reads",
            "write postgresql://USER@HOST:PORT/DATABASE, with %40 for an @ in a part, %2F for a /, and so on;"
            " the password can be in PGPASSWORD or in ~/.pgpass",
        )
    return options


def shown(options: dict[str, str]) -> str:
    """The URL with these options, as it may be shown: it says where, and as whom, and no more."""
    user, host, port, database = (
        options.get(name, "") for name in ("user", "host", "port", "dbname")
    )
    return f"postgresql://{f'{user}@' if user else ''}{host}{f':{port}' if port else ''}/{database}"


def _secrets(options: dict[str, str]) -> list[str]:
    return [options[name] for name in ("password", "sslpassword") if options.get(name)]


def unusable(place: str, error: Exception, secrets: Sequence[str] = ()) -> StateError:
    """What went wrong at a place, with a way out."""
    text = str(error)
    for secret in secrets:
        text = text.replace(secret, "***")
    said = " ".join(text.split())
    return StateError(
        f"the state at {place} cannot be used: {said}",
        "check that the server runs, and that this user may use the database",
    )


def _cut_off(place: str, error: psycopg.Error) -> StateError:
    said = " ".join(str(error).split())
    return StateError(
        f"the connection to the state at {place} is lost: {said}",
        "what was written is whole, and what was begun is in the journal: apply the same again once the"
        " server is there",
    )


def _placed(statement: str) -> LiteralString:
    """The statement with the placeholders of psycopg. All are ours: no text in them has a `?` or `%`."""
    return cast(LiteralString, statement.replace("?", "%s"))

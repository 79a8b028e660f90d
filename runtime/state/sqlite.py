"""A path in, an open SQLite database out."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .database import Row
from .errors import StateError, Unusable

# Seconds that a statement waits for another writer, whose transactions are short.
_PATIENCE = 10.0
# Bytes of a file that is checked in some 20 ms. A larger one is checked without the tables that grow with
# each version and in which nothing is ever changed: who reads a row of theirs finds out.
_SMALL = 32 * 1024 * 1024
_BULK = ("version", "content")


class SqliteDatabase:
    """See `database.Database`."""

    types = {"bytes": "BLOB", "serial": "INTEGER PRIMARY KEY"}  # noqa: RUF012  (as the protocol has it)

    def __init__(self, connection: sqlite3.Connection, place: str) -> None:
        self.place = place
        self.connection = connection
        self._lock = threading.RLock()
        self._is_inside = False  # of a transaction of ours, of the thread that has the lock

    def execute(self, statement: str, *values: object) -> list[Row]:
        """See `database.Database`."""
        with self._lock:
            try:
                return self.connection.execute(statement, values).fetchall()
            # SQLite's own message quotes what is damaged, and need not be UTF-8 then.
            except (sqlite3.Error, UnicodeDecodeError) as error:
                raise unusable(self.place, error) from error

    def transaction(self) -> AbstractContextManager[None]:
        """See `database.Database`."""
        return self._all_of("BEGIN IMMEDIATE")

    def snapshot(self) -> AbstractContextManager[None]:
        """See `database.Database`."""
        return self._all_of("BEGIN")

    def alone(self, what: str) -> None:
        """See `database.Database`: a transaction is the only one that writes, anyhow."""
        del what

    @contextmanager
    def _all_of(self, begin: str) -> Generator[None]:
        with self._lock:
            if self._is_inside:
                yield
                return
            try:
                self._is_inside = True
                self._roll_back()  # one that could not even be rolled back must not swallow this one
                self.execute(begin)
                yield
                self.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._is_inside = False

    def _roll_back(self) -> None:
        # A disk that is full has ended the transaction already.
        if self.connection.in_transaction:
            self.execute("ROLLBACK")

    def has_table(self, name: str) -> bool:
        """See `database.Database`."""
        found = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        return bool(self.execute(found, name))

    def close(self) -> None:
        """See `database.Database`."""
        with self._lock:
            self.connection.close()


def open_to_write(path: Path) -> SqliteDatabase:
    """The database at `path`, which is made if it is not there; only its owner may read it.

    Raises:
        StateError: if it cannot be opened.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise unusable(str(path), error) from error
    checks_all = _is_worth_a_look(path)
    database = _connect(path, "rw")
    try:
        check_ours(database)
        _check_whole(database, but_for=() if checks_all else _BULK)
        # Readers see the last committed state while somebody writes, and what is committed is on the disk.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        database.close()
        raise
    return database


def open_to_read(path: Path) -> SqliteDatabase | None:
    """The database at `path`, which is never changed; None if there is none.

    Raises:
        StateError: if it cannot be opened.
    """
    if not path.exists():
        return None
    database = _connect(path, "ro")
    try:
        if _is_half_written(database):
            _roll_back(path)
        check_ours(database)
    except BaseException:
        database.close()
        raise
    return database


def _is_worth_a_look(path: Path) -> bool:
    """Whether every page is to be checked: a look that costs nothing, or the last writer may have died.

    Whoever closes a database last removes its log.
    """
    log = path.with_name(f"{path.name}-wal")
    try:
        return path.stat().st_size <= _SMALL or (log.exists() and log.stat().st_size > 0)
    except OSError:
        return True


def _check_whole(database: SqliteDatabase, but_for: tuple[str, ...]) -> None:
    """Nobody writes into a file with a damaged page, also if it is one that this run does not need."""
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    tables = [str(name).replace("'", "''") for (name,) in names if name not in but_for]
    for what in [f"'{name}'" for name in tables] if but_for else ["1"]:
        (told,), *_ = database.execute(f"PRAGMA quick_check({what})")
        if told != "ok":
            raise unusable(database.place, sqlite3.DatabaseError(" ".join(str(told).split())))


def _is_half_written(database: SqliteDatabase) -> bool:
    """Whether a process died in a transaction that left the file to be rolled back.

    That is when the state was about to be made: later on the journal is a WAL, which leaves the file whole.
    """
    try:
        database.connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        return error.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK
    return False


def _roll_back(path: Path) -> None:
    """Let SQLite undo what a dead process had begun: whoever only reads may not."""
    database = _connect(path, "rw")
    try:
        database.execute("SELECT 1 FROM sqlite_master")
    finally:
        database.close()


def check_ours(database: SqliteDatabase) -> None:
    """A state of any format has the table `format`, and a file that nobody wrote to has none."""
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    if tables and "format" not in tables:
        raise StateError(
            f"{database.place} is another program's database: it is no state of csc",
            "give --state another path",
        )


def copy_in_memory(database: SqliteDatabase) -> SqliteDatabase:
    """A copy that goes with its process.

    Raises:
        StateError: if it cannot be read.
    """
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        database.connection.backup(copy)
    except sqlite3.Error as error:
        copy.close()
        raise unusable(database.place, error) from error
    return SqliteDatabase(copy, database.place)


def unusable(place: str, error: Exception) -> Unusable:
    """What went wrong at a place, with a way out."""
    return Unusable(
        f"the state at {place} cannot be used: {error}",
        "check the path, its permissions and the disk, or restore the file from a backup;"
        " `csc doctor` looks closer",
    )


def _connect(path: Path, mode: str) -> SqliteDatabase:
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_PATIENCE,
        )
    except sqlite3.Error as error:
        raise unusable(str(path), error) from error
    return SqliteDatabase(connection, str(path))

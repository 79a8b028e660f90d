"""The state of devices in an SQLite database: configurations, versions, files, certificates.

Every public method that writes is one transaction: it has happened whole, durably, or not at all.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...compiler.address import Address
from ...compiler.configuration import Configuration, empty_device
from ...compiler.device import CertificateRecord, DeviceState
from ...compiler.serialize import canonical, configuration_from_json, configuration_to_json
from .errors import StateError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Version:
    """A committed configuration; number 0 is a device on which nothing was committed yet."""

    number: int
    configuration: Configuration
    script: str
    committed_at: datetime | None


class Store:
    """An open state database. Safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All of the block's statements, or none. Blocks nest: the outermost one commits."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    # -- devices -----------------------------------------------------------------------------------

    def load(self, device: str) -> DeviceState:
        """The state of a device; one that was never written to is new."""
        with self._lock:
            row = self._connection.execute(
                "SELECT candidate, active, left_by FROM device WHERE name = ?", (device,)
            ).fetchone()
            if row is None:
                return DeviceState()
            return DeviceState(
                committed=self.version(device).configuration,
                active=_configuration(row[1]),
                candidate=_configuration(row[0]),
                files=dict(
                    self._connection.execute(
                        "SELECT name, content FROM device_file WHERE device = ?", (device,)
                    )
                ),
                certificates=self._certificates(device),
                left_by=row[2],
            )

    def version(self, device: str, number: int | None = None) -> Version:
        """A committed version of a device, the newest if no number is given.

        Raises:
            StateError: if there is no such version.
        """
        with self._lock:
            row = self._connection.execute(
                "SELECT number, configuration, script, committed_at FROM version"
                " WHERE device = ? AND number = coalesce(?, (SELECT version FROM device"
                " WHERE name = ?))",
                (device, number, device),
            ).fetchone()
        if row is not None:
            return Version(row[0], _configuration(row[1]), row[2], datetime.fromisoformat(row[3]))
        if number in (None, 0):
            return Version(0, empty_device(), "", None)
        raise StateError(
            f"device {device} has no committed version {number}",
            "leave --version out for the newest one",
        )

    def ensure_device(self, device: str) -> None:
        """Make the device known, as a new one, if it is not."""
        new = _text(empty_device())
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO device VALUES (?, ?, ?, 0, '')", (device, new, new)
            )

    def end_run(self, device: str, candidate: Configuration, inputs: str) -> None:
        """Replace the candidate, at the end of a run with these inputs."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE device SET candidate = ?, left_by = ? WHERE name = ?",
                (_text(candidate), inputs, device),
            )

    def activate(self, device: str, configuration: Configuration) -> None:
        """Make `configuration` the candidate and the active configuration."""
        text = _text(configuration)
        with self.transaction() as connection:
            connection.execute(
                "UPDATE device SET candidate = ?, active = ?, left_by = '' WHERE name = ?",
                (text, text, device),
            )

    def commit(self, device: str, script: str, at: datetime) -> int:
        """Make the active configuration the committed one, as a new version; its number."""
        with self.transaction() as connection:
            number, active = connection.execute(
                "SELECT version + 1, active FROM device WHERE name = ?", (device,)
            ).fetchone()
            connection.execute(
                "INSERT INTO version VALUES (?, ?, ?, ?, ?)",
                (device, number, active, script, at.isoformat()),
            )
            connection.execute(
                "UPDATE device SET version = ?, left_by = '' WHERE name = ?", (number, device)
            )
        return number

    # -- certificates ------------------------------------------------------------------------------

    def _certificates(self, device: str) -> Mapping[Address, CertificateRecord]:
        rows = self._connection.execute(
            "SELECT path, certificate, key, request, subject, script, operations, is_revoked,"
            " not_before, not_after, issuer, serial_number FROM certificate"
            " WHERE device = ? ORDER BY id",
            (device,),
        )
        return {
            Address.parse(path): CertificateRecord(
                certificate=certificate,
                key=key,
                request=request,
                subject=subject,
                script=script,
                operations=operations,
                is_revoked=bool(is_revoked),
                not_before=datetime.fromisoformat(not_before),
                not_after=datetime.fromisoformat(not_after),
                issuer=issuer,
                serial_number=serial_number,
            )
            for (
                path,
                certificate,
                key,
                request,
                subject,
                script,
                operations,
                is_revoked,
                not_before,
                not_after,
                issuer,
                serial_number,
            ) in rows
        }

    def add_certificate(self, device: str, address: Address, record: CertificateRecord) -> None:
        """Record a newly obtained certificate; its validity has to be known."""
        assert record.not_before is not None  # noqa: S101
        assert record.not_after is not None  # noqa: S101
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO certificate (device, path, certificate, key, request, subject, issuer,"
                " serial_number, not_before, not_after, script, operations, is_revoked)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (
                    device,
                    address.path,
                    record.certificate,
                    record.key,
                    record.request,
                    record.subject,
                    record.issuer,
                    record.serial_number,
                    record.not_before.isoformat(),
                    record.not_after.isoformat(),
                    record.script,
                    record.operations,
                ),
            )
            _touch(connection, device)

    def mark_revoked(self, device: str, address: Address, script: str, operations: int) -> None:
        """Record that the newest certificate of `address` is revoked."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE certificate SET is_revoked = 1, script = ?, operations = ? WHERE id ="
                " (SELECT max(id) FROM certificate WHERE device = ? AND path = ?)",
                (script, operations, device, address.path),
            )
            _touch(connection, device)

    # -- files and contents ------------------------------------------------------------------------

    def put_device_file(self, device: str, name: str, content: str) -> None:
        """Write a device file, over an earlier one of the name."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO device_file VALUES (?, ?, ?)", (device, name, content)
            )

    def put_content(self, content: str, data: bytes) -> None:
        """Keep public bytes under their content id."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO content VALUES (?, ?)", (content, data))

    def content(self, content: str) -> bytes | None:
        """The public bytes of a content id, None if they are not kept here."""
        return self._blob("SELECT data FROM content WHERE id = ?", content)

    def put_secret(self, content: str, ciphertext: bytes) -> None:
        """Keep an encrypted private key under its content id."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO secret VALUES (?, ?)", (content, ciphertext))

    def has_secrets(self) -> bool:
        """Whether any private key is kept here."""
        with self._lock:
            return bool(self._connection.execute("SELECT 1 FROM secret LIMIT 1").fetchone())

    def secret(self, content: str) -> bytes | None:
        """The encrypted private key of a content id, None if it is not kept here."""
        return self._blob("SELECT data FROM secret WHERE id = ?", content)

    def _blob(self, query: str, key: str) -> bytes | None:
        with self._lock:
            row = self._connection.execute(query, (key,)).fetchone()
        return None if row is None else row[0]


def open_store(path: Path) -> Store:
    """Open the database at `path` for writing; it is made if it is not there.

    Raises:
        StateError: if it cannot be opened, or is of another format.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    with _connected(path, "rw") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if _format(connection, path) is None:
            schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
            connection.executescript(f"BEGIN;\n{schema}\nCOMMIT;")
        connection.execute(_LATER)
        return Store(connection)


# A table that came after the first states of this format had been made; who does not know it can do without.
_LATER = """
CREATE TABLE IF NOT EXISTS later (
    operation INTEGER PRIMARY KEY REFERENCES journal, message BLOB NOT NULL
)
"""


def open_to_read(path: Path) -> Store | None:
    """Open the database at `path` without ever changing it; None if there is none.

    Raises:
        StateError: if it cannot be opened, or is of another format.
    """
    if not path.exists():
        return None
    with _connected(path, "ro") as connection:
        if _format(connection, path) is not None:
            return Store(connection)
        connection.close()
        return None


def load_device(path: Path, device: str) -> DeviceState:
    """The state of a device, read and closed again; a new device where there is no state yet."""
    store = open_to_read(path)
    if store is None:
        return DeviceState()
    try:
        return store.load(device)
    finally:
        store.close()


def _touch(connection: sqlite3.Connection, device: str) -> None:
    """What the device is now is not what the last run left."""
    connection.execute("UPDATE device SET left_by = '' WHERE name = ?", (device,))


@contextmanager
def _connected(path: Path, mode: str) -> Generator[sqlite3.Connection]:
    """A connection that stays open, unless the block fails."""
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=10.0,
        )
        yield connection
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise _unusable(path, error) from error
        raise


def _format(connection: sqlite3.Connection, path: Path) -> int | None:
    """The format of the database, None if it is still empty."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'format'").fetchone():
        return None
    (version,) = connection.execute("SELECT version FROM format").fetchone()
    if version != FORMAT:
        raise StateError(
            f"{path} has format {version}, and this csc knows {FORMAT}",
            "use the csc that wrote it",
        )
    return version


def _unusable(path: Path, error: Exception) -> StateError:
    return StateError(
        f"the state at {path} cannot be used: {error}",
        "check the path, its permissions and the disk, or restore the file from a backup",
    )


def _configuration(text: str) -> Configuration:
    return configuration_from_json(json.loads(text))


def _text(configuration: Configuration) -> str:
    return canonical(configuration_to_json(configuration))

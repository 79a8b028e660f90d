"""What the CA issued, confirmed and revoked, and every answer that it gave, in an SQLite database.

An answer is stored in the transaction that does what it says: an answer that left the CA is true after any
crash, and the same request gets the same bytes again.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import starmap
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .memory import Memory
from .reasons import HOLD
from .traffic import RequestEntry


class Status(StrEnum):
    """What has become of a certificate."""

    ISSUED = "issued"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One certificate. `serial_number` is hexadecimal; `authenticated_by` tells who asked for it."""

    serial_number: str
    subject: str
    status: Status
    reason: str
    transaction_id: str
    requested_with: str
    authenticated_by: str
    issued_at: str
    changed_at: str
    data: bytes = field(repr=False)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate itself."""
        return x509.load_der_x509_certificate(self.data)

    @property
    def is_good(self) -> bool:
        """Whether it may still be used."""
        return self.status in (Status.ISSUED, Status.CONFIRMED)

    @property
    def is_held(self) -> bool:
        """Whether it is suspended, and may be taken back (RFC 5280 5.3.1)."""
        return self.status is Status.REVOKED and self.reason == HOLD


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer of a transaction; `expects` is the type of the message that is due, or empty."""

    sender_nonce: bytes
    expects: str


@dataclass(frozen=True, slots=True)
class StoredCRL:
    """A CRL (DER) of the CA with a key identifier, and of how many changes of what is revoked it knows."""

    ca: str
    number: int
    changes: int
    this_update: datetime
    next_update: datetime
    data: bytes = field(repr=False)


_COLUMNS = (
    "serial_number, subject, status, reason, transaction_id, requested_with,"
    " authenticated_by, issued_at, changed_at, data"
)
_REQUEST_COLUMNS = (
    "received_at, transaction_id, kind, requested_by, is_authenticated, outcome, failures, reason"
)
_REQUEST_VALUES = attrgetter(*_REQUEST_COLUMNS.split(", "))
# How a transaction begins and ends, and what undoes it.
_OUTER = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_INNER = ("SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part"))


class Ledger:
    """An open ledger. Safe to use from several threads; a transaction holds it for itself."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        schema = Path(__file__).with_name("ledger.sql").read_text(encoding="utf-8")
        self._connection.executescript(f"BEGIN IMMEDIATE;\n{schema}\nCOMMIT;")
        self.memory = Memory(self._execute, self._query)

    @classmethod
    def open_to_read(cls, path: Path) -> Self:
        """The ledger at `path`, whoever writes to it meanwhile. Nothing is made or changed.

        Raises:
            sqlite3.Error: if there is none.
        """
        ledger = cls.__new__(cls)
        ledger._lock = threading.RLock()
        uri = f"{path.resolve().as_uri()}?mode=ro"
        ledger._connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False
        )
        return ledger

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All of the block's changes, or none. Inside of another one, both are durable when that one ends."""
        with self._lock:
            begin, end, undo = _INNER if self._connection.in_transaction else _OUTER
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute(end)
            except BaseException:
                for statement in undo:
                    # A full disk may have undone everything already.
                    if self._connection.in_transaction:
                        self._connection.execute(statement)
                raise

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """All that is read in the block is as it was at one moment."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    # -- certificates ------------------------------------------------------------------------------

    def add(
        self,
        certificate: x509.Certificate,
        *,
        transaction_id: bytes,
        requested_with: str,
        authenticated_by: str,
        now: datetime,
    ) -> None:
        """Enter a newly issued certificate."""
        self._execute(
            f"INSERT INTO certificate ({_COLUMNS}) VALUES (?, ?, 'issued', '', ?, ?, ?, ?, ?, ?)",  # noqa: S608
            f"{certificate.serial_number:x}",
            certificate.subject.rfc4514_string(),
            transaction_id.hex(),
            requested_with,
            authenticated_by,
            now.isoformat(),
            now.isoformat(),
            certificate.public_bytes(Encoding.DER),
        )

    def change(self, serial_number: str, status: Status, reason: str, now: datetime) -> None:
        """Change what has become of a certificate."""
        self._execute(
            "UPDATE certificate SET status = ?, reason = ?, changed_at = ? WHERE serial_number = ?",
            status,
            reason,
            now.isoformat(),
            serial_number,
        )

    def find(self, serial_number: str) -> LedgerEntry | None:
        """The certificate with a serial number (hexadecimal)."""
        return self._entry("serial_number = ?", serial_number)

    def issued_in(self, transaction_id: bytes) -> LedgerEntry | None:
        """The certificate that a transaction issued."""
        return self._entry("transaction_id = ?", transaction_id.hex())

    def entries(self) -> tuple[LedgerEntry, ...]:
        """Everything that was ever issued, oldest first."""
        rows = self._query(
            f"SELECT {_COLUMNS} FROM certificate ORDER BY issued_at, rowid"  # noqa: S608
        )
        return tuple(map(_entry, rows))

    def _entry(self, condition: str, value: str) -> LedgerEntry | None:
        rows = self._query(
            f"SELECT {_COLUMNS} FROM certificate WHERE {condition}",  # noqa: S608  (ours)
            value,
        )
        return _entry(rows[0]) if rows else None

    # -- requests ----------------------------------------------------------------------------------

    def record(self, entry: RequestEntry) -> None:
        """Enter a message that came, and what became of it."""
        self._execute(
            f"INSERT INTO request ({_REQUEST_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            *_REQUEST_VALUES(entry),
        )

    def requests(self) -> tuple[RequestEntry, ...]:
        """Every message that came, oldest first."""
        if not self._query("SELECT 1 FROM sqlite_master WHERE name = 'request'"):
            return ()  # an earlier version wrote it, and it is only read
        rows = self._query(f"SELECT {_REQUEST_COLUMNS} FROM request ORDER BY number")  # noqa: S608
        return tuple(starmap(RequestEntry, rows))

    def begun_with(self, transaction_id: bytes) -> str:
        """The kind of the message that a transaction began with: the first that was not refused."""
        rows = self._query(
            "SELECT kind FROM request WHERE transaction_id = ? AND is_authenticated"
            " AND outcome <> 'rejection' ORDER BY number LIMIT 1",
            transaction_id.hex(),
        )
        return rows[0][0] if rows else ""

    # -- answers -----------------------------------------------------------------------------------

    def store_answer(
        self,
        transaction_id: bytes,
        request: bytes,
        response: bytes,
        sender_nonce: bytes,
        expects: str,
    ) -> None:
        """Keep the answer to a request."""
        self._execute(
            "INSERT INTO answer VALUES (?, ?, ?, ?, ?)",
            transaction_id.hex(),
            hashlib.sha256(request).hexdigest(),
            response,
            sender_nonce,
            expects,
        )

    def answer_to(self, transaction_id: bytes, request: bytes) -> bytes | None:
        """The answer that the very same request got before."""
        rows = self._query(
            "SELECT response FROM answer WHERE transaction_id = ? AND request = ?",
            transaction_id.hex(),
            hashlib.sha256(request).hexdigest(),
        )
        return rows[0][0] if rows else None

    def last_answer(self, transaction_id: bytes) -> Answer | None:
        """The newest answer in a transaction, None if it is not known."""
        rows = self._query(
            "SELECT sender_nonce, expects FROM answer WHERE transaction_id = ?"
            " ORDER BY rowid DESC LIMIT 1",
            transaction_id.hex(),
        )
        return Answer(*rows[0]) if rows else None

    # -- revocation lists --------------------------------------------------------------------------

    def revoked(self) -> tuple[LedgerEntry, ...]:
        """What is revoked, on hold, or was rejected by who got it, in the order of serial numbers."""
        rows = self._query(
            f"SELECT {_COLUMNS} FROM certificate"  # noqa: S608  (ours)
            " WHERE status IN ('revoked', 'rejected') ORDER BY serial_number"
        )
        return tuple(map(_entry, rows))

    def count_changes(self) -> int:
        """How often it has changed what `revoked` gives."""
        return int(self._query("SELECT changes FROM revocations")[0][0])

    def set_invalid_since(self, serial_number: str, since: datetime | None) -> None:
        """Keep since when a certificate has been invalid, or that this is not known."""
        self._execute("DELETE FROM invalidity WHERE serial_number = ?", serial_number)
        if since is not None:
            self._execute("INSERT INTO invalidity VALUES (?, ?)", serial_number, since.isoformat())

    def invalidities(self) -> dict[str, datetime]:
        """Since when certificates have been invalid, by serial number, as far as it is known."""
        rows = self._query("SELECT serial_number, since FROM invalidity")
        return {serial_number: datetime.fromisoformat(since) for serial_number, since in rows}

    def store_crl(self, crl: StoredCRL) -> None:
        """Keep a new CRL in place of its CA's last one."""
        self._execute(
            "INSERT OR REPLACE INTO revocation_list VALUES (?, ?, ?, ?, ?, ?)",
            crl.ca,
            crl.number,
            crl.changes,
            crl.this_update.isoformat(),
            crl.next_update.isoformat(),
            crl.data,
        )

    def last_crl(self, ca: str) -> StoredCRL | None:
        """The newest CRL of the CA with a key identifier."""
        rows = self._query("SELECT * FROM revocation_list WHERE ca = ?", ca)
        if not rows:
            return None
        ca, number, changes, begins, ends, data = rows[0]
        times = datetime.fromisoformat(begins), datetime.fromisoformat(ends)
        return StoredCRL(ca, number, changes, *times, data)

    def last_crl_number(self) -> int:
        """The highest CRLNumber that any list has; 0 if there is none."""
        rows = self._query(
            "SELECT max(number) FROM (SELECT number FROM crl UNION SELECT number FROM revocation_list)"
        )
        return rows[0][0] or 0

    def _execute(self, statement: str, *values: object) -> None:
        with self._lock:
            self._connection.execute(statement, values)

    def _query(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _entry(row: Any) -> LedgerEntry:
    serial_number, subject, status, *rest = row
    return LedgerEntry(serial_number, subject, Status(status), *rest)

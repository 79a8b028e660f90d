"""The state of devices in a database: configurations, versions, files, certificates.

Every public method that writes is one transaction: it has happened whole, durably, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from ...compiler.address import Address
from ...compiler.configuration import Configuration, empty_device
from ...compiler.device import CertificateRecord, DeviceState
from ...compiler.serialize import canonical, configuration_from_json, configuration_to_json
from . import audit_events
from .audit_chain import Trail
from .database import Database, Row
from .decoding import of_store
from .errors import StateError

# What `record_of` takes, behind the path.
CERTIFICATE_COLUMNS = (
    "path, certificate, key, request, subject, script, operations, is_revoked,"
    " not_before, not_after, issuer, serial_number"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A committed configuration; number 0 is a device on which nothing was committed yet."""

    number: int
    configuration: Configuration
    script: str
    committed_at: datetime | None


class Store:
    """The state in an open database. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.fence: Callable[[], None] | None = None
        """What every transaction begins with: it raises StateError if we may not write any more."""
        self.trail: Trail | None = None
        """On whose behalf the audit log is written; this process, outside of a run, if not given."""
        self._depth = 0

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All that the block writes, or nothing. Blocks nest: the outermost one commits.

        Raises:
            StateError: if the database cannot do it, or the fence says no.
        """
        with self.database.transaction():  # from here on this thread has the database for itself
            if self.fence is not None and self._depth == 0:
                self.fence()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    # -- devices -----------------------------------------------------------------------------------

    @of_store
    def load(self, device: str) -> DeviceState:
        """The state of a device, all of one moment; one that was never written to is new."""
        with self.database.snapshot():
            rows = self._execute(
                "SELECT candidate, active, left_by FROM device WHERE name = ?", device
            )
            if not rows:
                return DeviceState()
            ((candidate, active, left_by),) = rows
            files = self._execute("SELECT name, content FROM device_file WHERE device = ?", device)
            return DeviceState(
                committed=self.version(device).configuration,
                active=_configuration(active),
                candidate=_configuration(candidate),
                files={row[0]: row[1] for row in files},
                certificates=self._certificates(device),
                left_by=left_by,
            )

    @of_store
    def version(self, device: str, number: int | None = None) -> Version:
        """A committed version of a device, the newest if no number is given.

        Raises:
            StateError: if there is no such version.
        """
        if number is None:
            number = self._newest(device)
        if number == 0:
            return Version(0, empty_device(), "", None)
        rows = self._execute(
            "SELECT configuration, script, committed_at FROM version"
            " WHERE device = ? AND number = ?",
            device,
            number,
        )
        if not rows:
            raise StateError(
                f"device {device} has no committed version {number}",
                "`csc history` lists the versions",
            )
        ((configuration, script, committed_at),) = rows
        return Version(
            number, _configuration(configuration), script, datetime.fromisoformat(committed_at)
        )

    @of_store
    def _newest(self, device: str) -> int:
        rows = self._execute("SELECT version FROM device WHERE name = ?", device)
        return rows[0][0] if rows else 0

    def ensure_device(self, device: str) -> None:
        """Make the device known, as a new one, if it is not."""
        new = configuration_text(empty_device())
        with self.transaction():
            self._execute(
                "INSERT INTO device VALUES (?, ?, ?, 0, '') ON CONFLICT DO NOTHING",
                device,
                new,
                new,
            )

    def end_run(self, device: str, candidate: Configuration, inputs: str) -> None:
        """Replace the candidate, at the end of a run with these inputs."""
        with self.transaction():
            self._execute(
                "UPDATE device SET candidate = ?, left_by = ? WHERE name = ?",
                configuration_text(candidate),
                inputs,
                device,
            )

    def activate(self, device: str, configuration: Configuration) -> None:
        """Make `configuration` the candidate and the active configuration."""
        text = configuration_text(configuration)
        with self.transaction():
            self._execute(
                "UPDATE device SET candidate = ?, active = ?, left_by = '' WHERE name = ?",
                text,
                text,
                device,
            )
            audit_events.activated(self, device, text)

    def commit(self, device: str, script: str, at: datetime, by: str = "") -> int:
        """Make the active configuration the committed one, as a new version; its number. `by`: user@host."""
        with self.transaction():
            ((number, active),) = self._execute(
                "UPDATE device SET version = version + 1, left_by = '' WHERE name = ?"
                " RETURNING version, active",
                device,
            )
            self._execute(
                "INSERT INTO version"
                " (device, number, configuration, script, committed_at, committed_by)"
                " SELECT name, version, active, ?, ?, ? FROM device WHERE name = ?",
                script,
                at.isoformat(),
                by,
                device,
            )
            audit_events.committed(self, device, number, active, script, at)
        return number

    # -- certificates ------------------------------------------------------------------------------

    def _certificates(self, device: str) -> Mapping[Address, CertificateRecord]:
        rows = self._execute(
            f"SELECT {CERTIFICATE_COLUMNS} FROM certificate WHERE device = ? ORDER BY id",  # noqa: S608
            device,
        )
        return {Address.parse(row[0]): record_of(row[1:]) for row in rows}

    def add_certificate(self, device: str, address: Address, record: CertificateRecord) -> None:
        """Record a newly obtained certificate; its validity has to be known."""
        assert record.not_before is not None  # noqa: S101
        assert record.not_after is not None  # noqa: S101
        with self.transaction():
            self._execute(
                "INSERT INTO certificate (device, path, certificate, key, request, subject, issuer,"
                " serial_number, not_before, not_after, script, operations, is_revoked)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
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
            )
            audit_events.obtained(self, device, address, record)
            self._touch(device)

    def give_up(self, device: str, address: Address) -> None:
        """Record that a script has deleted the object: nobody misses the certificate that it had."""
        with self.transaction():
            self._execute(
                "UPDATE certificate SET is_given_up = 1 WHERE device = ? AND path = ?",
                device,
                address.path,
            )

    def mark_revoked(self, device: str, address: Address, script: str, operations: int) -> None:
        """Record that the newest certificate of `address` is revoked."""
        with self.transaction():
            self._execute(
                "UPDATE certificate SET is_revoked = 1, script = ?, operations = ? WHERE id ="
                " (SELECT max(id) FROM certificate WHERE device = ? AND path = ?)",
                script,
                operations,
                device,
                address.path,
            )
            audit_events.revoked(self, device, address)
            self._touch(device)

    # -- files and contents ------------------------------------------------------------------------

    def put_device_file(self, device: str, name: str, content: str) -> None:
        """Write a device file, over an earlier one of the name."""
        with self.transaction():
            self._execute(
                "INSERT INTO device_file VALUES (?, ?, ?)"
                " ON CONFLICT (device, name) DO UPDATE SET content = excluded.content",
                device,
                name,
                content,
            )

    def put_content(self, content: str, data: bytes) -> None:
        """Keep public bytes under their content id."""
        with self.transaction():
            self._execute("INSERT INTO content VALUES (?, ?) ON CONFLICT DO NOTHING", content, data)

    def content(self, content: str) -> bytes | None:
        """The public bytes of a content id, None if they are not kept here."""
        return self._blob("SELECT data FROM content WHERE id = ?", content)

    def put_issuers(self, certificate: str, issuers: Sequence[tuple[str, bytes]]) -> None:
        """Keep by which certificates one leads to its trust anchor, each as content id and DER.

        What is kept of it already stays.
        """
        with self.transaction():
            for place, (issuer, data) in enumerate(issuers, 1):
                self.put_content(issuer, data)
                self._execute(
                    "INSERT INTO issuer VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    certificate,
                    place,
                    issuer,
                )

    def issuers(self, certificate: str) -> list[bytes]:
        """The certificates (DER) from a certificate's issuer to its trust anchor, as far as they are kept."""
        rows = self._execute(
            "SELECT content.data FROM issuer JOIN content ON content.id = issuer.issuer"
            " WHERE issuer.certificate = ? ORDER BY issuer.place",
            certificate,
        )
        return [bytes(data) for (data,) in rows]

    def put_secret(self, content: str, ciphertext: bytes) -> None:
        """Keep an encrypted private key under its content id.

        Raises:
            KeysReplaced: if it is not encrypted with the key that the state has now.
        """
        from .vault.table import check_current

        with self.transaction():
            check_current(self.database, ciphertext)
            self._execute(
                "INSERT INTO secret VALUES (?, ?) ON CONFLICT DO NOTHING", content, ciphertext
            )

    def has_secrets(self) -> bool:
        """Whether any private key is kept here."""
        return bool(self._execute("SELECT 1 FROM secret LIMIT 1"))

    def secret(self, content: str) -> bytes | None:
        """The encrypted private key of a content id, None if it is not kept here."""
        return self._blob("SELECT data FROM secret WHERE id = ?", content)

    def _blob(self, query: str, key: str) -> bytes | None:
        rows = self._execute(query, key)
        return bytes(rows[0][0]) if rows else None

    def _touch(self, device: str) -> None:
        """What the device is now is not what the last run left."""
        self._execute("UPDATE device SET left_by = '' WHERE name = ?", device)

    def _execute(self, statement: str, *values: object) -> list[Row]:
        return self.database.execute(statement, *values)


def record_of(row: Row) -> CertificateRecord:
    """The record in a row of `CERTIFICATE_COLUMNS`, its path left out."""
    certificate, key, request, subject, script, operations, is_revoked, *others = row
    not_before, not_after, issuer, serial_number = others
    return CertificateRecord(
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


def _configuration(text: str) -> Configuration:
    return configuration_from_json(json.loads(text))


def configuration_text(configuration: Configuration) -> str:
    """A configuration as the state keeps it."""
    return canonical(configuration_to_json(configuration))

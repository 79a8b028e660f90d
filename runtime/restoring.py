"""A committed version of a device in; the same as a new version, and what has to be known before, out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ..compiler.configuration import Configuration, FileValue
from ..compiler.rollback_findings import Known
from .certificates import load_certificate
from .state import activations, audit_events
from .state.store import Store, configuration_text


def restore(store: Store, device: str, number: int, at: datetime, by: str) -> int:
    """Commit what version `number` was as a new version, in one act; the new number. `by`: user@host.

    It is candidate, active and committed configuration then, with its objects in the order of that version.

    Raises:
        StateError: if there is no such version, or the state cannot be written.
    """
    with store.transaction():
        version = store.version(device, number)
        text = configuration_text(version.configuration)
        ((new,),) = store.database.execute(
            "UPDATE device SET candidate = ?, active = ?, version = version + 1, left_by = ''"
            " WHERE name = ? RETURNING version",
            text,
            text,
            device,
        )
        store.database.execute(
            "INSERT INTO version"
            " (device, number, configuration, script, committed_at, committed_by, restores)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            device,
            new,
            text,
            version.script,
            at.isoformat(),
            by,
            number,
        )
        activations.remove(store, device)
        audit_events.restored(store, device, new, number, text, version.script)
    return new


def missing_files(store: Store, configuration: Configuration) -> list[str]:
    """The files of a configuration that the state does not have: `CertificateData of cmp/cacert`."""
    return [
        f"{name} of {address.reference}"
        for address, properties in configuration.items()
        for name, value in properties.items()
        if isinstance(value, FileValue) and not _has(store, value)
    ]


def _has(store: Store, value: FileValue) -> bool:
    kept = store.secret(value.content) if value.is_secret else store.content(value.content)
    return kept is not None


def known_certificates(store: Store, device: str) -> Callable[[str], Known | None]:
    """What is known of the certificate of a content id: as CMP has it, else by what it says itself."""
    rows = store.database.execute(
        "SELECT certificate, not_after, is_revoked FROM certificate WHERE device = ?", device
    )
    managed = {
        certificate: Known(datetime.fromisoformat(not_after), bool(is_revoked))
        for certificate, not_after, is_revoked in rows
    }

    def known(content: str) -> Known | None:
        if content in managed:
            return managed[content]
        data = store.content(content)
        try:
            end = None if data is None else load_certificate(data).not_valid_after_utc
        except ValueError:
            return None
        return None if end is None else Known(end.astimezone(UTC), is_revoked=False)

    return known

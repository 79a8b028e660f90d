"""An act on the state in, its entry in the audit log out. Each is called in the transaction of the act."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...compiler.address import Address
from ...compiler.device import CertificateRecord
from .audit_chain import WHOLE_STATE, append
from .owner import Owner

if TYPE_CHECKING:
    from .store import Store

# What an operation of certmgr is called once it is done; a certificate that came otherwise is `obtained`.
OBTAINED = {"initiate": "enrolled", "update": "updated"}
CERTIFIED = frozenset({*OBTAINED.values(), "obtained"})
"""The events that bring a certificate, whose digest is in `sha256`."""


def activated(store: Store, device: str, configuration: str) -> None:
    """A configuration, as text, became the active one."""
    append(store, device, "activated", {"configuration": digest_of(configuration)})


def committed(
    store: Store, device: str, version: int, configuration: str, script: str, at: datetime
) -> None:
    """The active configuration, as text, became version `version`; `script` is the digest of what did it."""
    told = {"version": version, "configuration": digest_of(configuration), "script": script}
    append(store, device, "committed", told, at)


def rolled_back(store: Store, device: str, version: int, details: Mapping[str, Any]) -> None:
    """What version `version` holds came back, by command or because nobody confirmed what followed it."""
    append(store, device, "rolled-back", {"version": version, **details})


def obtained(store: Store, device: str, address: Address, record: CertificateRecord) -> None:
    """The CA issued a certificate, which is in the state, now."""
    rows = store.database.execute(
        "SELECT operation, transaction_id FROM journal WHERE device = ? AND certificate = ?"
        " ORDER BY id DESC LIMIT 1",
        device,
        record.certificate,
    )
    operation, transaction = rows[0] if rows else ("", "")
    assert record.not_after is not None  # noqa: S101  (the store knows of each)
    told = {
        "path": address.path,
        "subject": record.subject,
        "issuer": record.issuer,
        "serial_number": record.serial_number,
        "sha256": record.certificate.removeprefix("sha256:"),
        "not_after": record.not_after.isoformat(),
        "transaction": transaction,
    }
    append(store, device, OBTAINED.get(operation, "obtained"), told)


def revoked(store: Store, device: str, address: Address) -> None:
    """The CA revoked the newest certificate of `address`."""
    certificates = store.database.execute(
        "SELECT subject, issuer, serial_number, certificate FROM certificate"
        " WHERE device = ? AND path = ? ORDER BY id DESC LIMIT 1",
        device,
        address.path,
    )
    operations = store.database.execute(
        "SELECT transaction_id FROM journal WHERE device = ? AND path = ? AND operation = 'revoke'"
        " ORDER BY id DESC LIMIT 1",
        device,
        address.path,
    )
    told: dict[str, Any] = {
        "path": address.path,
        "transaction": operations[0][0] if operations else "",
    }
    if certificates:
        subject, issuer, serial_number, certificate = certificates[0]
        told |= {"subject": subject, "issuer": issuer, "serial_number": serial_number}
        told["sha256"] = certificate.removeprefix("sha256:")
    append(store, device, "revoked", told)


def given_up(store: Store, entry: int, outcome: str, at: datetime) -> None:
    """The operation of a journal entry was closed with nothing to show for it; `outcome` says why."""
    ((device, path, operation, transaction),) = store.database.execute(
        "SELECT device, path, operation, transaction_id FROM journal WHERE id = ?", entry
    )
    told = {"path": path, "operation": operation, "transaction": transaction, "why": outcome}
    append(store, device, "given-up", told, at)


def unlocked(store: Store, device: str, owner: Owner | None, *, by_force: bool) -> None:
    """A device was taken away from who held it. `by_force`: who may have been alive."""
    told = {"from": None if owner is None else str(owner), "by_force": by_force}
    append(store, device, "unlocked", told)


def rekeyed(store: Store, details: Mapping[str, Any]) -> None:
    """The vault's keys were exchanged; `details` say how, and no more."""
    append(store, WHOLE_STATE, "rekeyed", details)


def key_exported(store: Store, device: str, key: str, details: Mapping[str, Any]) -> None:
    """A private key, named by its content id, was given out in the clear, or under another password."""
    append(store, device, "key-exported", {"key": key, **details})


def digest_of(configuration: str) -> str:
    """SHA-256 of a configuration as the state keeps it."""
    return hashlib.sha256(configuration.encode()).hexdigest()

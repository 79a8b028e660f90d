"""An act on the state in, its entry in the audit log out. Each is called in the transaction of the act."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from ...compiler.address import Address
from ...compiler.device import CertificateRecord
from .audit_chain import WHOLE_STATE, append
from .owner import Owner

if TYPE_CHECKING:
    from cryptography import x509

    from .store import Store


class WentBack(Enum):
    """Why a device went back to what is committed."""

    NO_COMMIT = "no commit in time"
    FAILURE = "a step failed"
    DISCARDED = "discarded"


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
    append(store, device, "committed", _committed(version, configuration, script), at)


def restored(
    store: Store, device: str, version: int, earlier: int, configuration: str, script: str
) -> None:
    """What version `earlier` holds was committed once more, as `version`; `script` is the one of then."""
    told = {**_committed(version, configuration, script), "restores": earlier}
    append(store, device, "committed", told)


def _committed(version: int, configuration: str, script: str) -> dict[str, Any]:
    return {"version": version, "configuration": digest_of(configuration), "script": script}


def rolled_back(store: Store, device: str, version: int, why: WentBack, since: datetime) -> None:
    """What version `version` holds is active again; it was in force again at `since`."""
    told = {"version": version, "why": why.value, "since": since.isoformat()}
    append(store, device, "rolled-back", told)


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


def revoked_orphan(store: Store, entry: int, certificate: x509.Certificate) -> None:
    """The CA revoked a certificate that no object has, by the operation of a journal entry."""
    from ..certificates import dump_certificate

    ((device, path, transaction),) = store.database.execute(
        "SELECT device, path, transaction_id FROM journal WHERE id = ?", entry
    )
    told = {
        "path": path,
        "transaction": transaction,
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial_number": f"{certificate.serial_number:x}",
        "sha256": hashlib.sha256(dump_certificate(certificate)).hexdigest(),
    }
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
    """A private key, named by its content id, is given out; told before it is."""
    append(store, device, "key-exported", {"key": key, **details})


def digest_of(configuration: str) -> str:
    """SHA-256 of a configuration as the state keeps it."""
    return hashlib.sha256(configuration.encode()).hexdigest()

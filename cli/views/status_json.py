"""How devices are in, a document for machines out: docs/schemas/status.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ...compiler.plan import Change
from ...runtime.activation import Activation
from ...runtime.state.overview import LeftOpen
from ...runtime.status import CertificateStatus, DeviceStatus

SCHEMA = "csc/status/1"


def document(devices: Iterable[DeviceStatus], now: datetime) -> dict[str, Any]:
    """Every device as it is at the time `now`."""
    return {"schema": SCHEMA, "at": _time(now), "devices": list(map(_device, devices))}


def stage(entry: LeftOpen) -> str:
    """How far an operation came."""
    if entry.is_issued:
        return "issued"
    return "waiting" if entry.is_waiting else "requested"


def _device(device: DeviceStatus) -> dict[str, Any]:
    return {
        "device": device.device,
        "version": device.version,
        "needs_care": device.needs_care,
        "certificates": list(map(_certificate, device.certificates)),
        "uncommitted": {
            "added": device.uncommitted[Change.ADD],
            "changed": device.uncommitted[Change.UPDATE],
            "removed": device.uncommitted[Change.DELETE],
        },
        "is_active_committed": device.is_active_committed,
        "left_open": list(map(_left_open, device.left_open)),
        "activation": _activation(device.activation),
    }


def _certificate(certificate: CertificateStatus) -> dict[str, Any]:
    record = certificate.record
    return {
        "name": certificate.address.reference,
        "path": certificate.address.path,
        "state": certificate.state.value,
        "subject": record.subject if record else None,
        "issuer": record.issuer if record else None,
        "serial_number": record.serial_number if record else None,
        "not_before": _time(record.not_before) if record else None,
        "not_after": _time(record.not_after) if record else None,
        "due_from": _time(certificate.due_from),
        "is_due": certificate.is_due,
    }


def _activation(activation: Activation | None) -> dict[str, Any] | None:
    if activation is None:
        return None
    return {
        "activated_at": _time(activation.activated_at),
        "deadline": _time(activation.deadline),
        "rolled_back_at": _time(activation.rolled_back_at),
    }


def _left_open(entry: LeftOpen) -> dict[str, Any]:
    return {
        "name": entry.address.reference,
        "path": entry.address.path,
        "operation": entry.operation,
        "started_at": _time(entry.started_at),
        "stage": stage(entry),
    }


def _time(time: datetime | None) -> str | None:
    return None if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

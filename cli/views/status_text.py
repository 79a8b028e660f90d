"""How devices are in; a table of certificates for each, and what is to be done, out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click

from ...compiler.lifecycle import State
from ...compiler.plan import Change
from ...runtime.state.overview import LeftOpen
from ...runtime.status import CertificateStatus, DeviceStatus
from . import activation_text
from .source_text import printable
from .table import columns

_HEAD = ("certificate", "state", "subject", "issuer", "serial number", "valid until", "update")
_STATES = {State.OBTAINED: "obtained, not bound"}
_VERBS = {Change.ADD: "added", Change.UPDATE: "changed", Change.DELETE: "deleted"}


def render(devices: Sequence[DeviceStatus]) -> str:
    """Every device, with an empty line between two."""
    if not devices:
        return "The state knows no device."
    return "\n\n".join("\n".join(_device(device)) for device in devices)


def _device(device: DeviceStatus) -> Iterator[str]:
    what = f"committed version {device.version}" if device.version else "nothing is committed"
    yield click.style(printable(f"Device {device.device}, {what}"), bold=True)
    if device.certificates:
        head, *lines = columns([_HEAD, *map(_row, device.certificates)]).split("\n")
        yield head
        for certificate, line in zip(device.certificates, lines, strict=True):
            color = _color(certificate)
            yield click.style(line, fg=color) if color else line
    else:
        yield "  no certificate that CMP manages"
    warnings = [*_uncommitted(device), *_activation(device), *map(_left_open, device.left_open)]
    for warning in warnings:
        yield click.style(printable(warning), fg="yellow")


def _row(certificate: CertificateStatus) -> list[str]:
    record = certificate.record
    cells = [
        certificate.address.reference,
        _STATES.get(certificate.state, certificate.state.value),
        record.subject if record else "",
        record.issuer if record else "",
        record.serial_number if record else "",
        _minute(record.not_after) if record else "",
        _due(certificate),
    ]
    return list(map(printable, cells))


def _due(certificate: CertificateStatus) -> str:
    if certificate.is_due:
        return "due"
    return f"from {certificate.due_from:%Y-%m-%d}" if certificate.due_from else ""


def _color(certificate: CertificateStatus) -> str:
    if certificate.state in (State.EXPIRED, State.REVOKED):
        return "red"
    if certificate.is_due or certificate.state is not State.COMMITTED:
        return "yellow"
    return ""


def _uncommitted(device: DeviceStatus) -> Iterator[str]:
    counts = [f"{n} {_VERBS[c]}" for c in Change if (n := device.uncommitted[c])]
    if counts:
        yield f"The candidate is not committed, and a restart loses it: {', '.join(counts)}."
    elif not device.is_active_committed:
        yield "What is active is not what is committed: a restart changes it."


def _activation(device: DeviceStatus) -> Iterator[str]:
    activation = device.activation
    if activation is None:
        return
    if activation.rolled_back_at is None:
        yield activation_text.sentence(activation_text.waiting(activation, device.version))
    else:
        yield activation_text.sentence(activation_text.rolled_back(activation))


def _left_open(entry: LeftOpen) -> str:
    came_to = "the CA has not answered"
    if entry.is_issued:
        came_to = "the CA has issued, and the certificate is not confirmed"
    elif entry.is_waiting:
        came_to = "the CA has not decided"
    return (
        f"Left open: {entry.operation} of {entry.address.reference} since"
        f" {_minute(entry.started_at)}: {came_to}; the next apply takes it up, or `csc resume`."
    )


def _minute(time: datetime | None) -> str:
    return "" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

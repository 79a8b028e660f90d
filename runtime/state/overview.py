"""A state in; what it holds of each device out, all of one moment, by one query for each table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ...compiler.address import Address
from ...compiler.configuration import Configuration, empty_device
from ...compiler.device import CertificateRecord
from ...compiler.serialize import configuration_from_json
from ..activation import Activation
from ..recovery.phases import ISSUED, POLLED
from .activations import COLUMNS as ACTIVATION_COLUMNS
from .activations import activation_of
from .database import Row
from .decoding import of_store
from .store import CERTIFICATE_COLUMNS, Store, record_of


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """A CMP operation that was cut off. `is_issued`: the CA has issued, and waits for the certConf.

    `is_waiting`: the CA has said that it has not decided yet.
    """

    address: Address
    operation: str
    started_at: datetime
    is_issued: bool
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What is stored of a device; `version` is the committed one, 0 if there is none.

    `given_up` are the certificates whose object a script has deleted; `activation` is the last one, if it is
    not committed.
    """

    device: str
    version: int
    candidate: Configuration
    active: Configuration
    committed: Configuration
    certificates: Mapping[Address, CertificateRecord]
    left_open: tuple[LeftOpen, ...]
    given_up: frozenset[Address] = frozenset()
    activation: Activation | None = None


@of_store
def overviews(store: Store, device: str | None = None) -> list[Overview]:
    """What is stored of every device, by name; or of one, which may not be there.

    Raises:
        StateError: if the state cannot be read.
    """
    only, names = ("", ()) if device is None else (" AND device.name = ?", (device,))
    run = store.database.execute
    with store.database.snapshot():
        devices = run(
            f"SELECT name, version, candidate, active FROM device WHERE 1 = 1{only}",  # noqa: S608
            *names,
        )
        versions = run(
            "SELECT device.name, configuration FROM device JOIN version"  # noqa: S608
            " ON version.device = device.name AND version.number = device.version"
            f" WHERE 1 = 1{only}",
            *names,
        )
        certificates = run(
            f"SELECT device, is_given_up, {CERTIFICATE_COLUMNS} FROM certificate WHERE id IN"  # noqa: S608
            " (SELECT max(certificate.id) FROM certificate JOIN device"
            f" ON device.name = certificate.device{only} GROUP BY certificate.device, path)"
            " ORDER BY id",
            *names,
        )
        left_open = run(
            "SELECT device.name, path, journal.operation, started_at, phase FROM journal"  # noqa: S608
            f" JOIN device ON device.name = journal.device{only}"
            " WHERE ended_at IS NULL ORDER BY journal.id",
            *names,
        )
        activations = run(
            f"SELECT device.name, {ACTIVATION_COLUMNS} FROM device JOIN activation"  # noqa: S608
            f" ON activation.device = device.name WHERE 1 = 1{only}",
            *names,
        )
    activation = {name: activation_of(row) for name, *row in activations}
    committed: dict[str, str] = {name: text for name, text in versions}  # noqa: C416
    read = _reader()
    records: dict[str, dict[Address, CertificateRecord]] = {}
    given_up: dict[str, set[Address]] = {}
    for name, is_given_up, path, *row in certificates:
        address = Address.parse(path)
        records.setdefault(name, {})[address] = record_of(row)
        if is_given_up:
            given_up.setdefault(name, set()).add(address)
    entries: dict[str, list[LeftOpen]] = {}
    for name, *row in left_open:
        entries.setdefault(name, []).append(_left_open(row))
    return [
        Overview(
            name,
            version,
            read(candidate),
            read(active),
            read(committed[name]) if name in committed else empty_device(),
            records.get(name, {}),
            tuple(entries.get(name, ())),
            frozenset(given_up.get(name, ())),
            activation.get(name),
        )
        for name, version, candidate, active in sorted(devices, key=lambda row: row[0])
    ]


def _left_open(row: Row) -> LeftOpen:
    path, operation, started_at, phase = row
    return LeftOpen(
        Address.parse(path),
        operation,
        datetime.fromisoformat(started_at),
        phase in ISSUED,
        phase in POLLED,
    )


def _reader() -> Callable[[str], Configuration]:
    """Reads configurations; equal ones, as those of a device mostly are, once."""
    seen: dict[str, Configuration] = {}

    def read(text: str) -> Configuration:
        if text not in seen:
            seen[text] = configuration_from_json(json.loads(text))
        return seen[text]

    return read

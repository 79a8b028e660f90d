"""What is stored of a device in; how its certificates are, and what is to be done, out.

Certificates are not read: the state has their facts. So only those that CMP manages are told of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ..compiler.address import Address
from ..compiler.device import CertificateRecord
from ..compiler.differences import differences
from ..compiler.lifecycle import State, pair_of, state_of
from ..compiler.plan import Change
from ..compiler.renewal_window import due_from
from .activation import Activation
from .state.overview import LeftOpen, Overview

_IN_FORCE = frozenset((State.OBTAINED, State.BOUND, State.ACTIVE, State.COMMITTED))


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """A certificate that CMP manages. `record` is None before one is obtained.

    `due_from` is when its renewal window begins, None where there is nothing to renew; `is_due`: it has.
    """

    address: Address
    state: State
    record: CertificateRecord | None
    due_from: datetime | None
    is_due: bool


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device. `uncommitted` counts how the candidate differs from what is committed.

    `is_active_committed`: what runs is what a restart brings. `activation` is one that waits for its commit,
    or the last one if that was rolled back.
    """

    device: str
    version: int
    certificates: tuple[CertificateStatus, ...]
    uncommitted: Counter[Change]
    is_active_committed: bool
    left_open: tuple[LeftOpen, ...]
    activation: Activation | None = None

    @property
    def needs_care(self) -> bool:
        """Whether anything is expired, due, or left open."""
        return bool(self.left_open) or any(
            certificate.is_due or certificate.state is State.EXPIRED
            for certificate in self.certificates
        )


def status_of(overview: Overview, now: datetime) -> DeviceStatus:
    """How a device is. `now` is timezone-aware."""
    overview = as_of(overview, now)
    return DeviceStatus(
        overview.device,
        overview.version,
        tuple(sorted(_certificates(overview, now), key=lambda certificate: certificate.address)),
        Counter(
            difference.change for difference in differences(overview.committed, overview.candidate)
        ),
        overview.active == overview.committed,
        overview.left_open,
        overview.activation,
    )


def as_of(overview: Overview, now: datetime) -> Overview:
    """What is stored, with an activation that has run out rolled back."""
    if overview.activation is None or not overview.activation.is_overdue(now):
        return overview
    committed = overview.committed
    return replace(
        overview,
        active=committed,
        candidate=committed,
        activation=overview.activation.as_of(now),
    )


def _certificates(overview: Overview, now: datetime) -> Iterator[CertificateStatus]:
    for address, properties in overview.candidate.items():
        is_managed = address.type == "Certificate" and properties.get("Type") == "CMPv2"
        if is_managed and address not in overview.certificates and pair_of(properties) is None:
            yield CertificateStatus(address, State.EMPTY, None, None, is_due=False)
    for address, record in overview.certificates.items():
        state = _state(overview, address, record, now)
        if state is None:
            continue
        begins = None
        if state in _IN_FORCE and record.not_before is not None and record.not_after is not None:
            begins = due_from(record.not_before, record.not_after)
        is_due = begins is not None and begins <= now
        yield CertificateStatus(address, state, record, begins, is_due)


def _state(
    overview: Overview, address: Address, record: CertificateRecord, now: datetime
) -> State | None:
    """The state, None if no configuration has the object, and nothing waits to be bound to it.

    One that is deleted, but only in the candidate, is in the state that it has where it still is. What a run
    has obtained for an object that did not last waits in the vault.
    """
    committed = overview.committed
    active = overview.active if address in overview.active else committed
    candidate = overview.candidate if address in overview.candidate else active
    if address not in candidate:
        is_over = record.is_revoked or record.is_expired(now) or address in overview.given_up
        return None if is_over else State.OBTAINED
    return state_of(
        address, record, candidate=candidate, active=active, committed=committed, now=now
    )

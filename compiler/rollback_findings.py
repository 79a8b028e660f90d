"""A device and a version to go back to in; what has become of certificates since, as findings, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from ..grammar.ast import Span
from ..grammar.frozen import frozen
from . import rules
from .address import Address
from .configuration import Configuration, FileValue
from .device import CertificateRecord, DeviceState
from .diagnostics import Diagnostic, finding
from .lifecycle import is_bound


@frozen
class Known:
    """What is known of a certificate. `not_after` is timezone-aware."""

    not_after: datetime
    is_revoked: bool


def check_rollback(
    base: DeviceState,
    number: int,
    wanted: Configuration,
    known: Callable[[str], Known | None],
    now: datetime,
    place: Span,
) -> tuple[Diagnostic, ...]:
    """Find certificates that are of no use any more, and valid ones that go. `known` takes content ids."""
    if wanted == base.committed:
        return ()
    found: list[Diagnostic] = []
    for address, properties in wanted.items():
        value = properties.get("CertificateData")
        facts = known(value.content) if isinstance(value, FileValue) else None
        if facts is not None and facts.is_revoked:
            found.append(_revoked(address, number, place))
        elif facts is not None and facts.not_after < now:
            found.append(_expired(address, number, facts.not_after, place))
    for address, record in base.certificates.items():
        if not record.is_revoked and not record.is_expired(now):
            found += _left(base, number, wanted, address, record, place)
    return tuple(found)


def _left(
    base: DeviceState,
    number: int,
    wanted: Configuration,
    address: Address,
    record: CertificateRecord,
    place: Span,
) -> Iterator[Diagnostic]:
    """A valid certificate that the device has, and the version has not."""
    configurations = (base.candidate, base.active, base.committed)
    if is_bound(address, record, wanted) or not any(
        is_bound(address, record, configuration) for configuration in configurations
    ):
        return
    until = f" until {record.not_after:%Y-%m-%d}" if record.not_after else ""
    if address in wanted:
        yield finding(
            rules.KEY_LOST_AT_RESTART,
            f"the certificate of {address.reference} that is bound now is not in version {number}",
            place,
            "the vault keeps it; a device does not",
            help=f"it is valid{until}: bind it again after the roll-back, or revoke it before",
        )
    else:
        yield finding(
            rules.DELETED_WHILE_VALID,
            f"version {number} has no {address}, whose certificate stays valid{until}",
            place,
            "whoever has its key can go on using it",
            help=f"end it at the CA first: `certmgr -revoke -clientcert={address.reference}`",
        )


def _revoked(address: Address, number: int, place: Span) -> Diagnostic:
    return finding(
        rules.REVOKED_IN_USE,
        f"the certificate that {address.reference} has in version {number} is revoked",
        place,
        "its peers refuse it",
        help="obtain and bind a new one with -initiate after the roll-back",
    )


def _expired(address: Address, number: int, not_after: datetime, place: Span) -> Diagnostic:
    return finding(
        rules.EXPIRED_IN_USE,
        f"the certificate that {address.reference} has in version {number} has expired on"
        f" {not_after:%Y-%m-%d}",
        place,
        "nothing can use it",
        help="obtain and bind a new one with -initiate after the roll-back",
    )

"""The life of a certificate that CMP manages: states, events, and what may follow what.

Rules, in the order in which the analysis relies on them:

1. A certificate's state is never stored. It follows from three facts: its newest record (what CMP obtained
   last, and whether that was revoked), the clock, and which of the three configurations hold it. Whoever
   deletes the object gives its certificate up: one that is added again is empty.
2. `certmgr` moves the record; `set`, `activate` and `commit` move the configurations.
3. What is obtained and not bound exists only as two device files, which the next `certmgr` overwrites and a
   restart deletes. So an event that overwrites them is no transition from *obtained*.
4. Whatever is not in the table is a finding; `REFUSALS` names which one.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from . import rules
from .address import Address
from .configuration import Configuration, FileValue, Properties
from .device import CertificateRecord
from .diagnostics import Rule


class State(StrEnum):
    """Where a certificate is in its life (Administration Guide 16.4 to 16.7)."""

    EMPTY = "empty"
    OBTAINED = "obtained"
    BOUND = "bound"
    ACTIVE = "active"
    COMMITTED = "committed"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Event(StrEnum):
    """What moves a certificate on."""

    INITIATE = "initiate"
    UPDATE = "update"
    REVOKE = "revoke"
    BIND = "bind"
    ACTIVATE = "activate"
    COMMIT = "commit"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.EMPTY, Event.INITIATE): State.OBTAINED,
    (State.EXPIRED, Event.INITIATE): State.OBTAINED,
    (State.REVOKED, Event.INITIATE): State.OBTAINED,
    (State.OBTAINED, Event.BIND): State.BOUND,
    (State.BOUND, Event.ACTIVATE): State.ACTIVE,
    (State.ACTIVE, Event.COMMIT): State.COMMITTED,
    (State.BOUND, Event.UPDATE): State.OBTAINED,
    (State.ACTIVE, Event.UPDATE): State.OBTAINED,
    (State.COMMITTED, Event.UPDATE): State.OBTAINED,
    (State.BOUND, Event.REVOKE): State.REVOKED,
    (State.ACTIVE, Event.REVOKE): State.REVOKED,
    (State.COMMITTED, Event.REVOKE): State.REVOKED,
}

REFUSALS: dict[tuple[State, Event], Rule] = {
    (State.OBTAINED, Event.INITIATE): rules.OVERWRITTEN,
    (State.BOUND, Event.INITIATE): rules.ALREADY_VALID,
    (State.ACTIVE, Event.INITIATE): rules.ALREADY_VALID,
    (State.COMMITTED, Event.INITIATE): rules.ALREADY_VALID,
    (State.EMPTY, Event.UPDATE): rules.NOTHING_OBTAINED,
    (State.EMPTY, Event.REVOKE): rules.NOTHING_OBTAINED,
    (State.OBTAINED, Event.UPDATE): rules.OVERWRITTEN,
    (State.OBTAINED, Event.REVOKE): rules.NOT_BOUND,
    (State.EXPIRED, Event.UPDATE): rules.CERTIFICATE_EXPIRED,
    (State.EXPIRED, Event.REVOKE): rules.CERTIFICATE_EXPIRED,
    (State.REVOKED, Event.UPDATE): rules.USE_AFTER_REVOKE,
    (State.REVOKED, Event.REVOKE): rules.USE_AFTER_REVOKE,
}


def state_of(
    address: Address,
    record: CertificateRecord | None,
    *,
    candidate: Configuration,
    active: Configuration,
    committed: Configuration,
    now: datetime,
) -> State:
    """The state of the certificate at `address`. `now` is timezone-aware."""
    if record is None:
        return State.EMPTY
    if record.is_revoked:
        return State.REVOKED
    if record.is_expired(now):
        return State.EXPIRED
    if not is_bound(address, record, candidate):
        return State.OBTAINED
    if not is_bound(address, record, active):
        return State.BOUND
    if not is_bound(address, record, committed):
        return State.ACTIVE
    return State.COMMITTED


def is_bound(address: Address, record: CertificateRecord, configuration: Configuration) -> bool:
    """Whether `configuration` holds the record's certificate and key at `address`."""
    return pair_of(configuration.get(address, {})) == (record.certificate, record.key)


def pair_of(properties: Properties) -> tuple[str, str] | None:
    """The content ids of the certificate and the key that an object holds, None if it lacks one."""
    certificate, key = properties.get("CertificateData"), properties.get("PrivateKey")
    if isinstance(certificate, FileValue) and isinstance(key, FileValue):
        return certificate.content, key.content
    return None

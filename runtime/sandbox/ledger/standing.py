"""An entry of the ledger and a time in, how the certificate stands then out: for CRLs, OCSP and people.

Nobody else derives from the ledger whether a certificate is revoked. A certificate that its requester refused
in certConf is revoked, as it was made available (RFC 9810 4.2.2.2): it will not be used, so the reason is
cessationOfOperation. What is neither confirmed nor rejected is good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from .ledger import LedgerEntry, Status
from .reasons import REASONS


class State(StrEnum):
    """What a certificate is, in one word. One that is revoked does not expire."""

    ISSUED = "issued"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REVOKED = "revoked"
    HELD = "held"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Revocation:
    """Since when (UTC) and why a certificate is revoked, or on hold. `reason` is a name of CRLReason."""

    time: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a certificate stands; it may be used unless there is a revocation, or it has expired."""

    state: State
    revocation: Revocation | None


def standing(entry: LedgerEntry, now: datetime) -> Standing:
    """How the certificate of `entry` stands at `now`."""
    revocation = revocation_of(entry)
    if entry.is_held:
        state = State.HELD
    elif revocation is None and entry.certificate.not_valid_after_utc < now:
        state = State.EXPIRED
    else:
        state = State(entry.status.value)
    return Standing(state, revocation)


def revocation_of(entry: LedgerEntry) -> Revocation | None:
    """Since when and why the certificate of `entry` is revoked; None if it is not."""
    if entry.is_good:
        return None
    reason = entry.reason if entry.reason in REASONS.values() else "unspecified"
    if entry.status is Status.REJECTED:
        reason = "cessationOfOperation"
    return Revocation(datetime.fromisoformat(entry.changed_at).astimezone(UTC), reason)

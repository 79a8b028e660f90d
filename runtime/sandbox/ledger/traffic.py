"""A message that came, and what became of it, as the ledger keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """One request. Who made it is only what it says of itself unless `is_authenticated`.

    `failures` are the RFC's names of failInfo with blanks between, `reason` is the statusString. What cannot
    be read has no kind and no transaction.
    """

    received_at: str
    transaction_id: str
    kind: str
    requested_by: str
    is_authenticated: bool
    outcome: str
    failures: str
    reason: str

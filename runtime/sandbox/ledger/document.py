"""What a ledger says in, a JSON document out; docs/schemas/sandbox-ledger.schema.json describes it."""

from __future__ import annotations

from typing import Any

from ...certificates import pem_of
from .ledger import LedgerEntry
from .reading import Contents
from .traffic import RequestEntry

SCHEMA = "csc/sandbox-ledger/1"


def document(contents: Contents) -> dict[str, Any]:
    """The whole document. Bytes are hexadecimal, times ISO 8601 in UTC; no secret is in it."""
    return {
        "schema": SCHEMA,
        "requests": list(map(_request, contents.requests)),
        "certificates": list(map(_certificate, contents.certificates)),
    }


def _request(entry: RequestEntry) -> dict[str, Any]:
    return {
        "received_at": entry.received_at,
        "transaction": entry.transaction_id or None,
        "kind": entry.kind or None,
        "requested_by": entry.requested_by or None,
        "is_authenticated": bool(entry.is_authenticated),
        "outcome": entry.outcome,
        "failures": entry.failures.split(),
        "reason": entry.reason,
    }


def _certificate(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "serial_number": entry.serial_number,
        "subject": entry.subject,
        "status": entry.status.value,
        "reason": entry.reason,
        "transaction": entry.transaction_id,
        "requested_with": entry.requested_with,
        "authenticated_by": entry.authenticated_by,
        "issued_at": entry.issued_at,
        "changed_at": entry.changed_at,
        "pem": pem_of(entry.data),
    }

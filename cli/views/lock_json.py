"""Leases in, a document for machines out: docs/schemas/lock.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...runtime.state.unlocking import Seen

SCHEMA = "csc/lock/1"


def document(seen: Iterable[Seen]) -> dict[str, Any]:
    """Every lease without its token, which is its owner's alone."""
    return {"schema": SCHEMA, "leases": list(map(_lease, seen))}


def _lease(seen: Seen) -> dict[str, Any]:
    lease, owner = seen.lease, seen.lease.owner
    return {
        "device": lease.device,
        "user": owner.user,
        "host": owner.host,
        "process": owner.pid,
        "acquired_at": lease.acquired_at.isoformat(),
        "renewed_at": lease.renewed_at.isoformat(),
        "owner": seen.life.value,
    }

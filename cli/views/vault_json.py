"""How a vault is in, a document for machines out: docs/schemas/vault.schema.json."""

from __future__ import annotations

from typing import Any

from ...runtime.state.vault.overview import Overview

SCHEMA = "csc/vault/1"


def document(seen: Overview) -> dict[str, Any]:
    """The facts; `check` is null if nothing was tried."""
    return {
        "schema": SCHEMA,
        "master_key": {"source": seen.source, "place": seen.place},
        "key_id": seen.key_id,
        "made_at": None if seen.made_at is None else seen.made_at.isoformat(),
        "secrets": seen.secrets,
        "old_secrets": seen.old_secrets,
        "check": None if seen.damaged is None else {"damaged": list(seen.damaged)},
    }

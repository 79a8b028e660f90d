"""Committed versions in, a document for machines out: docs/schemas/history.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...runtime.state.versions import Committed

SCHEMA = "csc/history/1"


def document(device: str, versions: Iterable[Committed]) -> dict[str, Any]:
    """The versions of a device in the order in which they are given."""
    return {
        "schema": SCHEMA,
        "device": device,
        "versions": [
            {
                "number": version.number,
                "committed_at": version.committed_at.isoformat(),
                "script": version.script,
                "committed_by": version.committed_by or None,
                "restores": version.restores,
            }
            for version in versions
        ],
    }

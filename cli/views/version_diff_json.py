"""What differs between two configurations in, a document for machines out: docs/schemas/diff.schema.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...compiler.configuration import Properties, written
from ...compiler.plan import Change, ObjectChange
from ...compiler.serialize import changed_names, properties_to_json

SCHEMA = "csc/diff/1"


def document(
    device: str, before: int, after: int | None, changes: Sequence[ObjectChange]
) -> dict[str, Any]:
    """The objects that differ. `after` is None for the candidate."""
    return {
        "schema": SCHEMA,
        "device": device,
        "before": before,
        "after": after,
        "added": [_object(c, c.after or {}) for c in changes if c.change is Change.ADD],
        "changed": [_changed(c) for c in changes if c.change is Change.UPDATE],
        "removed": [_object(c, c.before or {}) for c in changes if c.change is Change.DELETE],
    }


def _object(change: ObjectChange, properties: Properties) -> dict[str, Any]:
    return {
        "path": change.address.path,
        "properties": properties_to_json(written(properties)),
    }


def _changed(change: ObjectChange) -> dict[str, Any]:
    before = properties_to_json(change.before or {})
    after = properties_to_json(change.after or {})
    return {
        "path": change.address.path,
        "properties": [
            {"name": name, "before": before.get(name), "after": after.get(name)}
            for name in changed_names(change)
        ],
    }

"""Where a plan may be cut off in, a document for machines out: docs/schemas/crash.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...runtime.recovery.crash import Crashes, Point

SCHEMA = "csc/crash/1"


def document(crashes: Iterable[Crashes]) -> dict[str, Any]:
    """Each step that talks to a CA, with the points at which a process may die in it."""
    return {"schema": SCHEMA, "steps": list(map(_step, crashes))}


def _step(each: Crashes) -> dict[str, Any]:
    return {
        "id": each.step.id,
        "operation": each.operation.operation.value,
        "address": each.operation.target.path,
        "server": each.operation.server.url,
        "points": list(map(_point, each.points)),
    }


def _point(point: Point) -> dict[str, Any]:
    where = point.where
    return {
        "phase": point.phase.value,
        "only_if_waiting": point.is_only_if_waiting,
        "held": {"vault": where.vault, "journal": where.journal, "ca": where.ca},
        "will": point.act,
        "why": point.reason,
    }

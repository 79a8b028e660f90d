"""Runs in, a document for machines out: docs/schemas/log.schema.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...runtime.runs import Run
from ...runtime.state.audit import Fault
from ...runtime.state.audit_chain import Entry

SCHEMA = "csc/log/1"
VERIFICATION = "csc/log-verification/1"


def document(runs: Iterable[Run]) -> dict[str, Any]:
    """The runs in the order in which they are given, each with its entries."""
    return {"schema": SCHEMA, "runs": list(map(_run, runs))}


def _run(run: Run) -> dict[str, Any]:
    first, end = run.first, run.end
    return {
        "run": run.id or None,
        "device": first.device or None,
        "began_at": first.at,
        "ended_at": end.at if end else None,
        "by": first.who,
        "process": first.pid,
        "command": run.start.get("command"),
        "scripts": run.start.get("scripts", []),
        "outcome": run.outcome,
        "entries": list(map(_entry, run.entries)),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.seq,
        "at": entry.at,
        "event": entry.what,
        "details": entry.told,
        "hash": entry.hash,
    }


def verification(
    faults: Iterable[Fault], ends: Mapping[str, str], missing: str | None
) -> dict[str, Any]:
    """What is wrong, the hash at the end of each device's log, and a hash that had to be there."""
    return {
        "schema": VERIFICATION,
        "faults": [
            {"device": fault.device or None, "entry": fault.seq, "text": fault.what}
            for fault in faults
        ],
        "newest": [{"device": device or None, "hash": digest} for device, digest in ends.items()],
        "missing": missing,
    }

"""What checks say in, a document for machines out: docs/schemas/doctor.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...runtime.doctor.finding import Finding, Result

SCHEMA = "csc/doctor/1"


def document(results: Iterable[Result]) -> dict[str, Any]:
    """Every check with its findings, in the order of the checks."""
    return {"schema": SCHEMA, "checks": list(map(_check, results))}


def _check(result: Result) -> dict[str, Any]:
    return {
        "check": result.check,
        "verdict": result.verdict.value,
        "findings": list(map(_finding, result.findings)),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict.value,
        "message": finding.message,
        "way_out": finding.way_out or None,
    }

"""What checks say, as data: a verdict, what was seen, and a way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is. What is skipped could not be looked at; another check says why."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    FAULT = "fault"


_WEIGHT = {verdict: weight for weight, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen. `way_out` is empty where there is nothing to do."""

    verdict: Verdict
    message: str
    way_out: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check; it has at least one finding."""

    check: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its findings."""
        return max((finding.verdict for finding in self.findings), key=_WEIGHT.__getitem__)


def fault(message: str, way_out: str) -> Finding:
    """Something is lost, or csc cannot work with it."""
    return Finding(Verdict.FAULT, message, way_out)


def warning(message: str, way_out: str) -> Finding:
    """Something that somebody should look at."""
    return Finding(Verdict.WARNING, message, way_out)


def fine(message: str) -> Finding:
    """It is as it should be."""
    return Finding(Verdict.OK, message)

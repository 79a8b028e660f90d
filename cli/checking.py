"""What `validate` is asked to check in; the findings that count out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..compiler.diagnostics import Diagnostic
from ..compiler.policy import Policy
from ..compiler.schema.catalog import Catalog
from .scripts import Sources, compile_sources, read_sources
from .state import Base

if TYPE_CHECKING:
    from .baseline import Baseline


@dataclass(frozen=True, slots=True)
class Check:
    """The scripts to check and against what (see `Circumstances`).

    With `is_each_alone` every script begins on the device as it is, and not where the one before it ended.
    Findings that `known` holds do not count. `now` is timezone-aware.
    """

    paths: Sequence[str]
    folders: Sequence[Path]
    base: Base
    catalog: Catalog
    parameters: Mapping[str, str]
    policy: Policy
    is_strict: bool
    stand_in: str | None
    is_each_alone: bool
    known: Baseline | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Checked:
    """The scripts, what was found in them, and how many findings of the baseline are gone."""

    sources: Sources
    found: tuple[Diagnostic, ...]
    gone: int


def run_check(check: Check) -> Checked:
    """Read the scripts, and check them.

    Raises:
        Failure: if a file cannot be read.
    """
    return check_sources(check, read_sources(check.paths, check.folders))


def check_sources(check: Check, sources: Sources) -> Checked:
    """Check scripts that have been read."""
    found = tuple(
        diagnostic
        for part in (sources.apart() if check.is_each_alone else (sources,))
        for diagnostic in _compile(check, part)
    )
    if check.known is None:
        return Checked(sources, found, 0)
    from .baseline import only_new

    return Checked(sources, *only_new(check.known, sources.scripts, found))


def _compile(check: Check, sources: Sources) -> tuple[Diagnostic, ...]:
    return compile_sources(
        sources,
        base=check.base,
        stand_in=check.stand_in,
        is_strict=check.is_strict,
        catalog=check.catalog,
        parameters=check.parameters,
        policy=check.policy,
        now=check.now,
    ).diagnostics

"""What `validate` is asked to check in; the findings that count out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..compiler.diagnostics import Diagnostic
from ..compiler.policy import Policy, under_policy
from ..compiler.rules import UNUSED_PARAMETER
from ..compiler.schema.catalog import Catalog
from ..grammar.frozen import frozen
from ..runtime.preflight import check_plan
from .scripts import Sources, compile_sources, read_sources, uploads_by_content
from .state import Base
from .variables import Variables

if TYPE_CHECKING:
    from .baseline import Baseline


@frozen
class Check:
    """The scripts to check and against what (see `Circumstances`).

    With `is_each_alone` every script begins on the device as it is, and not where the one before it ended.
    Findings that `known` holds do not count. `now` is timezone-aware.
    """

    paths: Sequence[str]
    folders: Sequence[Path]
    base: Base
    catalog: Catalog
    variables: Variables
    policy: Policy
    is_strict: bool
    sandbox_roots: tuple[str, ...]
    is_each_alone: bool
    known: Baseline | None
    now: datetime


@frozen
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
    parts = sources.apart() if check.is_each_alone else (sources,)
    found = _together([_compile(check, part) for part in parts])
    if check.known is None:
        return Checked(sources, found, 0)
    from .baseline import only_new

    return Checked(sources, *only_new(check.known, sources.scripts, found))


def _together(of_parts: Sequence[tuple[Diagnostic, ...]]) -> tuple[Diagnostic, ...]:
    """The findings of all parts; a parameter is unused if no part uses it, and that is said once."""
    unused = [{d.message for d in found if d.rule is UNUSED_PARAMETER} for found in of_parts]
    nowhere = set[str]().union(*unused).intersection(*unused)
    last = len(of_parts) - 1
    return tuple(
        diagnostic
        for number, found in enumerate(of_parts)
        for diagnostic in found
        if diagnostic.rule is not UNUSED_PARAMETER
        or (number == last and diagnostic.message in nowhere)
    )


def _compile(check: Check, sources: Sources) -> tuple[Diagnostic, ...]:
    compilation = compile_sources(
        sources,
        base=check.base,
        stand_in=next(iter(check.sandbox_roots), None),
        is_strict=check.is_strict,
        catalog=check.catalog,
        variables=check.variables,
        policy=check.policy,
        now=check.now,
    )
    plan = compilation.plan
    if plan is None:
        return compilation.diagnostics
    uploads = uploads_by_content(sources, plan)
    read = under_policy(check.policy, check_plan(plan, uploads, check.sandbox_roots))
    return (*compilation.diagnostics, *read)

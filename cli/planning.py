"""What `plan` and `apply` have in common: scripts and a state in, a checked plan out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path

from ..compiler.device import DeviceState
from ..compiler.diagnostics import Diagnostic, has_errors
from ..compiler.plan import Plan
from ..compiler.policy import Policy, under_policy
from ..compiler.secrets import confidential
from ..compiler.selection import COMMAND_LINE, Selection
from ..compiler.undo import undo_of
from ..grammar.frozen import frozen
from ..grammar.script import Script
from ..runtime.activation import Activation
from ..runtime.preflight import check_plan
from ..runtime.state.location import Location
from .schema_files import read_catalog
from .scripts import compile_sources, read_sources, uploads_by_content
from .state import find_base, sandbox_roots_of
from .variables import Variables
from .views.source_text import Lines, masked_lines


@frozen
class Request:
    """What is asked to be planned; all of it is part of a saved plan."""

    scripts: tuple[str, ...]
    folders: tuple[Path, ...]
    device: str
    uses_sandbox: bool
    is_strict: bool
    schemas: tuple[str, ...]
    variables: Variables
    policy: Policy
    selection: Selection = field(default_factory=Selection)


@frozen
class Planned:
    """The outcome: `plan` is None exactly if a finding is an error.

    `prediction` is the state that the plan leads to, None if compiling gave none. `parameters` are the
    values that the scripts took from outside, `secret_parameters` the names of those whose values nobody may
    keep. `rolled_back` is an activation that has run out, if nobody has written that down yet.
    """

    plan: Plan | None
    prediction: DeviceState | None
    diagnostics: tuple[Diagnostic, ...]
    lines: Lines
    digest: str
    scripts: tuple[Script, ...]
    uploads: Callable[[str], bytes | None]
    parameters: Mapping[str, str]
    secret_parameters: frozenset[str]
    rolled_back: Activation | None


def make_plan(
    request: Request,
    location: Location,
    base_file: Path | None = None,
    find_key: Callable[[], bytes | None] | None = None,
) -> Planned:
    """Compile the scripts against the device's state, or a snapshot, and check what the plan relies on.

    `find_key` gives the state's fingerprint key, if it is not to be looked for by reading the state.

    Raises:
        Failure: if a script or the state cannot be read.
    """
    catalog = read_catalog(request.schemas)
    now = datetime.now(UTC)
    base = find_base(location, request.device, base_file, catalog, now, find_key)
    sources = read_sources(request.scripts, request.folders)
    sandbox_roots = sandbox_roots_of(location) if request.uses_sandbox else ()
    compilation = compile_sources(
        sources,
        stand_in=next(iter(sandbox_roots), None),
        is_strict=request.is_strict,
        base=base,
        catalog=catalog,
        variables=request.variables,
        policy=request.policy,
        now=now,
        selection=request.selection,
    )
    plan, diagnostics = compilation.plan, compilation.diagnostics
    uploads = uploads_by_content(sources, plan)
    if plan is not None:
        diagnostics += (*under_policy(request.policy, check_plan(plan, uploads, sandbox_roots)),)
        if has_errors(diagnostics) or compilation.prediction is None:
            plan = None
        else:
            plan = replace(plan, undo=undo_of(plan, base.state, compilation.prediction, catalog))
    return Planned(
        plan,
        compilation.prediction,
        diagnostics,
        masked_lines(
            sources.scripts,
            confidential(catalog).secret,
            {COMMAND_LINE: request.selection.lines},
        ),
        compilation.digest,
        sources.scripts,
        uploads,
        compilation.parameters,
        compilation.secret_parameters,
        base.rolled_back,
    )

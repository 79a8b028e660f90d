"""A plan in; what its CAs say to it, as findings among the others and as facts to be shown, out."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..compiler.diagnostics import has_errors
from ..compiler.option_places import option_places
from ..compiler.plan import Plan
from ..compiler.policy import under_policy
from ..compiler.silencing import not_silenced
from ..grammar.frozen import frozen
from ..runtime.probe import probe
from ..runtime.probing.session import open_probe
from ..runtime.routing import Route
from ..runtime.state.errors import StateError
from ..runtime.state.location import Location
from .exits import Failure
from .planning import Planned, Request
from .views import probe_json, probe_text


@frozen
class Probed:
    """What came of asking, for people and for machines."""

    text: str
    document: dict[str, Any]


def ask_first(
    request: Request, planned: Planned, plan: Plan, location: Location, routes: Sequence[Route]
) -> tuple[Probed, Planned]:
    """Ask the CAs of `plan`; what came of it, and `planned` with the findings, its plan None after an error.

    Raises:
        Failure: if the state or the sandbox cannot be read.
    """
    try:
        with open_probe(
            location, plan, routes, planned.uploads, uses_sandbox=request.uses_sandbox
        ) as (keeper, way):
            result = probe(plan, keeper, way, option_places(planned.scripts))
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    except (OSError, ValueError, sqlite3.Error) as error:
        raise Failure(f"nobody can be asked: {error}", "check the state's folder") from None
    found = (*under_policy(request.policy, not_silenced(planned.scripts, result.findings)),)
    probed = Probed(probe_text.render(result.asked), probe_json.render(result.asked, found))
    diagnostics = (*planned.diagnostics, *found)
    return probed, replace(
        planned, diagnostics=diagnostics, plan=None if has_errors(found) else plan
    )

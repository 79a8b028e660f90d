"""A plan file in; the plan as people or machines read it, and whether it can still be applied, out.

Whatever has become of scripts and state, and of the file itself, the plan is shown.
"""

from __future__ import annotations

from typing import Any

from ..compiler.plan import Plan
from ..compiler.plan_reading import plan_from_json
from ..runtime.state.location import Location
from . import planfile
from .exits import Failure
from .planning import make_plan
from .views import plan_markdown, plan_text
from .views.source_text import to_json

FORMATS = ("text", "json", "markdown")


def render(path: str, saved: planfile.SavedPlan, form: str) -> str:
    """The plan in one of `FORMATS`.

    Raises:
        Failure: if the file does not hold one.
    """
    plan = _plan(path, saved.plan)
    if form == "json":
        return to_json(saved.plan) + "\n"
    if form == "markdown":
        return plan_markdown.render(plan, (), plan_markdown.MAX_LENGTH, _note(saved, plan))
    return plan_text.render(plan, plan_text.idempotence(plan)) + "\n"


def standing(saved: planfile.SavedPlan, location: Location) -> str:
    """In a sentence, whether `csc apply` would take the plan, and why not."""
    if saved.is_altered:
        return "This plan was altered after it was saved: csc apply refuses it."
    if saved.secret_parameters:
        return (
            f"This plan may be stale: it takes the secret {saved.secret_parameters[0]},"
            " which it does not hold."
        )
    try:
        planned = make_plan(saved.request, location)
    except Failure as failure:
        return f"This plan is stale: {failure.message}."
    if planned.plan is None:
        return "This plan is stale: its scripts have errors now, `csc validate` tells which."
    reason = planfile.why_stale(saved.plan, planned.plan)
    if reason is None:
        return "This plan is current: csc apply carries it out."
    return f"This plan is stale: {reason}."


def _plan(path: str, document: Any) -> Plan:
    try:
        return plan_from_json(document)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise Failure(
            f"{path} does not hold a plan: {type(error).__name__} {error}",
            "make one with `csc plan SCRIPT --out plan.json`",
        ) from None


def _note(saved: planfile.SavedPlan, plan: Plan) -> str:
    return plan_text.sandbox_note(plan) if saved.request.uses_sandbox else ""

"""A plan in; the script that takes it back, with what it needs and what it leaves as comments, out."""

from __future__ import annotations

from ...compiler.plan import Plan
from .source_text import printable


def render(plan: Plan) -> str:
    """The script. Secrets are in it as the state knows them, which is of use to csc alone."""
    undo = plan.undo
    if undo is None or plan.is_empty:
        return "# There is nothing to take back.\n"
    comments = ["Takes back what applying the plan does. Apply it before anything else changes."]
    comments += [f"Needs: {text}" for text in undo.needs]
    comments += [f"Not taken back: {text}" for text in undo.lasting]
    lines = [f"# {printable(comment)}" for comment in comments]
    return "".join(f"{line}\n" for line in (*lines, *undo.commands))

"""A plan in, text out: what changes, what is sent, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import click

from ...compiler.configuration import SecretValue, Value, quote, written
from ...compiler.plan import (
    MESSAGES,
    Activate,
    Change,
    CmpOperation,
    Commit,
    ObjectChange,
    Operation,
    Plan,
    Step,
)
from ...compiler.steps import producer
from .source_text import printable

_SYMBOLS = {
    Change.ADD: ("+", "green"),
    Change.UPDATE: ("~", "yellow"),
    Change.DELETE: ("-", "red"),
}
_INDENT = "        "


def render(plan: Plan) -> str:
    """The plan for people."""
    out: list[str] = []
    for step in plan.steps:
        out.extend(_step(step))
    if out:
        out.append("")
    if plan.unchanged:
        out.append(click.style("Nothing to do for:", dim=True))
        width = max(len(item.what) for item in plan.unchanged)
        out.extend(
            click.style(f"    {printable(item.what):<{width}}  {printable(item.why)}", dim=True)
            for item in plan.unchanged
        )
        out.append("")
    out.append(summary(plan))
    return "\n".join(out)


def sandbox_note(plan: Plan) -> str:
    """Who answers in place of the servers that the plan names; empty if nothing is sent."""
    if any(isinstance(step.action, CmpOperation) for step in plan.steps):
        return "With --sandbox the embedded CA answers in place of every CMPServer."
    return ""


def summary(plan: Plan) -> str:
    """One line: how much of what."""
    if plan.is_empty:
        return "Nothing to do: the device is as the script says."
    changes = Counter(s.action.change for s in plan.steps if isinstance(s.action, ObjectChange))
    operations = [s.action.operation for s in plan.steps if isinstance(s.action, CmpOperation)]
    parts = [f"{changes[change]} to {change}" for change in Change if changes[change]]
    for operation in Operation:
        number = operations.count(operation)
        if number:
            parts.append(f"{number} certificate{'s' if number > 1 else ''} to {operation}")
    messages = sum(len(MESSAGES[operation]) for operation in operations) // 2
    if messages:
        parts.append(f"{messages} CMP request{'s' if messages > 1 else ''}")
    if any(isinstance(s.action, Activate) for s in plan.steps):
        parts.append("activate")
    if any(isinstance(s.action, Commit) for s in plan.steps):
        parts.append("commit")
    return f"Plan: {', '.join(parts)}."


def title(step: Step) -> str:
    """A step in a few words."""
    match step.action:
        case ObjectChange(change=change, address=address):
            return f"{change} {printable(str(address))}"
        case CmpOperation(operation=operation, target=target):
            return f"{operation} {printable(target.reference)}"
        case Activate():
            return "activate"
        case Commit():
            return "commit"


def _step(step: Step) -> list[str]:
    match step.action:
        case ObjectChange():
            return _change(step, step.action)
        case CmpOperation():
            return [_head(step, ">", "magenta"), *_table(operation_facts(step.action))]
        case Activate() | Commit():
            return [_head(step, "=", "cyan")]


def _head(step: Step, symbol: str, color: str) -> str:
    mark = click.style(symbol, fg=color, bold=True)
    return f"{step.id:>5} {mark} {title(step)}  {click.style(printable(str(step.span)), dim=True)}"


def _change(step: Step, action: ObjectChange) -> list[str]:
    out = [_head(step, *_SYMBOLS[action.change])]
    before, after = action.before or {}, action.after or {}
    if action.change is not Change.DELETE:
        names = [n for n in written({**after, **before}) if before.get(n) != after.get(n)]
        width = max((len(n) for n in names), default=0)
        for name in names:
            old = f"{value_text(before[name])} -> " if name in before else ""
            new = value_text(after[name]) if name in after else "(none)"
            out.append(f"{_INDENT}{printable(name):<{width}}  {old}{new}")
    return out


def value_text(value: Value) -> str:
    """A value as people may see it, with what a file holds."""
    if isinstance(value, SecretValue):
        return "(secret)"
    if isinstance(value, str):
        return printable(quote(value))
    step = producer(value.content)
    if step is not None:
        origin = f"from {step}"
    elif value.content == "sandbox:root":
        origin = "the sandbox CA's root"
    else:
        kind, _, digest = value.content.partition(":")
        origin = f"{kind} {digest[:16]}"
    return f"{printable(str(value))} ({origin})"


def operation_facts(action: CmpOperation) -> dict[str, str]:
    """What is to be known of a certificate operation before it is carried out, by name."""
    facts: dict[str, str] = {
        "messages": ", ".join(MESSAGES[action.operation]),
        "server": f"{action.server.address.reference}, {action.server.url}",
        "answers": f"checked against {action.server.ca.reference}",
        "subject": action.subject,
    }
    if action.username is not None and action.password is not None:
        facts["protection"] = "MAC from reference number and secret"
        facts["reference"] = f"read from {action.username.source}"
        facts["secret"] = f"read from {action.password.source}"
    else:
        facts["protection"] = "signature with the certificate in force"
    if action.operation is not Operation.REVOKE:
        facts["key"] = "RSA 2048, new"
    return facts


def _table(facts: Mapping[str, str]) -> list[str]:
    width = max(len(name) for name in facts)
    return [f"{_INDENT}{name:<{width}}  {printable(text)}" for name, text in facts.items()]

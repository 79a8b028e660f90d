"""A plan in, text out: what changes, what is sent, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import click

from ...compiler.configuration import SecretValue, Value, quote
from ...compiler.key_types import DEFAULT_KEY_TYPE
from ...compiler.plan import (
    Activate,
    Change,
    CmpOperation,
    Commit,
    LeftOut,
    ObjectChange,
    Operation,
    Plan,
    Renewal,
    Replaced,
    Step,
)
from ...compiler.serialize import changed_names
from ...compiler.steps import producer
from .source_text import printable

_SYMBOLS = {
    Change.ADD: ("+", "green"),
    Change.UPDATE: ("~", "yellow"),
    Change.DELETE: ("-", "red"),
}
_INDENT = "        "
# The title of a step is short.
_MOST_NAMES = 2


def render(plan: Plan, remark: str = "") -> str:
    """The plan for people; `remark` is a line of ours above the summary."""
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
    if plan.left_out:
        out.extend(_left_out(plan.left_out))
        out.append("")
    if remark:
        out.append(remark)
    out.append(summary(plan))
    return "\n".join(out)


def _left_out(left_out: Sequence[LeftOut]) -> list[str]:
    width = max(len(title(item.step)) for item in left_out)
    return [
        click.style("Left out:", dim=True),
        *(
            click.style(
                f"{item.step.id:>5}   {title(item.step):<{width}}  {printable(item.why)}", dim=True
            )
            for item in left_out
        ),
    ]


def idempotence(plan: Plan) -> str:
    """Whether applying the script again does anything, and which lines see to that."""
    if not plan.renewals:
        return "Idempotent: applied again, the script changes nothing."
    lines = (
        f"{printable(str(item.span))} " + renewal(item, printable(item.certificate.reference))
        for item in plan.renewals
    )
    return f"Not idempotent: applied again, {', '.join(lines)}."


def renewal(item: Renewal, name: str) -> str:
    """What the command does to the certificate when the script is applied again."""
    if item.is_refused:
        return f"is refused, for {name} is revoked by then"
    return f"renews {name}"


def sandbox_note(plan: Plan) -> str:
    """Who answers in place of the servers that the plan names; empty if nothing is sent."""
    if any(isinstance(step.action, CmpOperation) for step in plan.steps):
        return "With --sandbox the embedded CA answers in place of every CMPServer."
    return ""


def summary(plan: Plan) -> str:
    """One line: how much of what."""
    number = len(plan.left_out)
    rest = f"{number} step{'s' if number > 1 else ''} left out" if number else ""
    if plan.is_empty:
        if rest:
            return f"Nothing to do for what is asked for; {rest}."
        return "Nothing to do: the device is as the script says."
    changes = Counter(s.action.change for s in plan.steps if isinstance(s.action, ObjectChange))
    actions = [s.action for s in plan.steps if isinstance(s.action, CmpOperation)]
    operations = [action.operation for action in actions]
    replaced = sum(action.replaces is not None for action in actions)
    parts = [f"{changes[change]} to {change}" for change in Change if changes[change]]
    for operation in Operation:
        number = operations.count(operation)
        if operation is Operation.INITIATE:
            number -= replaced
        if number:
            parts.append(f"{number} certificate{'s' if number > 1 else ''} to {operation}")
    if replaced:
        parts.append(f"{replaced} certificate{'s' if replaced > 1 else ''} to replace")
    messages = sum(len(action.messages) for action in actions) // 2
    if messages:
        parts.append(f"{messages} CMP request{'s' if messages > 1 else ''}")
    if any(isinstance(s.action, Activate) for s in plan.steps):
        parts.append("activate")
    if any(isinstance(s.action, Commit) for s in plan.steps):
        parts.append("commit")
    return f"Plan: {', '.join(parts)}{'; ' if rest else ''}{rest}."


def title(step: Step) -> str:
    """A step in a few words."""
    match step.action:
        case ObjectChange(change=change, address=address):
            return f"{change} {printable(str(address))}"
        case CmpOperation(operation=operation, target=target, replaces=replaces):
            verb = operation if replaces is None else "replace"
            return f"{verb} {printable(target.reference)}{_asked(step.action)}"
        case Activate():
            return "activate"
        case Commit():
            return "commit"


def _asked(action: CmpOperation) -> str:
    """What csc's own options ask for, in brackets; nothing where none was given."""
    words = [] if action.key_type in (None, DEFAULT_KEY_TYPE) else [action.key_type]
    words += action.san[:_MOST_NAMES]
    words += [f"{more} more"] if (more := len(action.san) - _MOST_NAMES) > 0 else []
    words += [word for word in (action.reason,) if word is not None]
    return f" ({', '.join(map(printable, words))})" if words else ""


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
    names = changed_names(action)
    width = max((len(n) for n in names), default=0)
    for name in names:
        values = [value_text(of[name]) for of in (before, after) if name in of]
        if action.change is Change.UPDATE and name not in after:
            values.append("(none)")
        out.append(f"{_INDENT}{printable(name):<{width}}  {' -> '.join(values)}")
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
    return printable(f"{value} ({origin})")


def operation_facts(action: CmpOperation) -> dict[str, str]:
    """What is to be known of a certificate operation before it is carried out, by name."""
    facts: dict[str, str] = {
        "messages": ", ".join(action.messages),
        "server": f"{action.server.address.reference}, {action.server.url}",
        "answers": f"checked against {action.server.ca.reference}",
        "subject": action.subject,
    }
    if action.san:
        facts["names"] = ", ".join(action.san)
    if action.profile is not None:
        facts["profile"] = action.profile
    if action.reason is not None:
        facts["reason"] = action.reason
    if action.replaces is not None:
        facts["replaces"] = _replaced(action.replaces)
    if action.server.tolerate:
        facts["tolerated"] = ", ".join(action.server.tolerate)
    if action.username is not None and action.password is not None:
        mac = "" if action.server.mac == "PBM" else f" ({action.server.mac})"
        facts["protection"] = f"MAC{mac} from reference number and secret"
        facts["reference"] = f"read from {action.username.source}"
        facts["secret"] = f"read from {action.password.source}"
    elif action.signer is not None:
        facts["protection"] = f"signature with the certificate of {action.signer.reference}"
    else:
        facts["protection"] = "signature with the certificate in force"
    if action.operation is not Operation.REVOKE:
        facts["key"] = _key(action)
    return facts


def _key(action: CmpOperation) -> str:
    made = "made by the CA" if action.is_central else "new"
    if action.key_type is None:
        return f"{made}, of the old one's kind"
    return f"{action.key_type.replace('rsa:', 'RSA ')}, {made}"


def _replaced(replaced: Replaced) -> str:
    kind, _, digest = replaced.certificate.partition(":")
    until = f", valid until {replaced.not_after}" if replaced.not_after else ""
    return f"{kind} {digest[:16]}{until}, as asked for with --replace; it is not revoked"


def _table(facts: Mapping[str, str]) -> list[str]:
    width = max(len(name) for name in facts)
    return [f"{_INDENT}{name:<{width}}  {printable(text)}" for name, text in facts.items()]

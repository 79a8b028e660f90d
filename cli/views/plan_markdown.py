"""A plan and its findings in; a comment for a pull request out."""

from __future__ import annotations

from collections.abc import Sequence

from ...compiler.configuration import FileValue, Properties, SecretValue, Value, written
from ...compiler.diagnostics import Diagnostic
from ...compiler.plan import (
    Activate,
    Change,
    CmpOperation,
    Commit,
    ObjectChange,
    Operation,
    Plan,
    Step,
)
from . import diagnostics_text, markdown
from .plan_text import operation_facts, renewal, summary, title, value_text
from .reported import errors_first, message, portable
from .source_text import printable

# GitHub takes comments of up to 65536 characters; a workflow may put its own words around this.
MAX_LENGTH = 60_000
# Below this there is no room for headings and counts.
LEAST_LENGTH = 1_000
# The head of a comment is short.
_MOST_RENEWALS = 2
_INDENT = "     "


def render(plan: Plan | None, diagnostics: Sequence[Diagnostic], limit: int, note: str = "") -> str:
    """The comment in at most `limit` characters: what destroys something first, then all that changes.

    `plan` is None if a finding is an error. `note` is a sentence of ours below the summary.
    """
    count = diagnostics_text.count(diagnostics)
    head = f"**{summary(plan) if plan else f'No plan: {count}.'}**\n"
    for sentence in (note, _idempotence(plan)):
        if sentence:
            head += f"\n{sentence}\n"
    steps = plan.steps if plan else ()
    destroyed = [(step, what) for step in steps if (what := _destroys(step))]
    parts = [
        markdown.bullets(
            "Destructive steps",
            [f"{step.id}: {what}, {_place(step)}" for step, what in destroyed],
            "destructive step",
        ),
        markdown.fenced("Changes", ["\n".join(_diff(step)) for step in steps], "step"),
        markdown.bullets(
            "Left out",
            [
                f"{item.step.id}: {markdown.inline(title(item.step))}, {markdown.inline(item.why)}"
                for item in (plan.left_out if plan else ())
            ],
            "step left out",
        ),
        markdown.table(
            f"Findings: {count}",
            ("severity", "rule", "where", "finding"),
            [_row(d) for d in errors_first(diagnostics)],
            "finding",
        ),
        markdown.bullets(
            "Nothing to do",
            [
                f"{markdown.inline(item.what)}: {markdown.inline(item.why)}"
                for item in (plan.unchanged if plan else ())
            ],
            "command with nothing to do",
        ),
    ]
    return markdown.fit(head, parts, limit)


def _idempotence(plan: Plan | None) -> str:
    """Whether applying again does anything; of very many commands that see to it only the first."""
    if plan is None:
        return ""
    if not plan.renewals:
        return "Idempotent: applied again, the script changes nothing."
    lines = [
        f"{markdown.inline(f'{portable(item.span.file)}:{item.span.line}')}"
        f" {renewal(item, markdown.inline(item.certificate.reference))}"
        for item in plan.renewals[:_MOST_RENEWALS]
    ]
    more = len(plan.renewals) - len(lines)
    lines += [f"{more} more"] if more else []
    return f"Not idempotent: applied again, {', '.join(lines)}."


def _destroys(step: Step) -> str:
    """What is gone after the step, as Markdown; empty if nothing is."""
    match step.action:
        case ObjectChange(change=Change.DELETE, address=address):
            return f"deletes {markdown.inline(str(address))}"
        case ObjectChange(change=Change.UPDATE, address=address, before=before, after=after):
            lost = [
                n for n, v in (before or {}).items() if _is_key(v) and v != (after or {}).get(n)
            ]
            names = ", ".join(map(markdown.inline, lost))
            return f"replaces {names} of {markdown.inline(str(address))}" if lost else ""
        case CmpOperation(operation=Operation.REVOKE, target=target):
            return f"revokes the certificate of {markdown.inline(target.reference)} at the CA"
        case CmpOperation(target=target, replaces=replaces) if replaces is not None:
            until = f" until {replaces.not_after}" if replaces.not_after else ""
            return (
                f"replaces the certificate of {markdown.inline(target.reference)},"
                f" which its CA goes on trusting{until}"
            )
        case _:
            return ""


def _is_key(value: Value) -> bool:
    is_private_key = isinstance(value, FileValue) and (
        value.is_secret or value.content.startswith("key:")
    )
    return is_private_key or isinstance(value, SecretValue)


def _place(step: Step) -> str:
    return markdown.inline(f"{portable(step.span.file)}:{step.span.line}")


def _diff(step: Step) -> list[str]:
    """The lines of a step; each begins with what colours it in a diff."""
    at = printable(f"{portable(step.span.file)}:{step.span.line}")
    head = f"{step.id} {title(step)}  ({at})"
    match step.action:
        case ObjectChange(change=change, before=before, after=after):
            mark = {Change.ADD: "+", Change.UPDATE: "!", Change.DELETE: "-"}[change]
            return [f"{mark} {head}", *_properties(before or {}, after or {})]
        case CmpOperation() as operation:
            facts = operation_facts(operation)
            width = max(len(name) for name in facts)
            told = [f"#{_INDENT}{name:<{width}}  {printable(t)}" for name, t in facts.items()]
            return [f"! {head}", *told]
        case Activate() | Commit():
            return [f"@@ {head} @@"]


def _properties(before: Properties, after: Properties) -> list[str]:
    names = [n for n in written({**after, **before}) if before.get(n) != after.get(n)]
    width = max((len(printable(n)) for n in names), default=0)
    return [
        f"{mark}{_INDENT}{printable(name):<{width}}  {value_text(of[name])}"
        for name in names
        for mark, of in (("-", before), ("+", after))
        if name in of
    ]


def _row(diagnostic: Diagnostic) -> tuple[str, ...]:
    span = diagnostic.primary.span
    return (
        str(diagnostic.severity),
        f"{diagnostic.rule.code} {diagnostic.rule.name}",
        markdown.inline(f"{portable(span.file)}:{span.line}"),
        markdown.inline(message(diagnostic)),
    )

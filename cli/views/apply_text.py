"""The report of a run in, text out: what is done, how many messages were sent, what is left and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from ...compiler.plan import CmpOperation, Step
from ...runtime.committing import Remains
from ...runtime.errors import ApplyError, Interrupted, StepsFailed
from ...runtime.execution.limits import server_of
from ...runtime.report import Messages, NotTried, Report
from ...runtime.state.errors import StateError
from . import activation_text
from .plan_text import title
from .source_text import printable

# Steps that wait for one and the same are named up to here, and then counted.
_MOST_NAMED = 20


def success(report: Report) -> str:
    """What a run says that has done everything."""
    is_committed = f"version {report.version} is committed"
    head = f"Done: {is_committed}." if report.version else "Done; nothing is committed."
    sent = messages(report.messages)
    return f"{sent}\n{head}" if sent else head


def messages(counted: Messages) -> str:
    """Planned and sent messages in a line; empty where there are none."""
    if not (counted.planned or counted.sent or counted.extra):
        return ""
    more = f", and {counted.extra} more that no plan can know of" if counted.extra else ""
    return f"CMP: planned {counted.planned} messages, sent {counted.sent}{more}."


def failure(failed: StepsFailed) -> str:
    """One block for each failure, then what is left: open, dropped, not tried."""
    report = failed.report
    out: list[str] = []
    for step, error in report.failures:
        out.append(f"{_error()}: {step.id} {title(step)} failed: {printable(str(error))}")
        out.append(f"  --> {printable(str(step.span))}")
        way_out = way_out_of(error)
        if way_out:
            out.append(f"  = help: {printable(way_out)}")
    if isinstance(failed, Interrupted):
        out.append(f"{_error()}: interrupted before every step was done")
    out.extend(
        f"  = note: {step.id} {title(step)} is left open: its CA has not decided yet"
        for step in report.left_open
    )
    out.extend(
        f"  = note: not tried, {reason}: {_named(steps)}"
        for reason, steps in _by_reason(report.not_tried)
    )
    if report.dropped:
        out.append(f"  = note: not kept, for no activate followed: {_named(report.dropped)}")
    out.append(f"  = note: {counts(report)}")
    sent = messages(report.messages)
    if sent:
        out.append(f"  = note: {sent}")
    out.extend(f"  = note: {printable(text)}" for text in _remains(failed.remains))
    when = "once the cause is mended" if report.failures else "to go on"
    out.append(f"  = note: apply the script again {when}; what CMP obtained stays")
    return "\n".join(out)


def _remains(remains: Remains | None) -> Iterator[str]:
    if remains is None:
        return
    if remains.rolled_back is not None:
        yield activation_text.rolled_back(remains.rolled_back)
        back = activation_text.committed(remains.version)
        yield f"the device is back to {back}; the vault keeps all that CMP obtained"
    if remains.waiting is not None:
        yield activation_text.waiting(remains.waiting, remains.version)
    if remains.unbound:
        names = ", ".join(address.reference for address in remains.unbound)
        yield f"obtained, not bound: {names}; the script finds it as done, and binds it"


def counts(report: Report) -> str:
    """How many steps came to what, in a line."""
    parts = [f"{len(report.done)} done"]
    for what, number in (
        ("failed", len(report.failures)),
        ("left open", len(report.left_open)),
        ("not tried", len(report.not_tried)),
    ):
        if number:
            parts.append(f"{number} {what}")
    return f"of the plan's steps {', '.join(parts)}"


def draining(under_way: Sequence[Step]) -> str:
    """What the first signal is answered with."""
    if not under_way:
        return "Interrupted: nothing new begins."
    waits = ", ".join(
        f"{step.id} {title(step)} at {printable(server_of(step.action))}"
        for step in under_way
        if isinstance(step.action, CmpOperation)
    )
    return f"Interrupted: nothing new begins; waiting for {waits}. Once more stops at once."


def stopped_at_once() -> str:
    """What the second signal is answered with."""
    return "Stopped at once; the journal has what was under way: apply the script again to go on."


def way_out_of(error: Exception) -> str:
    """What to do about the failure of a step; empty if nobody knows."""
    if isinstance(error, ApplyError | StateError):
        return error.way_out
    return str(getattr(error, "way_out", ""))


def _error() -> str:
    return click.style("error", fg="red", bold=True)


def _by_reason(not_tried: Sequence[NotTried]) -> list[tuple[str, list[Step]]]:
    reasons: dict[str, list[Step]] = {}
    for item in not_tried:
        waited = item.waited_for
        reason = "the run was to end" if waited is None else f"waited for {waited.id}"
        reasons.setdefault(reason, []).append(item.step)
    return list(reasons.items())


def _named(steps: Sequence[Step]) -> str:
    names = [f"{step.id} {title(step)}" for step in steps[:_MOST_NAMED]]
    more = len(steps) - len(names)
    return ", ".join([*names, *([f"{more} more"] if more else [])])

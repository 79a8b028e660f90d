"""Operations that were cut off in, text out: where each stands and what resuming does, or what it did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from ...compiler.address import Address
from ...runtime.recovery.phases import WHERE
from ...runtime.recovery.resume import End, LeftOpen, Resumed
from ...runtime.recovery.unbound import Unbound
from ...runtime.state.journal import OpenOperation
from .source_text import printable

_WORDS = {
    End.DONE: "done",
    End.GIVEN_UP: "given up",
    End.CLOSED: "closed",
    End.OPEN: "still open",
}


def name_of(path: str) -> str:
    """How a certificate is named in a script."""
    return Address.parse(path).reference


def title_of(entry: OpenOperation) -> str:
    """An operation, for people."""
    return f"{entry.operation} of {name_of(entry.path)}"


def render_list(device: str, left_open: Sequence[LeftOpen], unbound: Sequence[Unbound]) -> str:
    """A block for each operation."""
    if not left_open and not unbound:
        return printable(f"Nothing is open on device {device}.")
    blocks = (*map(_listed, left_open), *map(_unbound, unbound))
    return "\n".join(printable(line) for block in blocks for line in block)


def _listed(each: LeftOpen) -> Iterable[str]:
    yield (
        f"{each.operation} of {each.address.reference} since"
        f" {each.started_at:%Y-%m-%d %H:%M:%S} UTC: {each.phase.value}"
    )
    where = WHERE[each.phase]
    yield f"  vault:    {where.vault}"
    yield f"  journal:  {where.journal}"
    yield f"  CA:       {where.ca}{f', at {each.server}' if each.server else ''}"
    if each.is_resumable:
        yield f"  resuming: {each.act}: {each.reason}"
    else:
        yield "  resuming: an older csc began it: apply its script again, which takes it up"
    if each.needs:
        yield f"  needs:    {', '.join(dict.fromkeys(each.needs))}"


def _unbound(each: Unbound) -> Iterable[str]:
    yield f"{each.address.reference}: obtained (serial {each.serial_number}), not bound"
    yield f"  applying: {each.act}: {each.reason}"


def render_done(done: Sequence[Resumed]) -> str:
    """A line for each operation; how it can be gone on with, where it is still open."""
    lines: list[str] = []
    for each in done:
        text = printable(f"{title_of(each.left_open)}: {_WORDS[each.end]}, {each.said}")
        lines.append(click.style(text, fg="yellow") if each.end is End.OPEN else text)
        if each.way_out:
            lines.append(printable(f"  = help: {each.way_out}"))
    return "\n".join(lines)

"""Objects that hold others of their own kind; findings where they hold each other in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from ..grammar.ast import Span
from . import rules
from .address import Address
from .diagnostics import Label, finding
from .machine import Machine
from .references import Use, uses

# So many objects of a circle a finding names.
_MOST_NAMED = 5


def check_circles(machine: Machine, end: Span) -> None:
    """Find objects such as groups that are their own members, directly or by way of others.

    `end` is where the finding stands if no line of this script closes the circle.
    """
    done: set[Address] = set()
    may_hold = _holders(machine)
    for start in machine.candidate if may_hold else ():
        if start in done or start not in may_hold:
            continue
        line: dict[Address, Use | None] = {start: None}
        waiting = [_held(machine, start)]
        while waiting:
            step = next(waiting[-1], None)
            if step is None:
                waiting.pop()
                done.add(line.popitem()[0])
                continue
            use, target = step
            if target in line:
                _report(machine, line, use, target, end)
            elif target not in done:
                line[target] = use
                waiting.append(_held(machine, target))


def _holders(machine: Machine) -> set[Address]:
    """The objects that refer to one that refers to others in turn: no other ones can be in a circle."""
    users = set[Address]().union(*machine.users.values())
    return {
        user
        for text, referring in machine.users.items()
        if any(target in users for target in machine.candidate.referred(text))
        for user in referring
    }


def _held(machine: Machine, address: Address) -> Iterator[tuple[Use, Address]]:
    """What an object of a kind that may hold its own kind refers to."""
    catalog = machine.circumstances.catalog
    for use in uses(machine, address):
        types = catalog.targets(use.reference)
        if address.type in types:
            for target in machine.candidate.referred(use.text):
                if target.type in types:
                    yield use, target


def _report(
    machine: Machine, line: dict[Address, Use | None], closing: Use, first: Address, end: Span
) -> None:
    circle = list(line)[list(line).index(first) :]
    names = " -> ".join(a.reference for a in (*circle[:_MOST_NAMED], first))
    if len(circle) > _MOST_NAMED:
        names = f"{names} ({len(circle)} objects)"
    inner = [use for address in circle[1:] if (use := line[address]) is not None]
    machine.report(
        finding(
            rules.CIRCULAR_REFERENCE,
            f"{first} holds itself: {names}",
            closing.span or next((use.span for use in inner if use.span), None) or end,
            "closes the circle",
            secondary=tuple(
                Label(use.span, f"{use.user.reference} holds {use.text}")
                for use in inner[:_MOST_NAMED]
                if use.span is not None
            ),
            help="take one of them out",
        )
    )

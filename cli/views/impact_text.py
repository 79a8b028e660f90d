"""What hangs on an object in, text out: a tree of what reaches it, and what breaks without it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click

from ...compiler.address import Address
from ...compiler.impact import Effect, Expiry, Impact, Link
from .source_text import printable

_EFFECTS = {
    Effect.ANSWERS: "answers of the CA can no longer be checked, so none is accepted",
    Effect.OPERATIONS: "-initiate, -update and -revoke fail",
    Effect.SIGNATURE: "-update and -revoke, which it signs, fail; only -initiate is left",
    Effect.IDENTITY: "it authenticates with this certificate, and peers refuse it",
    Effect.PERHAPS_IDENTITY: "peers refuse it if this is the certificate that its LocalID finds",
    Effect.PEERS: "peers under this root are refused",
    Effect.OTHER: "it refers to this certificate",
}


def render(impact: Impact, now: datetime) -> str:
    """The answer for people; `now` is timezone-aware."""
    out = [click.style(printable(str(impact.address)), bold=True)]
    out += ["", *_section("Reached by", _tree(impact))]
    out += ["", *_section("Refers to", map(_reference, impact.refers_to))]
    for expiry in impact.expiries:
        out += ["", *_section(_when(impact, expiry, now), _effects(expiry))]
    out += ["", *_section("If it is deleted", _deletion(impact))]
    return "\n".join(out)


def _section(head: str, lines: Iterator[str] | Sequence[str]) -> list[str]:
    rows = [f"  {line}" for line in lines]
    return [f"{head}:", *rows] if rows else [f"{head}: nothing"]


def _tree(impact: Impact) -> Iterator[str]:
    """Users below what they refer to. What was shown before is not opened again: there may be circles."""
    users: dict[Address, list[Link]] = {}
    for link in impact.reached_by:
        if link.target is not None:
            users.setdefault(link.target, []).append(link)
    inside = [impact.address, *impact.contents]
    opened = set(inside)
    first = [(link, "") for place in inside for link in users.get(place, ())]
    # No recursion: a chain of references may be as long as a script.
    todo = [(link, "", n == len(first)) for n, (link, _) in enumerate(first, 1)][::-1]
    while todo:
        link, lead, is_last = todo.pop()
        text = f"{link.user} ({link.property})"
        if link.target in inside and link.target != impact.address:
            text += f" -> {link.target}"
        below = users.get(link.user, ()) if link.user not in inside else ()
        if below and link.user in opened:
            text += ", see above"
            below = ()
        opened.add(link.user)
        yield f"{lead}{'└── ' if is_last else '├── '}{printable(text)}"
        lead += "    " if is_last else "│   "
        todo += [(li, lead, n == len(below)) for n, li in enumerate(below, 1)][::-1]


def _reference(link: Link) -> str:
    named = f"{link.name}, of the device" if link.target is None else str(link.target)
    return printable(f"{named} ({link.property})")


def _when(impact: Impact, expiry: Expiry, now: datetime) -> str:
    what = "it" if expiry.certificate == impact.address else str(expiry.certificate)
    if expiry.not_after is None:
        return f"When {printable(what)} expires (no date is known)"
    at = f"{expiry.not_after.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if expiry.not_after < now:
        return f"{printable(what[0].upper() + what[1:])} has expired ({at})"
    days = (expiry.not_after - now).days
    return f"When {printable(what)} expires ({at}, in {days} day{'' if days == 1 else 's'})"


def _effects(expiry: Expiry) -> Iterator[str]:
    for effect, address in expiry.effects:
        yield printable(f"{address}: {_EFFECTS[effect]}")


def _deletion(impact: Impact) -> Iterator[str]:
    for address in impact.contents:
        yield printable(f"{address} goes with it")
    for link in impact.dangling:
        text = f"{link.user}: {link.property}={link.name} names nothing"
        yield printable(text + (", unless the device has one of its own" if link.is_open else ""))
    for tunnel in impact.unserved:
        yield printable(f"{tunnel}: may find no certificate for its LocalID")

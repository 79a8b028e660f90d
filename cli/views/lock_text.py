"""Leases in, a line for each out."""

from __future__ import annotations

from collections.abc import Sequence

from ...runtime.state.owner import Life
from ...runtime.state.unlocking import Seen
from .source_text import printable

_LIFE = {
    Life.RUNS: "it runs",
    Life.GONE: "it is gone: the next apply takes over",
    Life.UNKNOWN: "whether it runs is not known here",
}


def render(seen: Sequence[Seen]) -> str:
    """Who holds which device, and whether that process runs."""
    if not seen:
        return "No device is locked."
    return "\n".join(map(_line, seen))


def _line(seen: Seen) -> str:
    lease = seen.lease
    since = f"{lease.acquired_at:%Y-%m-%d %H:%M:%S} UTC"
    return printable(f"{lease.device}: {lease.owner} since {since}; {_LIFE[seen.life]}")

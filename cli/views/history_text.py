"""Committed versions in, a table out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from ...runtime.state.versions import Committed
from .source_text import printable
from .table import columns

_HEAD = ("version", "committed", "script", "by")
# As many digits of a script's digest as tell scripts apart at a glance.
_SHORT = 12


def render(device: str, versions: Sequence[Committed]) -> str:
    """A line for each version in the order in which they are given."""
    if not versions:
        return printable(f"Nothing is committed on device {device} yet.")
    return columns([_HEAD, *map(_row, versions)])


def _row(version: Committed) -> list[str]:
    return [
        str(version.number),
        f"{version.committed_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        _script(version),
        printable(version.committed_by) or "not known",
    ]


def _script(version: Committed) -> str:
    if version.restores is not None:
        return f"as version {version.restores}"
    return printable(version.script[:_SHORT])

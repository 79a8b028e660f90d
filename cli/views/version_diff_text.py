"""Two snapshots and what differs in them in, a unified diff out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff

import click

from ...compiler.configuration import FileValue
from ...compiler.plan import Change, ObjectChange
from ...compiler.serialize import changed_names
from .source_text import printable

_COLORS = {"+": "green", "-": "red", "@": "cyan"}


def render(
    before_name: str,
    after_name: str,
    before: str,
    after: str,
    changes: Sequence[ObjectChange],
) -> str:
    """The diff; empty if nothing differs. Files are told apart behind it: a snapshot has but their names."""
    lines = unified_diff(
        list(map(printable, before.splitlines())),
        list(map(printable, after.splitlines())),
        before_name,
        after_name,
        lineterm="",
    )
    colored = (click.style(line, fg=_COLORS.get(line[:1])) for line in lines)
    return "\n".join([*colored, *_files(changes)])


def _files(changes: Sequence[ObjectChange]) -> Iterator[str]:
    for change in changes:
        if change.change is not Change.UPDATE:
            continue
        for name in changed_names(change):
            values = (change.before or {}).get(name), (change.after or {}).get(name)
            if all(isinstance(value, FileValue) for value in values):
                yield printable(f"# {change.address.reference}: {name} is another file")

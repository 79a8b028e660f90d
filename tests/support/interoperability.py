"""docs/interoperability.md: our CMP client against three CAs. As a module: tries all, writes it."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from csc.runtime.cmp.transport import HttpTransport
from interop.cells import CELLS, PEERS, ROWS, Cell, Row, why_not
from interop.exchange import exchange
from interop.sites import Sites
from interop.versions import versions

from support.command import REPOSITORY

PAGE = REPOSITORY / "docs" / "interoperability.md"
_COLUMNS = ("Operation", "Protection", "Key", "Confirmation", "Waiting", *PEERS)


def render(page: str, failures: Mapping[Cell, str], tried: Mapping[str, str]) -> str:
    """The page with what is found anew in it; `failures` says of cells what went wrong.

    `tried` are the versions of the peers. The text before the table is written by hand.
    """
    text = page[: page.index(f"| {_COLUMNS[0]} |")]
    for peer, version in tried.items():
        text = re.sub(rf"(?<=\*\*{peer}\*\* )[\w.]+(?=:)", version, text)
    text = re.sub(r"\d+(?= exchanges)", str(len(CELLS)), text)
    lines = [_COLUMNS, ("---",) * len(_COLUMNS), *(_line(row, failures) for row in ROWS)]
    return text + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def versions_in(page: str) -> dict[str, str]:
    """The versions that a page was written with."""
    found = {peer: re.search(rf"\*\*{peer}\*\* ([\w.]+):", page) for peer in PEERS}
    return {peer: match[1] if match else "" for peer, match in found.items()}


def _line(row: Row, failures: Mapping[Cell, str]) -> tuple[str, ...]:
    results = []
    for peer in PEERS:
        reason, failure = why_not(row, peer), failures.get(Cell(row, peer))
        results.append(f"– {reason}" if reason else "✓" if failure is None else "✗")
    return (*row.values, *results)


def _try_all() -> dict[Cell, str]:
    failures: dict[Cell, str] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sites = Sites(folder, stack, stack.enter_context(HttpTransport()))
        for cell in CELLS:
            try:
                exchange(cell, sites)
            except Exception as error:
                failures[cell] = f"{type(error).__name__}: {error}"
                print(f"{cell}: {failures[cell]}", file=sys.stderr)
    return failures


if __name__ == "__main__":
    failed = _try_all()
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(render(page, failed, versions()), encoding="utf-8")
    print(f"{len(CELLS) - len(failed)} of {len(CELLS)} cells work")
    sys.exit(bool(failed))

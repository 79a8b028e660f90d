"""The table of docs/sandbox.md: what RFC 9483 demands of a server, and what holds it. As a module: writes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from support.command import REPOSITORY

PAGE = REPOSITORY / "docs" / "sandbox.md"
TESTS = REPOSITORY / "tests" / "sandbox"
_DATA = TESTS / "conformance" / "must.toml"
_COLUMNS = ("Section", "What it demands", "Held by")


@dataclass(frozen=True, slots=True)
class Must:
    """A row. `held_by` are `FILE::TEST` below tests/sandbox; without any, `not_here` says why not."""

    section: str
    says: str
    held_by: tuple[str, ...] = ()
    not_here: str = ""
    note: str = ""


def musts() -> list[Must]:
    rows = tomllib.loads(_DATA.read_text(encoding="utf-8"))["must"]
    return [Must(**{**row, "held_by": tuple(row.get("held_by", ()))}) for row in rows]


def render(page: str) -> str:
    """The page with the table as it has to be; the text before it is written by hand."""
    head = page[: page.index(f"| {_COLUMNS[0]} |")]
    lines = [_COLUMNS, ("---",) * len(_COLUMNS), *map(_line, musts())]
    return head + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _line(must: Must) -> tuple[str, str, str]:
    says = must.says + (f" *({must.note})*" if must.note else "")
    return must.section, says, "<br>".join(map(_short, must.held_by)) or f"– {must.not_here}"


def _short(test: str) -> str:
    file, _, name = test.partition("::")
    return f"`{file.rpartition('/')[2].removesuffix('.py')}: {name.removeprefix('test_')}`"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

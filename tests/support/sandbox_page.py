"""docs/sandbox.md: its tables of switches and of what RFC 9483 demands. As a module, writes them."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from csc.runtime.sandbox import behaviour

from support.command import REPOSITORY

PAGE = REPOSITORY / "docs" / "sandbox.md"
TESTS = REPOSITORY / "tests" / "sandbox"
_DATA = TESTS / "conformance" / "must.toml"
_BEHAVIOUR = REPOSITORY / "runtime" / "sandbox" / "behaviour.py"


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
    """The page with its tables as they have to be; all else is written by hand."""
    page = _with_table(page, ("Switch", "Usually", "What it does"), _switches())
    return _with_table(page, ("Section", "What it demands", "Held by"), map(_line, musts()))


def _with_table(page: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The page with these rows in the table that has these columns."""
    head = f"| {' | '.join(columns)} |\n"
    before, _, rest = page.partition(head)
    lines = rest.splitlines(keepends=True)
    while lines and lines[0].startswith("|"):
        del lines[0]
    table = (f"| {' | '.join(row)} |\n" for row in (("---",) * len(columns), *rows))
    return before + head + "".join(table) + "".join(lines)


def _switches() -> list[tuple[str, str, str]]:
    """The fields of Behaviour, with what stands below each."""
    tree = ast.parse(_BEHAVIOUR.read_text(encoding="utf-8"))
    (fields,) = (n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Behaviour")
    found = []
    for field, text in pairwise(fields):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=said)):
                usual = getattr(behaviour.USUAL, name)
                found.append((f"`{name}`", _shown(usual), " ".join(str(said).split())))
    return found


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else f"{value}"


def _line(must: Must) -> tuple[str, str, str]:
    says = must.says + (f" *({must.note})*" if must.note else "")
    return must.section, says, "<br>".join(map(_short, must.held_by)) or f"– {must.not_here}"


def _short(test: str) -> str:
    file, _, name = test.partition("::")
    return f"`{file.rpartition('/')[2].removesuffix('.py')}: {name.removeprefix('test_')}`"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

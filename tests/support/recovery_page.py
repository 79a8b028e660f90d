"""docs/recovery.md: its diagram and its tables, of the transition table. As a module, writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from csc.runtime.recovery.phases import WHERE, Phase
from csc.runtime.recovery.transitions import TABLE

from support.command import REPOSITORY

PAGE = REPOSITORY / "docs" / "recovery.md"
_MARK = "<!-- diagram: python -m support.recovery_page -->\n"


def render(page: str) -> str:
    """The page with diagram and tables as they have to be; all else is written by hand."""
    before, _, rest = page.partition(_MARK)
    if rest.startswith("\n```mermaid\n"):
        rest = rest.partition("```\n\n")[2]
        rest = f"\n{rest}"
    page = f"{before}{_MARK}\n{_diagram()}{rest}"
    page = _with_table(page, ("Phase", "Vault", "Journal", "CA"), _places())
    return _with_table(page, ("In", "What happens", "What is done", "Then", "Why"), _rows())


def _diagram() -> str:
    """Phases, and what leads from one to another; what stays in a phase is in the table."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> nothing"]
    edges = sorted(
        ((phase, row.next), event) for (phase, event), row in TABLE.items() if row.next is not phase
    )
    for (phase, then), group in groupby(edges, key=lambda edge: edge[0]):
        events = " / ".join(event.name.lower().replace("_", " ") for _, event in group)
        lines.append(f"    {_id(phase)} --> {_id(then)}: {events}")
    lines += [f"    {_id(phase)} --> [*]" for phase in (Phase.BOUND, Phase.CLOSED)]
    return "\n".join([*lines, "```", ""])


def _id(phase: Phase) -> str:
    return phase.value.replace("-", "_")


def _places() -> Iterator[Sequence[str]]:
    for phase in Phase:
        where = WHERE[phase]
        yield f"`{phase.value}`", where.vault, where.journal, where.ca


def _rows() -> Iterator[Sequence[str]]:
    order = list(Phase)
    for (phase, event), row in sorted(TABLE.items(), key=lambda item: order.index(item[0][0])):
        yield f"`{phase.value}`", event.value, row.act.value, f"`{row.next.value}`", row.reason


def _with_table(page: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The page with these rows in the table that has these columns."""
    head = f"| {' | '.join(columns)} |\n"
    before, _, rest = page.partition(head)
    lines = rest.splitlines(keepends=True)
    while lines and lines[0].startswith("|"):
        del lines[0]
    table = (f"| {' | '.join(row)} |\n" for row in (("---",) * len(columns), *rows))
    return before + head + "".join(table) + "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

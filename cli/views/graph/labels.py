"""Nodes of a plan's graph in; what is written on them and how large and coloured they are out."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from ....compiler.address import Address
from ....compiler.graph import Node, PlanGraph
from ....compiler.plan import Change, CmpOperation, Commit, ObjectChange
from ....grammar.frozen import frozen
from ..plan_text import title
from ..source_text import printable

# Sizes in points, of a font whose letters are all 0.6 of its size wide.
FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"
FONT_SIZE = 11.0
HEIGHT = 34.0
BARRIER = 22.0
_LETTER = FONT_SIZE * 0.602
_MOST_LETTERS = 34
_LISTED = 12


@frozen
class Style:
    """A kind of step: its symbol, what the legend says, and colours.

    On its fill, the line has a contrast of at least 4.5, the text of 12.
    """

    name: str
    symbol: str
    legend: str
    line: str
    fill: str


TEXT = "#1f2328"
EDGE = "#57606a"
FAN = "#868e99"  # one of very many edges of a node
CLUSTER = "#8c959f"
_STYLES = {
    Change.ADD: Style("add", "+", "add", "#116329", "#e6f6ea"),
    Change.UPDATE: Style("change", "~", "change", "#7d4e00", "#fff3cd"),
    Change.DELETE: Style("delete", "-", "delete", "#a40e26", "#ffe9e9"),
}
_OPERATION = Style("operation", ">", "certificate operation", "#5a32a3", "#f1eafd")
_BARRIER = Style("barrier", "=", "barrier", "#32475b", "#dbe4ee")


def style_of(node: Node) -> Style:
    """How a node looks."""
    match node.steps[0].action:
        case ObjectChange(change=change):
            return _STYLES[change]
        case CmpOperation():
            return _OPERATION
        case _:
            return _BARRIER


def lines_of(node: Node) -> tuple[str, ...]:
    """What is written on a node."""
    symbol = style_of(node).symbol
    match node.steps[0].action:
        case ObjectChange(address=address):
            if len(node.steps) == 1:
                return _fitting(f"{symbol} {address.type}", _named(address))
            return _fitting(f"{symbol} {len(node.steps)} {address.type}", _range(node))
        case CmpOperation() as operation:
            server = operation.server.address.reference
            return _fitting(
                f"{symbol} {operation.request_type} to {server}", operation.target.reference
            )
        case Commit():
            return ("commit",)
        case _:
            return ("activate",)


def _named(address: Address) -> str:
    return address.reference if address.name else ""


def _range(node: Node) -> str:
    """Where the objects of a group are; for those of one container, from which to which."""
    addresses = [s.action.address for s in node.steps if isinstance(s.action, ObjectChange)]
    parents = {address.parent for address in addresses}
    if len(parents) > 1:
        return f"in {len(parents)} {addresses[0].parent.type}"
    return f"{addresses[0].reference} … {addresses[-1].name}"


def tooltip_of(node: Node) -> str:
    """What a node tells when it is pointed at: step, reason, place in the script."""
    steps = [f"{s.id} {title(s)}: {s.reason} ({s.span})" for s in node.steps[:_LISTED]]
    more = len(node.steps) - _LISTED
    if more > 0:
        steps.append(f"and {more} more, up to {node.steps[-1].id}")
    return "\n".join(map(printable, steps))


def cluster_title(store: str) -> str:
    """What stands above the nodes of a certificate store."""
    return _cut(printable(f"CertificateStore {store}"))


def legend_of(graph: PlanGraph) -> list[tuple[Style, str]]:
    """The kinds that occur, except barriers, which have their names on them."""
    there = {style_of(node) for node in graph.nodes}
    styles = [style for style in (*_STYLES.values(), _OPERATION) if style in there]
    return [(style, f"{style.symbol} {style.legend}") for style in styles]


def widths_of(graph: PlanGraph) -> dict[str, float]:
    """How wide each node is, by id: the nodes of a rank have the same width."""
    widths: dict[tuple[int, int], float] = {}
    for node in graph.nodes:
        if not node.is_barrier:
            width = max(map(text_width, lines_of(node))) + 18
            place = (node.section, node.rank)
            widths[place] = max(widths.get(place, 0), width)
    return {
        node.id: BARRIER if node.is_barrier else widths[node.section, node.rank]
        for node in graph.nodes
    }


def text_width(text: str) -> float:
    """How wide a text is: East Asian letters take two places, accents none."""
    places = sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
    return places * _LETTER


def clusters_of(nodes: tuple[Node, ...]) -> list[tuple[str | None, list[Node]]]:
    """The nodes of a section by certificate store; what belongs to none stands first."""
    found: dict[str | None, list[Node]] = {None: []}
    for node in nodes:
        found.setdefault(node.store, []).append(node)
    return [(store, members) for store, members in found.items() if members]


def _fitting(*lines: str) -> tuple[str, ...]:
    return tuple(_cut(printable(line)) for line in lines if line)


def _cut(line: str) -> str:
    """A long line without its middle: names differ at their ends."""
    if len(line) <= _MOST_LETTERS:
        return line
    half = _MOST_LETTERS // 2
    return f"{line[:half]}…{line[half + 1 - _MOST_LETTERS :]}"

"""A plan's graph and the places of its nodes in, the lines of its edges out.

A barrier needs no arrows: it waits for all before it, and all behind it for it. If a node has very many
edges, they share a trunk, which is drawn once in effect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ....compiler.graph import PlanGraph
from ....grammar.frozen import frozen
from .layout import ARROW, Layout, Point

_MANY = 3
_TO_TRUNK = 8.0
_LANE = 4.0
_LANES = 4
_BEND = 34.0

Edge = tuple[str, str]


@frozen
class Trunk:
    """What the edges of one node to those of one rank share; `leaves`: they leave it, else they arrive."""

    node: str
    leaves: bool
    section: int
    rank: int


def fans_of(graph: PlanGraph) -> dict[Edge, Trunk]:
    """The edges that share a trunk with others."""
    node = {n.id: n for n in graph.nodes}
    drawn = [e for e in graph.edges if not (node[e[0]].is_barrier or node[e[1]].is_barrier)]
    leaving = Counter(tail for tail, _ in drawn)
    arriving = Counter(head for _, head in drawn)
    fans: dict[Edge, Trunk] = {}
    for tail, head in drawn:
        if leaving[tail] > _MANY:
            fans[tail, head] = Trunk(tail, True, node[head].section, node[head].rank)
        elif arriving[head] > _MANY:
            fans[tail, head] = Trunk(head, False, node[tail].section, node[tail].rank)
    return fans


def lines_of(graph: PlanGraph, layout: Layout, widths: Mapping[str, float]) -> list[str]:
    """The path of each edge that is drawn, as SVG writes it."""
    barriers = {node.id for node in graph.nodes if node.is_barrier}
    fans = fans_of(graph)
    starts: dict[str, Point] = {}
    ends: dict[str, Point] = {}
    for node_id, (x, y) in layout.nodes.items():
        starts[node_id] = (x + widths[node_id] / 2, y)
        ends[node_id] = (x - widths[node_id] / 2 - ARROW, y)
    trunks = _trunks(fans, starts, ends)
    lines: list[str] = []
    for edge in graph.edges:
        tail, head = edge
        if edge in fans:
            lines.append(_angular(starts[tail], trunks[fans[edge]], ends[head]))
        elif not barriers.intersection(edge):
            lines.append(_curve(layout.edges.get(edge) or _plain(starts[tail], ends[head])))
    return lines


def _trunks(
    fans: Mapping[Edge, Trunk], starts: Mapping[str, Point], ends: Mapping[str, Point]
) -> dict[Trunk, float]:
    """Where each trunk stands: beside the nodes that it leads to."""
    beside = _beside(fans, starts, ends)
    trunks: dict[Trunk, float] = {}
    for (tail, head), trunk in fans.items():
        if trunk.leaves:
            x = ends[head][0] - _TO_TRUNK - beside[trunk]
            trunks[trunk] = min(trunks.get(trunk, x), x)
        else:
            x = starts[tail][0] + _TO_TRUNK + beside[trunk]
            trunks[trunk] = max(trunks.get(trunk, x), x)
    return trunks


def _beside(
    fans: Mapping[Edge, Trunk], starts: Mapping[str, Point], ends: Mapping[str, Point]
) -> dict[Trunk, float]:
    """How far trunks move aside, so that only those that lead to the same nodes lie on one another."""
    led: dict[Trunk, set[str]] = {}
    heights: dict[Trunk, list[float]] = {}
    for (tail, head), trunk in fans.items():
        led.setdefault(trunk, set()).add(head if trunk.leaves else tail)
        heights.setdefault(trunk, []).extend((starts[tail][1], ends[head][1]))
    taken: dict[tuple[bool, int, int], list[tuple[int, Trunk]]] = {}
    beside: dict[Trunk, float] = {}
    for trunk, nodes in led.items():
        others = taken.setdefault((trunk.leaves, trunk.section, trunk.rank), [])
        near = [
            (lane, led[other] == nodes)
            for lane, other in others
            if min(heights[other]) <= max(heights[trunk])
            and min(heights[trunk]) <= max(heights[other])
        ]
        full = {lane for lane, is_same in near if not is_same}
        lane = next((lane for lane in range(_LANES) if lane not in full), len(others) % _LANES)
        others.append((lane, trunk))
        beside[trunk] = lane * _LANE
    return beside


def number(value: float) -> str:
    """A length as it is written: to a tenth of a point."""
    return f"{round(value, 1) + 0.0:g}"


def _plain(start: Point, end: Point) -> tuple[Point, ...]:
    middle = end[0] - min(end[0] - start[0], _BEND) / 2
    return (start, (middle, start[1]), (middle, end[1]), end)


def _curve(points: tuple[Point, ...]) -> str:
    pairs = [f"{number(x)},{number(y)}" for x, y in points]
    return f"M{pairs[0]} C{' '.join(pairs[1:])}"


def _angular(start: Point, trunk: float, end: Point) -> str:
    return (
        f"M{number(start[0])},{number(start[1])} H{number(trunk)} "
        f"V{number(end[1])} H{number(end[0])}"
    )

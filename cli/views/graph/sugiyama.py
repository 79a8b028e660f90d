"""A plan's graph in, places by igraph's Sugiyama layout out, for where graphviz is not installed.

igraph knows no clusters. So each certificate store is laid out alone, as a band of its own, and the bands of
a section stand below each other; nodes of the same rank stand in the same column all the same.
"""

from __future__ import annotations

from ....compiler.graph import Node, PlanGraph
from .igraph_process import Band, coordinates
from .labels import BARRIER, HEIGHT, cluster_title, clusters_of, text_width, widths_of
from .layout import Layout, Point

_ROW = HEIGHT + 8
_BAND = 36.0  # room for a cluster's frame and title
_COLUMN = 34.0
_MARGIN = 26.0  # between a barrier and what is beside it


def place(graph: PlanGraph) -> Layout:
    """Lay the graph out.

    Raises:
        ImportError: if igraph is not installed.
    """
    widths = widths_of(graph)
    nodes: dict[str, Point] = {}
    barriers = {node.section: node for node in graph.nodes if node.is_barrier}
    bands = [members for section in graph.sections for _, members in clusters_of(section)]
    found = iter(coordinates([_band(members, graph.edges) for members in bands]))
    left = 0.0
    for number, section in enumerate(graph.sections):
        columns = _columns(section, widths, left)
        top = 0.0
        ends: list[float] = []
        for store, members in clusters_of(section):
            rows = _rows(members, next(found))
            if store is not None:
                top += _BAND
                first = min(columns[node.rank][0] - widths[node.id] / 2 for node in members)
                ends.append(first + text_width(cluster_title(store)))
            for node in members:
                nodes[node.id] = (columns[node.rank][0], top + rows[node.id] * _ROW)
            top += (max(rows.values()) + 1) * _ROW
        left = max([left, *ends, *(end for _, end in columns.values())])
        if number in barriers:
            beside = _MARGIN if columns else 0
            nodes[barriers[number].id] = (left + beside + BARRIER / 2, 0.0)
            left += beside + BARRIER + _MARGIN
    return Layout(nodes, {})


def _columns(
    section: tuple[Node, ...], widths: dict[str, float], left: float
) -> dict[int, tuple[float, float]]:
    """The middle and the right end of each rank."""
    columns: dict[int, tuple[float, float]] = {}
    for node in sorted(section, key=lambda node: node.rank):
        if node.rank not in columns:
            left += _COLUMN if columns else 0
            columns[node.rank] = (left + widths[node.id] / 2, left + widths[node.id])
            left += widths[node.id]
    return columns


def _band(members: list[Node], edges: tuple[tuple[str, str], ...]) -> Band:
    number = {node.id: place for place, node in enumerate(members)}
    inside = [(number[t], number[h]) for t, h in edges if t in number and h in number]
    # Empty layers would be taken for rows of their own.
    ranks = sorted({node.rank for node in members})
    return Band(len(members), inside, [ranks.index(node.rank) for node in members])


def _rows(members: list[Node], placed: list[tuple[float, float]]) -> dict[str, float]:
    """The row of each node of a band, from 0; rows of different columns need not be level."""
    number = {node.id: place for place, node in enumerate(members)}
    first = min(row for row, _ in placed)
    rows: dict[str, float] = {}
    last: dict[int, float] = {}
    shifted = zip((row - first for row, _ in placed), members, strict=True)
    for row, node in sorted(shifted, key=lambda item: (item[0], number[item[1].id])):
        # It may put nodes of one layer closer together than it was told to.
        rows[node.id] = max(round(float(row), 3), last.get(node.rank, -1) + 1)
        last[node.rank] = rows[node.id]
    return rows

"""A plan's graph in, its text in graphviz' language out. The same plan gives the same bytes."""

from __future__ import annotations

from collections import Counter

from ....compiler.graph import Node, PlanGraph
from .edges import fans_of
from .labels import (
    BARRIER,
    CLUSTER,
    EDGE,
    FAN,
    FONT_SIZE,
    HEIGHT,
    TEXT,
    cluster_title,
    clusters_of,
    legend_of,
    lines_of,
    style_of,
    text_width,
    tooltip_of,
    widths_of,
)

_POINTS = 72
_GAP = 8.0  # between nodes of one rank
_FRAME = 32.0  # what a cluster takes beside its nodes


def render(graph: PlanGraph) -> str:
    """The whole document."""
    legend = "   ".join(text for _, text in legend_of(graph)) or "Nothing to do"
    out = [
        "digraph plan {",
        f"  graph [rankdir=LR, nodesep={_inches(_GAP)}, ranksep=0.45, fontname=monospace, "
        f"fontsize={FONT_SIZE:g}, fontcolor={_quoted(TEXT)}, label={_quoted(legend)}, "
        "labelloc=b, labeljust=l];",
        f'  node [shape=box, style="filled,rounded", fixedsize=true, height={_inches(HEIGHT)}, '
        f"fontname=monospace, fontsize={FONT_SIZE:g}, fontcolor={_quoted(TEXT)}];",
        f"  edge [color={_quoted(EDGE)}, arrowsize=0.6, weight=8];",
    ]
    height = _tallest(graph)
    widths = widths_of(graph)
    for number, section in enumerate(graph.sections):
        for place, (store, members) in enumerate(clusters_of(section)):
            if store is None:
                out += [f"  {_node(node, widths)}" for node in members]
                continue
            out += [
                f"  subgraph cluster_{number}_{place} {{",
                f"    graph [label={_quoted(cluster_title(store))}, labelloc=t, style=rounded, "
                f"color={_quoted(CLUSTER)}];",
                *(f"    {_node(node, widths)}" for node in reversed(members)),
                "  }",
            ]
    out += [f"  {_barrier(node, height)}" for node in graph.nodes if node.is_barrier]
    out += [f"  {edge}" for edge in _edges(graph)]
    return "\n".join((*out, "}", ""))


def _tallest(graph: PlanGraph) -> float:
    """About how high the picture will be: a barrier reaches from its top to its bottom."""
    most = HEIGHT * 2
    for section in graph.sections:
        rows = 0.0
        for store, members in clusters_of(section):
            ranks = [node.rank for node in members]
            row = max(map(ranks.count, set(ranks)))
            rows += row * (HEIGHT + _GAP) + (_FRAME if store is not None else 0)
        most = max(most, rows)
    return most


def _node(node: Node, widths: dict[str, float]) -> str:
    style = style_of(node)
    return _line(
        node.id,
        label="\n".join(lines_of(node)),
        tooltip=tooltip_of(node),
        width=_inches(widths[node.id]),
        color=style.line,
        fillcolor=style.fill,
    )


def _barrier(node: Node, height: float) -> str:
    (name,) = lines_of(node)
    style = style_of(node)
    return _line(
        node.id,
        label=name,
        tooltip=tooltip_of(node),
        width=_inches(max(BARRIER, text_width(name) + 8)),
        height=_inches(height),
        style="filled",
        color=style.line,
        fillcolor=style.fill,
    )


def _edges(graph: PlanGraph) -> list[str]:
    """Edges; those at barriers only keep the order, for a barrier says itself what waits for it."""
    barriers = {node.id for node in graph.nodes if node.is_barrier}
    fans = fans_of(graph)
    arriving = Counter(head for _, head in graph.edges)
    out: list[str] = []
    for tail, head in graph.edges:
        if head in barriers:
            # Graphviz puts the barrier amid what comes before: many rows count for more.
            out.append(f"{tail} -> {head} [style=invis, weight={max(arriving[tail], 1)}];")
        elif tail in barriers:
            out.append(f"{tail} -> {head} [style=invis, weight=0];")
        elif (tail, head) in fans:
            out.append(f"{tail} -> {head} [color={_quoted(FAN)}, weight=1];")
        else:
            out.append(f"{tail} -> {head};")
    return out


def _line(name: str, **attributes: str) -> str:
    given = ", ".join(f"{key}={_quoted(value)}" for key, value in attributes.items())
    return f"{name} [{given}];"


def _quoted(text: str) -> str:
    """A text as a quoted string, in which graphviz would else read escapes and HTML's entities."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{escaped}"'.replace("\n", "\\n")


def _inches(points: float) -> str:
    return f"{points / _POINTS:.3f}"

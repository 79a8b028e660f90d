"""A plan in, its picture out: as text for graphviz, or drawn with whatever is installed here."""

from __future__ import annotations

from ..compiler.graph import PlanGraph, graph_of
from ..compiler.plan import Plan
from .exits import Failure
from .views.graph.layout import Layout

FORMATS = ("dot", "svg")
SUFFIXES = {".dot": "dot", ".gv": "dot", ".svg": "svg"}


def draw(plan: Plan, form: str) -> str:
    """The plan's graph in one of `FORMATS`.

    Raises:
        Failure: if nothing that could lay it out is installed, or it does not work.
    """
    graph = graph_of(plan)
    if form == "dot":
        from .views.graph import dot

        return dot.render(graph)
    from .views.graph import svg
    from .views.plan_text import summary

    return svg.render(graph, _layout(graph), summary(plan))


def _layout(graph: PlanGraph) -> Layout:
    from .views.graph import graphviz, sugiyama

    if not graph.nodes:
        return Layout({}, {})
    path = graphviz.program()
    if path is not None:
        try:
            return graphviz.place(graph, path)
        except graphviz.DotFailed as error:
            raise Failure(
                f"{path} did not lay the graph out: {error}",
                "write it with `--format dot`, and see what `dot -Tsvg` says of it",
            ) from None
    try:
        return sugiyama.place(graph)
    except ImportError:
        raise Failure(
            "nothing here can lay a graph out: neither graphviz nor igraph is installed",
            "`apt install graphviz` or `pip install 'csc-cos[graph]'`; "
            "`--format dot` needs neither",
        ) from None

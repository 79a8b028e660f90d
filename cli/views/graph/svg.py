"""A plan's graph and the places of its nodes in, an SVG picture out. The same places give the same bytes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ....compiler.graph import Node, PlanGraph
from .edges import lines_of as edge_lines
from .edges import number
from .labels import (
    BARRIER,
    CLUSTER,
    EDGE,
    FONT,
    FONT_SIZE,
    HEIGHT,
    TEXT,
    Style,
    cluster_title,
    clusters_of,
    legend_of,
    lines_of,
    style_of,
    text_width,
    tooltip_of,
    widths_of,
)
from .layout import ARROW, Layout, Point

_MARGIN = 14.0
_FRAME = 8.0  # from a cluster's nodes to its frame
_TITLE = 16.0  # above them, for its name
_LINE = 13.0
_LEGEND = 22.0
_SHADE = "#f6f8fa"

Box = tuple[float, float, float, float]  # left, top, right, bottom


def render(graph: PlanGraph, layout: Layout, summary: str) -> str:
    """The whole document; `summary` says in a line what the plan does."""
    if not graph.nodes:
        return _document(_nothing(summary))
    widths = widths_of(graph)
    boxes = {n.id: _box(layout.nodes[n.id], widths[n.id]) for n in graph.nodes if not n.is_barrier}
    clusters = _clusters(graph, boxes)
    left, top, right, bottom = _hull([*boxes.values(), *(box for _, box in clusters)])
    for node in graph.nodes:
        if node.is_barrier:
            x = layout.nodes[node.id][0]
            left, right = min(left, x - BARRIER / 2), max(right, x + BARRIER / 2)
            bottom = max(bottom, top + 70)
    legend = legend_of(graph)
    right = max(right, left + sum(text_width(text) + 24 for _, text in legend))
    lanes = (top, bottom)
    bottom += _LEGEND if legend else 0
    svg = _root(left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN, summary)
    for _, box in clusters:
        _rect(svg, box, stroke=CLUSTER, fill=_SHADE, rx="6")
    edges = ET.SubElement(svg, "g", {"class": "edges", "fill": "none", "stroke": EDGE})
    for line in edge_lines(graph, layout, widths):
        ET.SubElement(edges, "path", {"d": line, "marker-end": "url(#arrow)"})
    for store, (left_end, upper_end, *_) in clusters:
        halo = {"paint-order": "stroke", "stroke": _SHADE, "stroke-width": "4"}
        _text(svg, cluster_title(store), left_end + _FRAME, upper_end + _LINE, **halo)
    for node in graph.nodes:
        if node.is_barrier:
            _draw_barrier(svg, node, layout.nodes[node.id][0], *lanes)
        else:
            _draw_node(svg, node, boxes[node.id])
    if legend:
        _draw_legend(svg, legend, left, bottom)
    return _document(svg)


def _document(svg: ET.Element) -> str:
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _nothing(summary: str) -> ET.Element:
    svg = _root(-_MARGIN, -_MARGIN, text_width(summary) + _MARGIN, _LINE + _MARGIN, summary)
    _text(svg, summary, 0, _LINE - 2)
    return svg


def _root(left: float, top: float, right: float, bottom: float, summary: str) -> ET.Element:
    width, height = number(right - left), number(bottom - top)
    svg = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": width,
            "height": height,
            "viewBox": f"{number(left)} {number(top)} {width} {height}",
            "role": "img",
            "font-family": FONT,
            "font-size": number(FONT_SIZE),
            "fill": TEXT,
        },
    )
    ET.SubElement(svg, "title").text = summary
    marker = ET.SubElement(
        ET.SubElement(svg, "defs"),
        "marker",
        {
            "id": "arrow",
            "orient": "auto",
            "markerUnits": "userSpaceOnUse",
            "markerWidth": number(ARROW),
            "markerHeight": number(ARROW),
            "refY": number(ARROW / 2),
        },
    )
    d = f"M0,0 L{number(ARROW)},{number(ARROW / 2)} L0,{number(ARROW)} z"
    ET.SubElement(marker, "path", {"d": d, "fill": EDGE})
    place = {"x": number(left), "y": number(top), "width": width, "height": height}
    ET.SubElement(svg, "rect", {**place, "fill": "#ffffff"})
    return svg


def _clusters(graph: PlanGraph, boxes: dict[str, Box]) -> list[tuple[str, Box]]:
    found: list[tuple[str, Box]] = []
    for section in graph.sections:
        for store, members in clusters_of(section):
            if store is not None:
                left, top, right, bottom = _hull([boxes[node.id] for node in members])
                right = max(right, left + text_width(cluster_title(store)))
                box = (left - _FRAME, top - _TITLE - _FRAME / 2, right + _FRAME, bottom + _FRAME)
                found.append((store, box))
    return found


def _box(middle: Point, width: float) -> Box:
    x, y = middle
    return (x - width / 2, y - HEIGHT / 2, x + width / 2, y + HEIGHT / 2)


def _hull(boxes: list[Box]) -> Box:
    if not boxes:
        return (0.0, 0.0, 0.0, 0.0)
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def _draw_node(svg: ET.Element, node: Node, box: Box) -> None:
    style = style_of(node)
    group = _group(svg, node, style)
    _rect(group, box, stroke=style.line, fill=style.fill, rx="4")
    # A group looks like a pile.
    if len(node.steps) > 1:
        x, y = box[2] + 3, box[3] + 3
        d = f"M{number(box[0] + 5)},{number(y)} H{number(x)} V{number(box[1] + 5)}"
        ET.SubElement(group, "path", {"d": d, "fill": "none", "stroke": style.line})
    lines = lines_of(node)
    first = (box[1] + box[3]) / 2 - (len(lines) - 1) * _LINE / 2 + FONT_SIZE * 0.36
    for place, line in enumerate(lines):
        look = {"fill": style.line, "font-weight": "bold"} if place == 0 else {}
        _text(group, line, box[0] + 9, first + place * _LINE, **look)


def _draw_barrier(svg: ET.Element, node: Node, x: float, top: float, bottom: float) -> None:
    style = style_of(node)
    group = _group(svg, node, style)
    box = (x - BARRIER / 2, top, x + BARRIER / 2, bottom)
    _rect(group, box, stroke=style.line, fill=style.fill)
    (name,) = lines_of(node)
    y = (top + bottom) / 2
    turned = {
        "text-anchor": "middle",
        "transform": f"rotate(-90 {number(x)} {number(y)})",
        "fill": style.line,
        "font-weight": "bold",
    }
    _text(group, name, x, y + FONT_SIZE * 0.36, **turned)


def _draw_legend(
    svg: ET.Element, legend: list[tuple[Style, str]], left: float, bottom: float
) -> None:
    group = ET.SubElement(svg, "g", {"class": "legend"})
    for style, text in legend:
        _rect(group, (left, bottom - 10, left + 10, bottom), stroke=style.line, fill=style.fill)
        _text(group, text, left + 16, bottom - 1)
        left += text_width(text) + 32


def _group(svg: ET.Element, node: Node, style: Style) -> ET.Element:
    group = ET.SubElement(svg, "g", {"class": f"step {style.name}", "id": node.id})
    ET.SubElement(group, "title").text = tooltip_of(node)
    return group


def _rect(parent: ET.Element, box: Box, **attributes: str) -> None:
    left, top, right, bottom = box
    place = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    ET.SubElement(parent, "rect", {**{k: number(v) for k, v in place.items()}, **attributes})


def _text(parent: ET.Element, text: str, x: float, y: float, **attributes: str) -> None:
    element = ET.SubElement(parent, "text", {"x": number(x), "y": number(y), **attributes})
    element.text = text

"""The plan as a picture: what is drawn, that it is well formed, and the same each time."""

import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from csc.cli.views.graph import dot, graphviz, labels, sugiyama, svg
from csc.cli.views.graph.labels import widths_of
from csc.cli.views.graph.layout import Layout
from csc.compiler.address import ROOT
from csc.compiler.graph import PlanGraph, graph_of
from csc.compiler.plan import Activate, Change, CmpOperation, Commit, ObjectChange, Plan, Step
from csc.grammar.ast import Span
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases, compile_case

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("*.cfg"))
SVG = "{http://www.w3.org/2000/svg}"
PROGRAM = graphviz.program()
needs_graphviz = pytest.mark.skipif(PROGRAM is None, reason="graphviz is not installed")


def graph(path: Path) -> PlanGraph:
    plan = compile_case(path).plan
    assert plan is not None
    return graph_of(plan)


def plan_of(*actions: tuple[ObjectChange | CmpOperation | Activate | Commit, tuple[str, ...]]):
    steps = [
        Step(f"s{number}", action, needs, Span("a.cfg", number, 1, 1), "why")
        for number, (action, needs) in enumerate(actions, 1)
    ]
    return Plan(tuple(steps), (), "", "", "")


def added(name: str, type_name: str = "IPAddress") -> ObjectChange:
    return ObjectChange(Change.ADD, ROOT.child(type_name, name), None, {})


def drawn(document: str) -> list[ET.Element]:
    """The nodes of a picture."""
    groups = ET.fromstring(document).iter(f"{SVG}g")
    return [group for group in groups if group.get("class", "").startswith("step")]


def check_picture(shown: PlanGraph, layout: Layout) -> None:
    """Well-formed, a node for each step or group, none upon another, each with a tooltip; twice the same."""
    document = svg.render(shown, layout, "summary")
    assert document == svg.render(shown, layout, "summary")
    nodes = drawn(document)
    assert [node.get("id") for node in nodes] == [node.id for node in shown.nodes]
    assert all(node.findtext(f"{SVG}title") for node in nodes)
    for node in nodes:
        if node.get("class") != "step barrier":
            _inside(node)
    widths = widths_of(shown)
    boxes = [
        (x - widths[n.id] / 2, y - 17, x + widths[n.id] / 2, y + 17)
        for n in shown.nodes
        if not n.is_barrier
        for x, y in [layout.nodes[n.id]]
    ]
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3]
            assert apart or other[1] >= one[3]
    for section, barrier in enumerate(n for n in shown.nodes if n.is_barrier):
        x = layout.nodes[barrier.id][0]
        for node in shown.nodes:
            if not node.is_barrier:
                assert (layout.nodes[node.id][0] < x) == (node.section <= section)


def _inside(node: ET.Element) -> None:
    """No text of the node runs out of its box."""
    box = node.find(f"{SVG}rect")
    assert box is not None
    right = float(box.get("x", "")) + float(box.get("width", ""))
    for text in node.iter(f"{SVG}text"):
        assert float(text.get("x", "")) + len(text.text or "") * 6.6 <= right


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_dot(path: Path) -> None:
    """The text for graphviz stands beside the script; CSC_REGENERATE=1 writes it."""
    text = dot.render(graph(path))
    assert text == dot.render(graph(path))
    expected = path.with_suffix(".dot")
    if os.environ.get("CSC_REGENERATE"):
        expected.write_text(text, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == text


def test_every_expectation_has_its_script() -> None:
    assert {p.with_suffix(".cfg") for p in HERE.glob("*.dot")} == set(SCRIPTS)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_picture_by_igraph(path: Path) -> None:
    shown = graph(path)
    layout = sugiyama.place(shown)
    assert layout == sugiyama.place(shown)
    check_picture(shown, layout)


@needs_graphviz
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_picture_by_graphviz(path: Path) -> None:
    assert PROGRAM is not None
    shown = graph(path)
    layout = graphviz.place(shown, PROGRAM)
    assert layout == graphviz.place(shown, PROGRAM)
    check_picture(shown, layout)


@needs_graphviz
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_graphviz_takes_the_text_as_it_is_meant(path: Path) -> None:
    """Without a word of complaint, and with the same labels in its own picture."""
    assert PROGRAM is not None
    text = dot.render(graph(path))
    done = subprocess.run([PROGRAM, "-Tsvg"], input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    nodes = [g for g in ET.fromstring(done.stdout).iter(f"{SVG}g") if g.get("class") == "node"]
    assert len(nodes) == len(graph(path).nodes)
    if path.stem == "odd-names":
        texts = ["".join(node.itertext()) for node in nodes]
        assert any('a "b" & <c> \\N' in label for label in texts)


def test_pictures_of_all_cases() -> None:
    for path in all_cases():
        plan = compile_case(path).plan
        if plan is not None and plan.steps:
            shown = graph_of(plan)
            assert sum(len(node.steps) for node in shown.nodes) == len(plan.steps)
            check_picture(shown, sugiyama.place(shown))


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(st.lists(NAMES, min_size=1, max_size=5), NAMES)
def test_names_of_any_kind(names: list[str], store: str) -> None:
    """Whatever a name holds: the picture is well-formed, and the text for graphviz keeps its shape."""
    changes = [(added(name, type_name), ()) for name in names for type_name in (name, "IPAddress")]
    inside = ROOT.child("CertificateStore", store).child("Certificate", store)
    changes.append((ObjectChange(Change.DELETE, inside, {}, None), ("s1",)))
    shown = graph_of(plan_of(*changes))
    check_names(shown)


def check_names(shown: PlanGraph) -> None:
    document = svg.render(shown, sugiyama.place(shown), "summary")
    assert len(drawn(document)) == len(shown.nodes)
    text = dot.render(shown)
    assert all(c.isprintable() or c == "\n" for c in text)
    for line in text.splitlines():
        # Quotes are closed on each line, and nothing follows what is quoted but what was written.
        outside = _without_quoted(line)
        assert '"' not in outside
        assert outside.count("[") == outside.count("]")


def _without_quoted(line: str) -> str:
    out, quoted, escaped = "", False, False
    for character in line:
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            out += character
    assert not quoted
    return out


@needs_graphviz
def test_graphviz_reads_odd_names() -> None:
    assert PROGRAM is not None
    names = [
        '"',
        "\\",
        "\\n",
        "&amp;",
        "<b>",
        "a\0b",
        "a\nb",
        "]",
        "é" * 50,
        "\N{ZERO WIDTH SPACE}",
    ]
    shown = graph_of(plan_of(*((added(name), ()) for name in names * 3)))
    check_picture(shown, graphviz.place(shown, PROGRAM))
    shown = graph_of(plan_of(*((added(name, name), ()) for name in names)))
    check_picture(shown, graphviz.place(shown, PROGRAM))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans with dependencies as the compiler makes them: nothing reaches over a barrier."""
    actions: list[tuple[ObjectChange | Activate | Commit, tuple[str, ...]]] = []
    barrier, since = (), []
    for number in range(1, draw(st.integers(1, 60)) + 1):
        if draw(st.integers(0, 9)) == 0:
            actions.append((Activate(), tuple(since) or barrier))
            barrier, since = (f"s{number}",), []
        else:
            kind = draw(st.sampled_from(("IPAddress", "Route")))
            needs = draw(st.lists(st.sampled_from(since), max_size=3, unique=True)) if since else ()
            actions.append((added(f"n{number}", kind), tuple(needs) or barrier))
            since.append(f"s{number}")
    return plan_of(*actions)


@given(plans())
def test_graph_keeps_the_order(plan: Plan) -> None:
    """What waits for what in the plan does so in the graph, and no edge follows from others."""
    shown = graph_of(plan)
    node_of = {step.id: node.id for node in shown.nodes for step in node.steps}
    assert set(node_of) == {step.id for step in plan.steps}
    after: dict[str, set[str]] = {node.id: set() for node in shown.nodes}
    for tail, head in shown.edges:
        after[tail].add(head)

    def reached(start: str, skipped: tuple[str, str] | None = None) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            node = todo.pop()
            for head in after[node]:
                if (node, head) != skipped and head not in seen:
                    seen.add(head)
                    todo.append(head)
        return seen

    for step in plan.steps:
        for needed in step.depends_on:
            assert node_of[step.id] in reached(node_of[needed])
    for tail, head in shown.edges:
        assert head not in reached(tail, (tail, head))
        assert tail not in reached(tail)
    check_picture(shown, sugiyama.place(shown))


def test_many_objects_are_few_nodes() -> None:
    """500 objects in folders of their own: still a picture to take in."""
    actions = []
    for number in range(250):
        folder = ROOT.child("AddressFolder", f"f{number}")
        actions.append((ObjectChange(Change.ADD, folder, None, {}), ()))
        actions.append(
            (
                ObjectChange(Change.ADD, folder.child("IPAddress", "a"), None, {}),
                (f"s{len(actions)}",),
            )
        )
    shown = graph_of(plan_of(*actions))
    assert len(shown.nodes) == 2
    assert shown.edges == (("s1", "s2"),)


def test_colours_have_contrast() -> None:
    """WCAG 2: 4.5 for the small bold line, 7 for text, 3 for what is only a line."""
    styles = [labels.style_of(node) for path in SCRIPTS for node in graph(path).nodes]
    assert len(set(styles)) == 5
    assert len({style.symbol for style in styles}) == 5
    for style in styles:
        assert contrast(style.line, style.fill) >= 4.5
        assert contrast(labels.TEXT, style.fill) >= 12
    for line in (labels.EDGE, labels.FAN, labels.CLUSTER):
        assert contrast(line, "#ffffff") >= 3


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, (colour[1:3], colour[3:5], colour[5:7]))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

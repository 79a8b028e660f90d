"""A plan's graph in, places by graphviz' `dot` program out."""

from __future__ import annotations

import shutil
import subprocess

from ....compiler.graph import PlanGraph
from . import dot
from .layout import Layout, Point

_POINTS = 72
# Far above what a plan of thousands of steps takes.
_SECONDS = 120


class DotFailed(Exception):
    """The program is there, and did not do what it was asked for."""


def program() -> str | None:
    """The path of `dot`, None if it is not installed."""
    return shutil.which("dot")


def place(graph: PlanGraph, path: str) -> Layout:
    """Lay the graph out with the `dot` at `path`.

    Raises:
        DotFailed: if it fails.
    """
    try:
        done = subprocess.run(  # noqa: S603  (a fixed program; the graph goes to its standard input)
            [path, "-Tplain", "-y"],
            input=dot.render(graph).encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        layout = _read(done.stdout.decode())
    except subprocess.TimeoutExpired:
        raise DotFailed(f"it was not done after {_SECONDS} seconds") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise DotFailed(said or f"it ended with code {error.returncode}") from None
    except (OSError, ValueError, IndexError) as error:
        raise DotFailed(str(error)) from None
    missing = {node.id for node in graph.nodes} - set(layout.nodes)
    if missing:
        raise DotFailed(f"it left out {', '.join(sorted(missing))}")
    return layout


def _read(plain: str) -> Layout:
    """What the format `plain` says: a line for each node and edge, lengths in inches."""
    nodes: dict[str, Point] = {}
    edges: dict[tuple[str, str], tuple[Point, ...]] = {}
    for line in plain.splitlines():
        words = line.split(" ")
        if words[0] == "node":
            nodes[words[1]] = _point(words[2:4])
        elif words[0] == "edge":
            end = 4 + 2 * int(words[3])
            edges[words[1], words[2]] = tuple(_point(words[i : i + 2]) for i in range(4, end, 2))
    return Layout(nodes, edges)


def _point(words: list[str]) -> Point:
    return float(words[0]) * _POINTS, float(words[1]) * _POINTS

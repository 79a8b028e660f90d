"""Small graphs in, igraph's coordinates out, by a process of its own: its layout crashes at times.

Run as a module it is that process: graphs as JSON on standard input, coordinates on standard output.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

_TRIES = 3
_SECONDS = 120
_MISSING = 3


class Band(NamedTuple):
    """Nodes by number, the edges between them, and the layer of each."""

    size: int
    edges: Sequence[tuple[int, int]]
    layers: Sequence[int]


def coordinates(bands: Sequence[Band]) -> list[list[tuple[float, float]]]:
    """Place and layer of each node of each band.

    If igraph crashes again and again, the nodes of a layer stand in their order.

    Raises:
        ImportError: if igraph is not installed.
    """
    for _ in range(_TRIES):
        try:
            done = subprocess.run(  # noqa: S603  (nothing but numbers goes in)
                [sys.executable, "-m", __name__],
                input=json.dumps(bands),
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=True,
            )
        except subprocess.SubprocessError as error:
            if isinstance(error, subprocess.CalledProcessError) and error.returncode == _MISSING:
                raise ImportError("igraph") from None
            continue
        return json.loads(done.stdout)
    return [_in_order(band) for band in bands]


def _in_order(band: Band) -> list[tuple[float, float]]:
    used: dict[int, int] = {}
    placed: list[tuple[float, float]] = []
    for layer in band.layers:
        placed.append((float(used.get(layer, 0)), float(layer)))
        used[layer] = used.get(layer, 0) + 1
    return placed


def _lay_out(size: int, edges: list[list[int]], layers: list[int]) -> list[list[float]]:
    import igraph  # pyright: ignore[reportMissingTypeStubs]

    library: Any = igraph
    return library.Graph(size, edges, directed=True).layout_sugiyama(layers=layers).coords


if __name__ == "__main__":
    try:
        # igraph may add nodes of its own, behind ours.
        json.dump([_lay_out(*band)[: band[0]] for band in json.load(sys.stdin)], sys.stdout)
    except ImportError:
        sys.exit(_MISSING)

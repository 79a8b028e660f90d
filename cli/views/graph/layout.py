"""Where the nodes of a picture are, whoever placed them. Points; x to the right, y downwards."""

from __future__ import annotations

from collections.abc import Mapping

from ....grammar.frozen import frozen

Point = tuple[float, float]

ARROW = 6.0  # an edge ends this far before its node, for its head


@frozen
class Layout:
    """Middles of nodes by id. `edges`: Bézier curves, as a start and three points for each bend.

    What has no curve here is drawn the plain way.
    """

    nodes: Mapping[str, Point]
    edges: Mapping[tuple[str, str], tuple[Point, ...]]

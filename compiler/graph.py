"""A plan in; what there is to draw of it out: nodes, the edges that say something, and where barriers cut.

Many changes that are alike are one node, so that a plan of 500 steps can be taken in. Nothing here knows of
shapes, colours or formats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..grammar.frozen import frozen
from .plan import Activate, CmpOperation, Commit, ObjectChange, Plan, Step

# More changes of one type in one container than this are one node.
_ALIKE = 8
# If there are still more changes than this, those of one type are one node wherever they lie.
_READABLE = 100

_Key = tuple[object, ...]


@frozen
class Node:
    """A step, or changes that are alike and do not depend on each other.

    `section` counts the barriers before it, `rank` is its place between two barriers, from 0: what waits for
    it has a higher one. `store` is the name of the CertificateStore that it is about, if it is about one.
    """

    steps: tuple[Step, ...]
    section: int
    rank: int
    store: str | None

    @property
    def id(self) -> str:
        """The id of its first step."""
        return self.steps[0].id

    @property
    def is_barrier(self) -> bool:
        """Whether all before it comes before, and all behind it after."""
        return isinstance(self.steps[0].action, Activate | Commit)


@frozen
class PlanGraph:
    """`edges` are pairs of node ids, what is done first in front; none that follows from others."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def sections(self) -> tuple[tuple[Node, ...], ...]:
        """What stands between the barriers."""
        last = max((node.section for node in self.nodes), default=0)
        return tuple(
            tuple(n for n in self.nodes if n.section == number and not n.is_barrier)
            for number in range(last + 1)
        )


def graph_of(plan: Plan) -> PlanGraph:
    """The graph of a plan."""
    places = _places(plan.steps)
    groups = _groups(plan.steps, places, _container)
    if sum(isinstance(group[0].action, ObjectChange) for group in groups) > _READABLE:
        groups = _groups(plan.steps, places, _container_type)
    nodes = tuple(Node(tuple(group), *places[group[0].id], _store_of(group)) for group in groups)
    node_of = {step.id: node.id for node in nodes for step in node.steps}
    needs = {
        node.id: {node_of[d] for step in node.steps for d in step.depends_on} for node in nodes
    }
    return PlanGraph(nodes, _reduced([node.id for node in nodes], needs))


def _places(steps: Sequence[Step]) -> dict[str, tuple[int, int]]:
    """Section and rank of each step: as late as what waits for it allows, so that edges are short."""
    section_of: dict[str, int] = {}
    section = 0
    for step in steps:
        section_of[step.id] = section
        section += isinstance(step.action, Activate | Commit)
    behind = {step.id: 0 for step in steps}  # the longest way to the next barrier
    for step in reversed(steps):
        if isinstance(step.action, Activate | Commit):
            continue
        for needed in step.depends_on:
            if section_of[needed] == section_of[step.id]:
                behind[needed] = max(behind[needed], behind[step.id] + 1)
    longest: dict[int, int] = {}
    for step_id, length in behind.items():
        longest[section_of[step_id]] = max(longest.get(section_of[step_id], 0), length)
    return {
        step_id: (section_of[step_id], longest[section_of[step_id]] - length)
        for step_id, length in behind.items()
    }


def _groups(
    steps: Sequence[Step],
    places: dict[str, tuple[int, int]],
    where: Callable[[Step], object],
) -> list[list[Step]]:
    """Steps that are drawn as one node together, in the plan's order.

    Steps of one rank do not depend on each other; nor can groups of them in a circle.
    """

    def key(step: Step) -> _Key:
        if isinstance(step.action, ObjectChange):
            change = step.action
            store = _store(step)  # so that each store is drawn with what is in it
            return (places[step.id], change.change, change.address.type, where(step), store)
        return (step.id,)

    alike: dict[_Key, list[Step]] = {}
    for step in steps:
        alike.setdefault(key(step), []).append(step)
    groups: list[list[Step]] = []
    for step in steps:
        group = alike[key(step)]
        if len(group) <= _ALIKE:
            groups.append([step])
        elif group[0] is step:
            groups.append(group)
    return groups


def _container(step: Step) -> object:
    return step.action.address.parent if isinstance(step.action, ObjectChange) else None


def _container_type(step: Step) -> object:
    if not isinstance(step.action, ObjectChange):
        return None
    return tuple(type_name for type_name, _ in step.action.address.parent.segments)


def _store_of(group: Sequence[Step]) -> str | None:
    stores = {_store(step) for step in group}
    return stores.pop() if len(stores) == 1 else None


def _store(step: Step) -> str | None:
    match step.action:
        case ObjectChange(address=address) | CmpOperation(target=address):
            type_name, name = address.segments[0]
            return name if type_name == "CertificateStore" else None
        case _:
            return None


def _reduced(order: Sequence[str], needs: dict[str, set[str]]) -> tuple[tuple[str, str], ...]:
    """The edges without those that follow from others (transitive reduction).

    `order` need not be topological: groups gather steps from all over the plan.
    """
    from graphlib import TopologicalSorter

    number = {node_id: place for place, node_id in enumerate(order)}
    # What a node needs, directly or not, as a set of bits: 500 nodes are 500 integers.
    before: dict[str, int] = {}
    edges: list[tuple[str, str]] = []
    for node_id in TopologicalSorter(needs).static_order():
        direct = needs[node_id]
        implied = 0
        for needed in direct:
            implied |= before[needed]
        before[node_id] = implied
        for needed in direct:
            before[node_id] |= 1 << number[needed]
            if not implied >> number[needed] & 1:
                edges.append((needed, node_id))
    return tuple(sorted(edges, key=lambda edge: (number[edge[0]], number[edge[1]])))

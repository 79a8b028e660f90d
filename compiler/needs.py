"""A plan's steps in; for each, those without which it makes no sense, out.

More than `Step.depends_on`, which says in which order steps are done: this says which belong together,
across barriers. Two steps may need each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .address import Address
from .configuration import FileValue
from .plan import Activate, CmpOperation, Commit, ObjectChange, Step
from .schema.catalog import Catalog
from .schema.model import Naming
from .uses import is_name, uses_in


def unit_of(catalog: Catalog, address: Address) -> Address:
    """The object itself; of what is told by its place, and of what is in it, the row with a name of "".

    Whoever comes or goes moves the others in the row: either all of its steps are done or none.
    """
    for depth, (kind, name) in enumerate(address.segments):
        known = catalog.types.get(kind)
        is_placed = known.naming is Naming.INDEX if known is not None else name.isdecimal()
        if is_placed:
            return Address((*address.segments[:depth], (kind, "")))
    return address


def needs_of(steps: Sequence[Step], catalog: Catalog) -> list[set[int]]:
    """For each step the numbers of those that it needs, directly."""
    index = _index(steps, catalog)
    return [set(_needed(index, number, step)) - {number} for number, step in enumerate(steps)]


@dataclass(slots=True)
class _Index:
    """Numbers of steps, ascending: on an object or row, below a container, that make an object or end it.

    `producers`: the operation that obtains a content. `named`: the objects that steps make, by reference.
    """

    steps: Sequence[Step]
    catalog: Catalog
    on: dict[Address, list[int]] = field(default_factory=dict[Address, list[int]])
    below: dict[Address, list[int]] = field(default_factory=dict[Address, list[int]])
    made: dict[Address, list[int]] = field(default_factory=dict[Address, list[int]])
    producers: dict[str, int] = field(default_factory=dict[str, int])
    named: dict[str, dict[Address, None]] = field(default_factory=dict[str, "dict[Address, None]"])
    activates: list[int] = field(default_factory=list[int])


def _index(steps: Sequence[Step], catalog: Catalog) -> _Index:
    index = _Index(steps, catalog)
    for number, step in enumerate(steps):
        match step.action:
            case ObjectChange(address=address, before=before, after=after):
                _note(index, address, number)
                if before is None or after is None:
                    index.made.setdefault(address, []).append(number)
                    index.named.setdefault(address.reference, {})[address] = None
            case CmpOperation(target=target) as operation:
                _note(index, target, number)
                index.producers.setdefault(operation.certificate, number)
                index.producers.setdefault(operation.key, number)
            case Activate():
                index.activates.append(number)
            case Commit():
                pass
    return index


def _note(index: _Index, address: Address, number: int) -> None:
    index.on.setdefault(unit_of(index.catalog, address), []).append(number)
    for container in _containers(address):
        index.below.setdefault(container, []).append(number)


def _needed(index: _Index, number: int, step: Step) -> Iterator[int]:
    match step.action:
        case ObjectChange(address=address, after=after) as change:
            yield from _last_on(index, address, number)
            yield from _containers_made(index, address, number)
            if after is None:
                yield from _contents(index, address, number)
                return
            for value in after.values():
                if isinstance(value, FileValue) and value.content in index.producers:
                    yield index.producers[value.content]
            yield from _referred(index, change, number)
        case CmpOperation() as operation:
            server = operation.server
            signer = () if operation.signer is None else (operation.signer,)
            for address in (operation.target, server.address, server.ca, *signer):
                yield from _last_on(index, address, number)
                yield from _containers_made(index, address, number)
            contents = (
                operation.old_certificate,
                operation.old_key,
                operation.signer_certificate,
                operation.signer_key,
                server.ca_certificate,
            )
            yield from (index.producers[c] for c in contents if c in index.producers)
        case Activate() | Commit():
            return


def _last_on(index: _Index, address: Address, number: int) -> Iterator[int]:
    """The step before on the same object: it builds on what that one left."""
    yield from _last_before(index.on.get(unit_of(index.catalog, address), ()), number)


def _containers_made(index: _Index, address: Address, number: int) -> Iterator[int]:
    """The steps that made the containers, not those that only change them."""
    for container in _containers(address):
        unit = unit_of(index.catalog, container)
        made = index.on.get(unit, ()) if unit != container else index.made.get(container, ())
        yield from _last_before(made, number)


def _contents(index: _Index, container: Address, number: int) -> Iterator[int]:
    """The steps on what goes with a container, whether they stand before or behind its end."""
    on = index.on.get(unit_of(index.catalog, container), ())
    place = bisect_left(on, number)
    first = on[place - 1] if place else -1
    last = on[place + 1] if place + 1 < len(on) else len(index.steps)
    yield from (n for n in index.below.get(container, ()) if first < n < last)


def _referred(index: _Index, change: ObjectChange, number: int) -> Iterator[int]:
    """The steps that add what the object refers to, up to the next activate, which looks at that."""
    kind = index.catalog.types.get(change.address.type)
    if kind is None or change.after is None:
        return
    place = bisect_left(index.activates, number)
    end = index.activates[place] if place < len(index.activates) else len(index.steps)
    for _, reference, items in uses_in(kind, change.after):
        types = index.catalog.targets(reference)
        for item in items:
            if not is_name(reference, item):
                continue
            for target in index.named.get(item, ()):
                if target.type in types or target.type not in index.catalog.types:
                    yield from _added_before(index, target, end)


def _added_before(index: _Index, target: Address, end: int) -> Iterator[int]:
    for number in _last_before(index.made[target], end):
        action = index.steps[number].action
        if isinstance(action, ObjectChange) and action.after is not None:
            yield number


def _last_before(numbers: Sequence[int], number: int) -> Iterator[int]:
    place = bisect_left(numbers, number)
    if place:
        yield numbers[place - 1]


def _containers(address: Address) -> Iterator[Address]:
    container = address.parent
    while not container.is_root:
        yield container
        container = container.parent

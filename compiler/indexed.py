"""Objects that are told apart by their place among their siblings: routes, rules, servers.

Rules:

1. The name in such an object's address is its index, from 1, in decimal. So a configuration tells the order,
   and two are the same exactly if the order is, too.
2. Who comes or goes moves those behind: their addresses change, and with them what is known of them.
3. An `add` is of what is there already if a sibling holds all its properties (its `Name` alone, if it has
   one), and no `add` before it in this script took that sibling. So applying a script twice adds nothing.
"""

from __future__ import annotations

from collections import OrderedDict

from ..grammar.ast import Span
from .address import Address
from .candidate import LABEL
from .configuration import Properties
from .machine import Machine


def find(machine: Machine, container: Address, type_name: str, word: str) -> Address | None:
    """The object with this index or name."""
    if word.isascii() and word.isdigit():
        address = container.child(type_name, word.lstrip("0"))
        return address if address in machine.candidate else None
    labelled = machine.candidate.labelled(container, type_name, word)
    return min((a for a in labelled if a.name.isdecimal()), key=_index, default=None)


def names(machine: Machine, container: Address, type_name: str) -> list[str]:
    """What the objects may be called: their names, or else their indices."""
    return [
        str(machine.candidate[address].get(LABEL) or address.name)
        for address in siblings(machine, container, type_name)
    ]


def siblings(machine: Machine, container: Address, type_name: str) -> list[Address]:
    """The objects of one type in a container, in order."""
    found = machine.candidate.names(container, type_name)
    return [
        container.child(type_name, name)
        for name in sorted((name for name in found if name.isdecimal()), key=int)
    ]


def next_after_all(machine: Machine, container: Address, type_name: str) -> Address:
    """The address of an object that comes behind its siblings."""
    there = machine.candidate.names(container, type_name)
    place = len(there) + 1
    # Objects of a type that nobody has told of may have numbers for names.
    while str(place) in there:
        place += 1
    return container.child(type_name, str(place))


def find_added(
    machine: Machine, container: Address, type_name: str, given: Properties
) -> Address | None:
    """The object that an `add` of `given` is of, if it is there already; it is taken then."""
    free = machine.free.get((container, type_name))
    if free is None:
        there = siblings(machine, container, type_name)
        free = OrderedDict.fromkeys(a for a in there if a not in machine.taken)
        machine.free[container, type_name] = free
    if LABEL in given:
        labelled = machine.candidate.labelled(container, type_name, given[LABEL])
        found = min((a for a in labelled if a in free), key=_index, default=None)
    else:
        found = next((a for a in free if _holds(machine.candidate[a], given)), None)
    if found is not None:
        machine.taken.add(found)
        del free[found]
    return found


def _holds(held: Properties, given: Properties) -> bool:
    return all(held.get(name) == value for name, value in given.items())


def insert(
    machine: Machine,
    container: Address,
    type_name: str,
    properties: Properties,
    index: int | None,
    span: Span,
) -> Address:
    """Give the candidate a new object at `index`, or as the last; its address."""
    address = next_after_all(machine, container, type_name)
    if index is not None and index < _index(address):
        there = siblings(machine, container, type_name)
        address = container.child(type_name, str(index))
        behind = [a for a in there if _index(a) >= index]
        machine.move({a: container.child(type_name, str(_index(a) + 1)) for a in behind}, span)
    machine.put(address, properties, span)
    machine.taken.add(address)
    return address


def close_gap(machine: Machine, gone: Address, span: Span) -> None:
    """Move those behind an object that was removed one place up."""
    behind = [
        address
        for address in siblings(machine, gone.parent, gone.type)
        if _index(address) > _index(gone)
    ]
    machine.taken.discard(gone)
    machine.move(
        {a: gone.parent.child(gone.type, str(_index(a) - 1)) for a in behind},
        span,
    )


def _index(address: Address) -> int:
    return int(address.name)

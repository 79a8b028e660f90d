"""Objects that are told apart by their place among their siblings: routes, rules, servers.

Rules:

1. The name in such an object's address is its index, from 1, in decimal. So a configuration tells the order,
   and two are the same exactly if the order is, too.
2. Who comes or goes moves those behind: their addresses change, and with them what is known of them.
3. An `add` is of what is there already if a sibling holds all its properties (its `Name` alone, if it has
   one), and no `add` before it in this script took that sibling. So applying a script twice adds nothing.
"""

from __future__ import annotations

from ..grammar.ast import Span
from .address import Address
from .configuration import Properties
from .machine import Machine

NAME = "Name"


def siblings(machine: Machine, container: Address, type_name: str) -> list[Address]:
    """The objects of one type in a container, in order."""
    found = [name for name in machine.names(container, type_name) if name.isdecimal()]
    return [container.child(type_name, name) for name in sorted(found, key=int)]


def find(machine: Machine, container: Address, type_name: str, word: str) -> Address | None:
    """The object with this index or name."""
    there = siblings(machine, container, type_name)
    if word.isascii() and word.isdigit():
        index = int(word)
        return there[index - 1] if 1 <= index <= len(there) else None
    return next((a for a in there if machine.candidate[a].get(NAME) == word), None)


def names(machine: Machine, container: Address, type_name: str) -> list[str]:
    """What the objects may be called: their names, or else their indices."""
    return [
        str(machine.candidate[a].get(NAME) or a.name)
        for a in siblings(machine, container, type_name)
    ]


def find_added(
    machine: Machine, container: Address, type_name: str, given: Properties
) -> Address | None:
    """The object that an `add` of `given` is of, if it is there already; it is taken then."""
    identity = {NAME: given[NAME]} if NAME in given else given
    for address in siblings(machine, container, type_name):
        held = machine.candidate[address]
        if address not in machine.taken and all(held.get(k) == v for k, v in identity.items()):
            machine.taken.add(address)
            return address
    return None


def insert(
    machine: Machine,
    container: Address,
    type_name: str,
    properties: Properties,
    index: int | None,
    span: Span,
) -> Address:
    """Give the candidate a new object at `index`, or as the last; its address."""
    count = len(siblings(machine, container, type_name))
    place = min(index or count + 1, count + 1)
    moves = {
        container.child(type_name, str(n)): container.child(type_name, str(n + 1))
        for n in range(count, place - 1, -1)
    }
    machine.move(moves, span)
    address = container.child(type_name, str(place))
    machine.put(address, properties, span)
    machine.taken.add(address)
    return address


def close_gap(machine: Machine, gone: Address, span: Span) -> None:
    """Move those behind an object that was removed one place up."""
    there = siblings(machine, gone.parent, gone.type)
    moves = {
        address: gone.parent.child(gone.type, str(_index(address) - 1))
        for address in there
        if _index(address) > _index(gone)
    }
    machine.move(moves, span)


def _index(address: Address) -> int:
    return int(address.name)

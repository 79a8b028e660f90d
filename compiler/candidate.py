"""The configuration that is being edited, and who is in it by container, by name and by reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import TypeVar, overload

from .address import Address
from .configuration import Configuration, Properties, Value
from .suggest import Names

# What people call an object that is told by its place.
LABEL = "Name"
# Where a search over all containers of a type ends: it only serves a hint.
_MOST_CONTAINERS = 100

_Default = TypeVar("_Default")


class Candidate(Mapping[Address, Properties]):
    """Objects by address, in the order in which they came.

    Whatever the analysis asks takes time by what it finds, not by how large the configuration is: a script
    of a million commands is checked in a million steps.
    """

    __slots__ = ("_by_label", "_by_name", "_by_reference", "_inside", "_objects", "_of_type")

    def __init__(self, objects: Configuration) -> None:
        self._objects: dict[Address, Properties] = {}
        self._inside: dict[Address, dict[str, Names]] = defaultdict(lambda: defaultdict(Names))
        self._of_type: dict[str, Names] = defaultdict(Names)
        self._by_name: dict[tuple[str, str], dict[Address, None]] = defaultdict(dict)
        self._by_label: dict[tuple[Address, str, Value], dict[Address, None]] = defaultdict(dict)
        self._by_reference: dict[str, dict[Address, None]] = defaultdict(dict)
        for address, properties in objects.items():
            self.put(address, properties)

    def __getitem__(self, address: Address) -> Properties:
        return self._objects[address]

    def __iter__(self) -> Iterator[Address]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, address: object) -> bool:
        return address in self._objects

    @overload
    def get(self, key: Address, default: None = None, /) -> Properties | None: ...
    @overload
    def get(self, key: Address, default: Properties, /) -> Properties: ...
    @overload
    def get(self, key: Address, default: _Default, /) -> Properties | _Default: ...
    def get(self, key: Address, default: object = None, /) -> object:
        """The object's properties."""
        return self._objects.get(key, default)

    def put(self, address: Address, properties: Properties) -> None:
        """Add an object, or give it other properties."""
        if address not in self._objects:
            kind, name = address.segments[-1]
            reference = address.reference
            self._inside[address.parent][kind].add(name)
            self._of_type[kind].add(reference)
            self._by_name[kind, name][address] = None
            self._by_reference[reference][address] = None
        else:
            self._forget_label(address)
        self._objects[address] = properties
        if LABEL in properties:
            label = (address.parent, address.type, properties[LABEL])
            self._by_label[label][address] = None

    def remove(self, address: Address) -> Properties:
        """Take an object out, not what is in it; its properties."""
        kind, name = address.segments[-1]
        reference = address.reference
        inside = self._inside[address.parent]
        inside[kind].discard(name)
        if not inside[kind]:
            del inside[kind]
        self._forget_label(address)
        namesakes = self._by_reference[reference]
        del self._by_name[kind, name][address], namesakes[address]
        # Two containers of unlike type may have a name in common, and so two objects a reference.
        if not any(other.type == kind for other in namesakes):
            self._of_type[kind].discard(reference)
        return self._objects.pop(address)

    def _forget_label(self, address: Address) -> None:
        label = self._objects[address].get(LABEL)
        if label is not None:
            del self._by_label[address.parent, address.type, label][address]

    def names(self, container: Address, kind: str) -> Names:
        """The names of the objects of one type in one container."""
        return self._inside.get(container, {}).get(kind) or Names()

    def below(self, container: Address) -> list[Address]:
        """Everything in a container and in the containers in it, outer ones first."""
        found: list[Address] = []
        waiting = [container]
        while waiting:
            parent = waiting.pop()
            inside = self._inside.get(parent, {})
            children = [
                parent.child(kind, name) for kind, names in inside.items() for name in names
            ]
            found += children
            waiting += children
        return found

    def references(self, kind: str) -> Names:
        """How the objects of one type are referred to, wherever they are."""
        return self._of_type.get(kind) or Names()

    def called(self, kind: str, name: str) -> Collection[Address]:
        """The objects of one type with one name, wherever they are."""
        return self._by_name.get((kind, name), {}).keys()

    def labelled(self, container: Address, kind: str, label: Value) -> Collection[Address]:
        """The objects of one type in one container that have a property `Name` of this value."""
        return self._by_label.get((container, kind, label), {}).keys()

    def referred(self, reference: str) -> Collection[Address]:
        """The objects, of any type, that a reference may mean."""
        return self._by_reference.get(reference, {}).keys()

    def some_of(self, kind: str) -> list[Address]:
        """Objects of one type; of very many only some, as for a hint."""
        references = islice(self.references(kind), _MOST_CONTAINERS)
        return [a for text in references for a in self.referred(text) if a.type == kind]

"""Every object type that a script is compiled against, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from ...grammar.frozen import frozen
from . import (
    addresses,
    interfaces,
    logging,
    pki,
    routing,
    rule_sets,
    services,
    settings,
    users,
    vpn,
)
from .model import Kind, ListOf, ObjectType, Reference

_FAMILIES = (
    pki,
    vpn,
    addresses,
    interfaces,
    routing,
    rule_sets,
    services,
    users,
    logging,
    settings,
)


@frozen
class Catalog:
    """Object types by name. `categories` are the names that may stand before a type."""

    types: dict[str, ObjectType]
    categories: dict[str, tuple[str, ...]] = field(init=False)
    _targets: dict[Reference, tuple[str, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict[Reference, "tuple[str, ...]"]
    )
    _containers: dict[str, tuple[str, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict[str, "tuple[str, ...]"]
    )

    def __post_init__(self) -> None:
        found: dict[str, tuple[str, ...]] = {}
        for object_type in self.types.values():
            if object_type.category is not None:
                found[object_type.category] = (
                    *found.get(object_type.category, ()),
                    object_type.name,
                )
        object.__setattr__(self, "categories", found)

    def targets(self, reference: Reference) -> tuple[str, ...]:
        """The types that a reference may name, its categories resolved."""
        known = self._targets.get(reference)
        if known is None:
            known = self._targets[reference] = tuple(
                name
                for target in reference.targets
                for name in self.categories.get(target, (target,))
            )
        return known

    def containers(self, name: str) -> tuple[str, ...]:
        """The types of the containers above a type, outermost first; none if it may stand at the root."""
        object_type = self.types.get(name)
        if object_type is None or None in object_type.parents:
            return ()
        known = self._containers.get(name)
        if known is None:
            parent = str(object_type.parents[0])
            known = self._containers[name] = (*self.containers(parent), parent)
        return known

    def referrers(self, name: str) -> list[tuple[str, str]]:
        """Type and property of everything that may refer to objects of the type `name`."""
        return [
            (object_type.name, prop.name)
            for object_type in self.types.values()
            for prop in object_type.properties
            if (reference := reference_in(prop.kind)) and name in self.targets(reference)
        ]


def reference_in(kind: Kind) -> Reference | None:
    """The reference that a kind is, or is a list of."""
    item = kind.item if isinstance(kind, ListOf) else kind
    return item if isinstance(item, Reference) else None


def catalog_of(types: Iterable[ObjectType]) -> Catalog:
    """A catalog of these types."""
    return Catalog({object_type.name: object_type for object_type in types})


BUILT_IN = catalog_of(object_type for family in _FAMILIES for object_type in family.TYPES)

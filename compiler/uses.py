"""An object's properties in; the names in them that stand for other objects, and which those are, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .address import Address
from .configuration import Configuration, Properties
from .kinds import is_literal_address
from .schema import model
from .schema.catalog import Catalog
from .schema.model import ListOf, ObjectType, Reference

# What an address property refers to where it holds no address.
ADDRESS = Reference(("Address",), is_open=True)


def uses_in(
    object_type: ObjectType, properties: Properties
) -> Iterator[tuple[str, Reference, list[str]]]:
    """Each property that may name objects, and what stands in it, piece by piece (see `is_name`)."""
    for name, value in properties.items():
        prop = object_type.property(name)
        if prop is None or not isinstance(value, str) or not value:
            continue
        kind = prop.kind.item if isinstance(prop.kind, ListOf) else prop.kind
        if isinstance(kind, Reference | model.Address):
            items = value.split(",") if isinstance(prop.kind, ListOf) else [value]
            yield name, kind if isinstance(kind, Reference) else ADDRESS, items


def is_name(reference: Reference, item: str) -> bool:
    """Whether `item` is a name: where addresses may stand, most is none."""
    return reference is not ADDRESS or not is_literal_address(item)


def by_reference(configuration: Configuration) -> Mapping[str, list[Address]]:
    """The objects by the name that a property gives them."""
    there: dict[str, list[Address]] = {}
    for address in configuration:
        there.setdefault(address.reference, []).append(address)
    return there


def named_by(
    catalog: Catalog, there: Mapping[str, list[Address]], reference: Reference, text: str
) -> Address | None:
    """The object that `text` names, None if there is none of a type that serves. `there`: by name."""
    types = catalog.targets(reference)
    return next((address for address in there.get(text, ()) if address.type in types), None)

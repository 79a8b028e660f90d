"""Object types in; what is known of them as text for people out."""

from __future__ import annotations

from collections.abc import Sequence

from ...compiler.schema.catalog import Catalog
from ...compiler.schema.model import (
    Choice,
    DeviceFile,
    Integer,
    Kind,
    ListOf,
    Naming,
    ObjectType,
    PropertyType,
    Reference,
    Text,
)
from ...compiler.schema.toml import kind_name
from .table import columns

_NAMED = {
    Naming.NAME: "by a name",
    Naming.INDEX: "by its place, from 1, or by a property Name",
    Naming.SINGLE: "not at all: there is only one",
}

_EXTENSION = "extension"


def overview(types: Sequence[ObjectType]) -> str:
    """A line for each type."""
    rows = [
        (t.name, t.category or "", " or ".join(p or "the root" for p in t.parents)) for t in types
    ]
    return columns([("type", "category", "lives in"), *sorted(rows)])


def describe(catalog: Catalog, object_type: ObjectType) -> str:
    """All that is known of a type."""
    facts = [
        ("lives in", " or ".join(parent or "the root" for parent in object_type.parents)),
        ("is named", _NAMED[object_type.naming]),
    ]
    if object_type.category:
        facts.append(("category", object_type.category))
    if object_type.is_container:
        inside = [t.name for t in catalog.types.values() if object_type.name in t.parents]
        facts.append(("contains", ", ".join(inside) or "nothing that is known"))
    predefined = [name for name in object_type.predefined if name]
    if predefined:
        only = " and no other" if object_type.is_closed else ""
        facts.append(("every device has", ", ".join(predefined) + only))
    if object_type.has_own:
        facts.append(("a device may have", "others of its own, which no script adds"))
    referrers = [f"{name}.{prop}" for name, prop in catalog.referrers(object_type.name)]
    facts.append(("is referred to by", ", ".join(referrers) or "nothing that is known"))
    rows = [("property", "kind", "default", "")]
    rows += [_property(object_type, prop) for prop in object_type.properties]
    has_extensions = any(prop.is_extension for prop in object_type.properties)
    remark = f"\n\n{_EXTENSION}: csc's own, which no device knows" if has_extensions else ""
    return f"{object_type.name}\n{columns(facts)}\n\n{columns(rows)}{remark}"


def _property(object_type: ObjectType, prop: PropertyType) -> tuple[str, str, str, str]:
    notes: list[str] = []
    if prop.mandatory:
        notes.append("mandatory")
    if prop.is_extension:
        notes.append(_EXTENSION)
    for word, values in (("only", prop.only_with), ("mandatory", prop.mandatory_with)):
        if values:
            notes.append(f"{word} with {object_type.discriminator}={' or '.join(values)}")
    default = "" if prop.default is None else prop.default or '""'
    return prop.name, kind_text(prop.kind), default, ", ".join(notes)


def kind_text(kind: Kind) -> str:
    """A kind in a few words."""
    match kind:
        case ListOf(item, most):
            return f"list of {kind_text(item)}" + (f", at most {most}" if most else "")
        case Integer(minimum, maximum):
            return f"integer {minimum} to {maximum}"
        case Choice(values):
            return "one of " + ", ".join(values)
        case Reference(targets, demands):
            wanted = "".join(f" with {name}={value}" for name, value in demands)
            return f"reference to {' or '.join(targets)}{wanted}"
        case Text(most) if most is not None:
            return f"text of at most {most} characters"
        case DeviceFile(secret):
            return "file://NAME" + (", a private key" if secret else "")
        case _:
            return kind_name(kind).replace("-", " ")

"""Every object type that `csc` knows, by name."""

from __future__ import annotations

from . import pki
from .model import DeviceFile, ObjectType

TYPES: dict[str, ObjectType] = {t.name: t for t in pki.TYPES}


def container_types(object_type: ObjectType) -> tuple[str, ...]:
    """The types of the containers above `object_type`, outermost first."""
    above: list[str] = []
    parent = object_type.parent
    while parent is not None:
        above.insert(0, parent)
        parent = TYPES[parent].parent
    return tuple(above)


def is_secret(type_name: str, property_name: str) -> bool:
    """Whether the property holds the content of a file that nobody may see, such as a private key."""
    object_type = TYPES.get(type_name)
    kind = object_type.property(property_name) if object_type else None
    return kind is not None and kind.kind == DeviceFile(secret=True)

"""Object types in; what is known of them as a JSON document out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ...compiler.schema.catalog import Catalog
from ...compiler.schema.model import Kind, ListOf, ObjectType
from ...compiler.schema.toml import kind_name

SCHEMA = "csc/schema/1"


def document(catalog: Catalog, types: Sequence[ObjectType]) -> dict[str, Any]:
    """The types by name."""
    return {
        "schema": SCHEMA,
        "types": {object_type.name: _type(catalog, object_type) for object_type in types},
    }


def _type(catalog: Catalog, object_type: ObjectType) -> dict[str, Any]:
    return {
        "category": object_type.category,
        "parents": [parent or "root" for parent in object_type.parents],
        "naming": object_type.naming.value,
        "container": object_type.is_container,
        "discriminator": object_type.discriminator,
        "predefined": [name for name in object_type.predefined if name],
        "own": object_type.has_own,
        "referred_to_by": [
            {"type": name, "property": prop} for name, prop in catalog.referrers(object_type.name)
        ],
        "properties": {
            prop.name: {
                **_kind(prop.kind),
                "mandatory": prop.mandatory,
                "default": prop.default,
                "only_with": list(prop.only_with),
                "mandatory_with": list(prop.mandatory_with),
                "extension": prop.is_extension,
            }
            for prop in object_type.properties
        },
    }


def _kind(kind: Kind) -> dict[str, Any]:
    if isinstance(kind, ListOf):
        return {**_kind(kind.item), "list": True if kind.most is None else kind.most}
    return {"kind": kind_name(kind), **asdict(kind)}

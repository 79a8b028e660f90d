"""A user's TOML file in; the catalog with its object types added out (docs/schema.md).

A type of the file that `csc` knows already gets the file's properties besides its own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from ..suggest import did_you_mean
from .catalog import Catalog, catalog_of
from .model import (
    Address,
    Boolean,
    Choice,
    DeviceFile,
    DistinguishedName,
    Host,
    Integer,
    ItemKind,
    ListOf,
    Naming,
    ObjectType,
    Ports,
    PropertyType,
    Reference,
    SecretText,
    Text,
)

ROOT = "root"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LARGEST = 2**63 - 1

Table = Mapping[str, Any]


class SchemaError(Exception):
    """A schema file that cannot be used; the text says where and what is expected."""


def extend(catalog: Catalog, text: str) -> Catalog:
    """`catalog` with the types of a schema file.

    Raises:
        SchemaError: if the file is not TOML, or says what no schema can.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"it is not TOML: {error}") from None
    _only(document, ("types",), "")
    types = dict(catalog.types)
    tables = _tables(document, "types", "")
    for name, table in tables.items():
        _identifier(name, "types")
        types[name] = _read_type(types.get(name), name, table)
    extended = catalog_of(types.values())
    for name in tables:
        _check_names(extended, extended.types[name])
    return extended


def _read_type(known: ObjectType | None, name: str, table: Table) -> ObjectType:
    where = f"types.{name}"
    allowed = ("category", "parents", "naming", "container", "own", "discriminator", "properties")
    _only(table, allowed, where)
    if known is not None and set(table) - {"properties"}:
        extra = min(set(table) - {"properties"})
        raise SchemaError(
            f"{where}.{extra}: csc knows the type {name}; only properties can be added"
        )
    properties = tuple(
        _read_property(prop, entry, f"{where}.properties.{prop}")
        for prop, entry in _tables(table, "properties", where).items()
    )
    if known is not None:
        old = tuple(p for p in known.properties if p.name not in {n.name for n in properties})
        return replace(known, properties=(*old, *properties))
    parents = _texts(table, "parents", where) or (ROOT,)
    return ObjectType(
        name,
        properties,
        parents=tuple(None if parent == ROOT else parent for parent in parents),
        naming=Naming(_choice(table, "naming", where, tuple(Naming), Naming.NAME)),
        category=_text(table, "category", where),
        is_container=_flag(table, "container", where),
        discriminator=_text(table, "discriminator", where),
        has_own=_flag(table, "own", where),
    )


def _read_property(name: str, table: Table, where: str) -> PropertyType:
    _identifier(name, where)
    kind_name = _choice(table, "kind", where, tuple(_KINDS), None)
    own, read = _KINDS[kind_name]
    common = ("kind", "list", "mandatory", "default", "only_with", "mandatory_with")
    _only(table, (*common, *own), where)
    item = read(table, where)
    most = table.get("list", False)
    if not isinstance(most, bool | int):
        raise SchemaError(f"{where}.list: true, or the largest number of items, is expected")
    is_list = most is not False
    return PropertyType(
        name,
        ListOf(item, None if most is True else int(most)) if is_list else item,
        mandatory=_flag(table, "mandatory", where),
        default=_text(table, "default", where),
        only_with=_texts(table, "only_with", where),
        mandatory_with=_texts(table, "mandatory_with", where),
    )


def _integer(table: Table, where: str) -> ItemKind:
    lowest, highest = table.get("minimum", 0), table.get("maximum", _LARGEST)
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in (lowest, highest)):
        raise SchemaError(f"{where}: minimum and maximum are expected to be whole numbers")
    if not 0 <= lowest <= highest:
        raise SchemaError(f"{where}: 0 <= minimum <= maximum is expected")
    return Integer(lowest, highest)


def _choices(table: Table, where: str) -> ItemKind:
    values = _texts(table, "values", where)
    if not values:
        raise SchemaError(f"{where}.values: a list of the words to choose from is expected")
    return Choice(values)


def _reference(table: Table, where: str) -> ItemKind:
    targets = _texts(table, "to", where)
    if not targets:
        raise SchemaError(f"{where}.to: a list of types or categories is expected")
    return Reference(targets, is_open=_flag(table, "open", where))


def _long_text(table: Table, where: str) -> ItemKind:
    most = table.get("most")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise SchemaError(f"{where}.most: the largest number of characters is expected")
    return Text(most)


# Each kind with the keys that it has of its own.
_KINDS: Mapping[str, tuple[tuple[str, ...], Callable[[Table, str], ItemKind]]] = {
    "text": (("most",), _long_text),
    "secret": ((), lambda table, where: SecretText()),
    "integer": (("minimum", "maximum"), _integer),
    "boolean": ((), lambda table, where: Boolean()),
    "choice": (("values",), _choices),
    "host": ((), lambda table, where: Host()),
    "address": ((), lambda table, where: Address()),
    "ports": ((), lambda table, where: Ports()),
    "distinguished-name": ((), lambda table, where: DistinguishedName()),
    "file": ((), lambda table, where: DeviceFile()),
    "key-file": ((), lambda table, where: DeviceFile(secret=True)),
    "reference": (("to", "open"), _reference),
}


def kind_name(kind: ItemKind) -> str:
    """What a schema file calls a kind."""
    if isinstance(kind, DeviceFile):
        return "key-file" if kind.secret else "file"
    return {
        Text: "text",
        SecretText: "secret",
        Integer: "integer",
        Boolean: "boolean",
        Choice: "choice",
        Host: "host",
        Address: "address",
        Ports: "ports",
        DistinguishedName: "distinguished-name",
        Reference: "reference",
    }[type(kind)]


def _check_names(catalog: Catalog, object_type: ObjectType) -> None:
    """Whether the types that a new type names are there."""
    for parent in object_type.parents:
        if parent is None:
            continue
        where = f"types.{object_type.name}.parents"
        if parent not in catalog.types:
            raise SchemaError(f"{where}: there is no type {parent}{_hint(parent, catalog.types)}")
        if not catalog.types[parent].is_container:
            raise SchemaError(f"{where}: {parent} is no container")
        above: str | None = parent
        seen = {object_type.name}
        while above is not None:
            if above in seen:
                raise SchemaError(f"{where}: {object_type.name} would live in itself")
            seen.add(above)
            kind = catalog.types.get(above)
            above = kind.parents[0] if kind else None
    for prop in object_type.properties:
        item = prop.kind.item if isinstance(prop.kind, ListOf) else prop.kind
        if isinstance(item, Reference):
            for target in item.targets:
                if target not in catalog.types and target not in catalog.categories:
                    known = (*catalog.types, *catalog.categories)
                    raise SchemaError(
                        f"types.{object_type.name}.properties.{prop.name}.to: "
                        f"there is no type or category {target}{_hint(target, known)}"
                    )
    discriminator = object_type.discriminator
    if discriminator is not None and object_type.property(discriminator) is None:
        raise SchemaError(
            f"types.{object_type.name}.discriminator: the type has no property {discriminator}"
        )


# -- reading TOML ----------------------------------------------------------------------------------


def _only(table: Table, allowed: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in allowed:
            place = f"{where}.{key}" if where else key
            raise SchemaError(
                f"{place}: this key is not known{_hint(key, allowed)}; known are {', '.join(allowed)}"
            )


def _hint(word: str, known: Any) -> str:
    meant = did_you_mean(word, known)
    return f" (did you mean {meant}?)" if meant else ""


def _tables(table: Table, key: str, where: str) -> Mapping[str, Table]:
    value = table.get(key, {})
    place = f"{where}.{key}" if where else key
    if not isinstance(value, dict):
        raise SchemaError(f"{place}: a table is expected")
    entries = cast("dict[str, Any]", value)
    for name, entry in entries.items():
        if not isinstance(entry, dict):
            raise SchemaError(f"{place}.{name}: a table is expected")
    return entries


def _text(table: Table, key: str, where: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise SchemaError(f"{where}.{key}: a text is expected")
    return value


def _texts(table: Table, key: str, where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in cast("list[Any]", value)):
        raise SchemaError(f"{where}.{key}: a list of texts is expected")
    return tuple(cast("list[str]", value))


def _flag(table: Table, key: str, where: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise SchemaError(f"{where}.{key}: true or false is expected")
    return value


def _choice(
    table: Table, key: str, where: str, allowed: tuple[str, ...], default: str | None
) -> str:
    value = table.get(key, default)
    if value not in allowed:
        hint = _hint(value, allowed) if isinstance(value, str) else ""
        raise SchemaError(f"{where}.{key}: one of {', '.join(allowed)} is expected{hint}")
    return str(value)


def _identifier(name: str, where: str) -> None:
    if not _IDENTIFIER.fullmatch(name):
        raise SchemaError(f"{where}: {name!r} cannot be a name in a script")

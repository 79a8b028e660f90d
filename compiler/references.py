"""References of the candidate, checked where a device checks them: when it is activated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..grammar.ast import Span
from . import rules
from .address import Address
from .configuration import is_added
from .diagnostics import Applicability, Diagnostic, Label, finding
from .machine import Machine
from .schema.catalog import Catalog
from .schema.model import ObjectType, Reference
from .suggest import did_you_mean, is_slip
from .uses import by_reference, is_name, named_by, uses_in
from .values import replacement


@dataclass(frozen=True, slots=True)
class _Use:
    """A name in a property of the object `user`; `span` is where it stands, if in this script."""

    user: Address
    property: str
    reference: Reference
    text: str
    span: Span | None


def check_references(machine: Machine, span: Span) -> None:
    """Find what refers to nothing, or to what cannot serve. `span`: the command that activates."""
    there = by_reference(machine.candidate)
    known = frozenset(machine.reported)
    for use in _uses(machine):
        if (use.user, use.property) in known:
            continue
        found = _check(machine, there, use, span)
        if found:
            machine.report(*found)
            machine.reported.add((use.user, use.property))


def _check(
    machine: Machine, there: Mapping[str, list[Address]], use: _Use, activated: Span
) -> list[Diagnostic]:
    catalog = machine.circumstances.catalog
    types = catalog.targets(use.reference)
    named = there.get(use.text, [])
    target = named_by(catalog, there, use.reference, use.text)
    if target is not None:
        if target in machine.flawed:
            return []
        return list(_unfit(machine, use, target, activated))
    # An object of a type that nobody has told of may be anything.
    if any(a.type not in catalog.types for a in named):
        return []
    meant = [_address(catalog, name, use.text) for name in types]
    if any(machine.is_assumed(a) or machine.is_astray(a.type, a.name) for a in meant):
        return []
    if use.reference.is_open:
        return _presume(machine, there, types, use)
    return [_dangling(machine, types, use, activated)]


def target_of(catalog: Catalog, text: str, target: ObjectType) -> Address:
    """The address that a reference to `target` names: `cmp/cacert`."""
    return _address(catalog, target.name, text)


def _address(catalog: Catalog, type_name: str, text: str) -> Address:
    parts = text.split("/")
    above = catalog.containers(type_name)
    if not above and len(parts) == 2:  # what may live in a folder or without
        above = tuple(p for p in catalog.types[type_name].parents if p is not None)[:1]
    return Address(tuple(zip((*above, type_name), parts, strict=False)))


def _uses(machine: Machine) -> Iterator[_Use]:
    types = machine.circumstances.catalog.types
    for address, properties in machine.candidate.items():
        object_type = types.get(address.type)
        if object_type is None:
            continue
        for name, reference, items in uses_in(object_type, properties):
            yield from _items(machine, address, name, reference, items)


def _items(
    machine: Machine,
    user: Address,
    name: str,
    reference: Reference,
    items: list[str],
) -> Iterator[_Use]:
    origin = machine.origins.get((user, name))
    start = len(name) + 1
    is_plain = origin is not None and origin.length == start + len(",".join(items))
    for item in items:
        span = None
        if origin is not None:
            length = len(item) if is_plain else origin.length - start
            span = origin.part(start, length) if origin.length > start else origin
        if is_plain:
            start += len(item) + 1
        if is_name(reference, item):
            yield _Use(user, name, reference, item, span)


def _presume(
    machine: Machine, there: Mapping[str, list[Address]], types: tuple[str, ...], use: _Use
) -> list[Diagnostic]:
    """A name that may be one of the device's own objects; unless one slip away from a script's."""
    own = [
        name
        for name, addresses in there.items()
        for a in addresses
        if a.type in types and is_added(a, machine.candidate[a])
    ]
    meant = did_you_mean(use.text, own)
    if meant is not None and is_slip(use.text, meant) and use.span is not None:
        return [
            finding(
                rules.PROBABLY_MISSPELT,
                f"`{use.property}` of {use.user} names `{use.text}`, which no script adds",
                use.span,
                "one of the device's own?",
                help=f"did you mean `{meant}`?",
                fix=replacement(use.span, meant, Applicability.UNSAFE),
            )
        ]
    return []


def _dangling(machine: Machine, types: tuple[str, ...], use: _Use, activated: Span) -> Diagnostic:
    catalog = machine.circumstances.catalog
    target = _address(catalog, types[0], use.text)
    deleted = next(
        (
            machine.deleted[address]
            for name in types
            if (address := _address(catalog, name, use.text)) in machine.deleted
        ),
        None,
    )
    known = [a.reference for a in machine.candidate if a.type in types]
    meant = did_you_mean(use.text, known)
    if meant is not None:
        way_out = f"did you mean `{meant}`?"
    elif deleted is not None:
        way_out = f"change or delete {use.user} too"
    else:
        way_out = f"add {target} before the configuration is activated"
    here = use.span
    return finding(
        rules.DANGLING_REFERENCE,
        f"`{use.property}` of {use.user} names {target}, which does not exist",
        here or deleted or activated,
        "nothing by this name" if here or not deleted else "deleted here, and still referred to",
        secondary=(Label(deleted, "deleted here"),) if deleted and here else (),
        help=way_out,
        fix=replacement(here, meant, Applicability.UNSAFE) if meant and here else None,
    )


def _unfit(machine: Machine, use: _Use, target: Address, activated: Span) -> Iterator[Diagnostic]:
    properties = machine.candidate[target]
    for name, wanted in use.reference.demands:
        if properties.get(name) != wanted:
            there = machine.origins.get((target, name))
            yield finding(
                rules.UNFIT_REFERENCE,
                f"`{use.property}` of {use.user} needs {name}={wanted}, "
                f"and {target} has {name}={properties.get(name)}",
                use.span or activated,
                f"needs {name}={wanted}",
                secondary=(Label(there, "set here"),) if there else (),
                help=f"refer to a {target.type} with {name}={wanted}",
            )

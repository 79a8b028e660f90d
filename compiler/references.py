"""References of the candidate, checked where a device checks them: when it is activated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..grammar.ast import Span
from . import rules
from .address import Address
from .configuration import is_added
from .diagnostics import Applicability, Diagnostic, Label, finding
from .machine import Machine
from .schema.catalog import Catalog
from .schema.model import ObjectType, Reference
from .uses import is_name, uses_in
from .values import replacement


class Use(NamedTuple):
    """A name in a property of the object `user`.

    `origin` is where the property stands, if in this script, and `start` how many characters of it are before
    the name; None where quotes hide that.
    """

    user: Address
    property_name: str
    reference: Reference
    text: str
    origin: Span | None
    start: int | None

    @property
    def span(self) -> Span | None:
        """Where the name stands."""
        origin, before = self.origin, len(self.property_name) + 1
        if origin is None or origin.length <= before:
            return origin
        if self.start is None:
            return origin.part(before, origin.length - before)
        return origin.part(self.start, len(self.text))


def check_references(machine: Machine, span: Span) -> None:
    """Find what refers to nothing, or to what cannot serve. `span`: the command that activates.

    Only objects are looked at that changed since the last time, or that refer to one that did.
    """
    waiting, machine.unchecked = machine.unchecked, {}
    for address in waiting:
        wrong: set[tuple[Address, str]] = set()
        for use in uses(machine, address):
            if machine.reported and (address, use.property_name) in machine.reported:
                continue
            machine.users[use.text][address] = None
            found = _check(machine, use, span)
            if found:
                machine.report(*found)
                wrong.add((address, use.property_name))
        machine.reported |= wrong


def _check(machine: Machine, use: Use, activated: Span) -> list[Diagnostic]:
    catalog = machine.circumstances.catalog
    types = catalog.targets(use.reference)
    named = machine.candidate.referred(use.text)
    target = next((a for a in named if a.type in types), None)
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
        return _presume(machine, types, use)
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


def uses(machine: Machine, address: Address) -> Iterator[Use]:
    """The names of other objects in the properties of the candidate's object at `address`."""
    object_type = machine.circumstances.catalog.types.get(address.type)
    if object_type is None or address not in machine.candidate:
        return
    for name, reference, items in uses_in(object_type, machine.candidate[address]):
        yield from _items(machine, address, name, reference, items)


def _items(
    machine: Machine,
    user: Address,
    name: str,
    reference: Reference,
    items: list[str],
) -> Iterator[Use]:
    origin = machine.origins.get((user, name))
    start = len(name) + 1
    is_plain = origin is not None and origin.length == start + sum(map(len, items)) + len(items) - 1
    for item in items:
        if is_name(reference, item):
            yield Use(user, name, reference, item, origin, start if is_plain else None)
        start += len(item) + 1


def _presume(machine: Machine, types: tuple[str, ...], use: Use) -> list[Diagnostic]:
    """A name that may be one of the device's own objects; unless one slip away from a script's."""
    near = (machine.candidate.references(name).slip(use.text) for name in types)
    meant = next((text for text in near if text is not None and _is_added(machine, text)), None)
    if meant is not None and use.span is not None:
        return [
            finding(
                rules.PROBABLY_MISSPELT,
                f"`{use.property_name}` of {use.user} names `{use.text}`, which no script adds",
                use.span,
                "one of the device's own?",
                help=f"did you mean `{meant}`?",
                fix=replacement(use.span, meant, Applicability.UNSAFE),
            )
        ]
    return []


def _is_added(machine: Machine, reference: str) -> bool:
    return any(is_added(a, machine.candidate[a]) for a in machine.candidate.referred(reference))


def _dangling(machine: Machine, types: tuple[str, ...], use: Use, activated: Span) -> Diagnostic:
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
    known = [machine.candidate.references(name) for name in types]
    slip = next((text for names in known if (text := names.slip(use.text))), None)
    meant = slip or next((text for names in known if (text := names.nearest(use.text))), None)
    if meant is not None:
        way_out = f"did you mean `{meant}`?"
    elif deleted is not None:
        way_out = f"change or delete {use.user} too"
    else:
        way_out = f"add {target} before the configuration is activated"
    here = use.span
    return finding(
        rules.DELETED_IN_USE if deleted is not None else rules.DANGLING_REFERENCE,
        f"`{use.property_name}` of {use.user} names {target}, "
        + ("which is deleted" if deleted is not None else "which does not exist"),
        here or deleted or activated,
        "nothing by this name" if here or not deleted else "deleted here, and still referred to",
        secondary=(Label(deleted, "deleted here"),) if deleted and here else (),
        help=way_out,
        fix=replacement(here, meant, _applicability(meant == slip)) if meant and here else None,
    )


def _applicability(is_slip: bool) -> Applicability:
    """A slip of the fingers is mended without a look, mere likeness is not."""
    return Applicability.SAFE if is_slip else Applicability.UNSAFE


def _unfit(machine: Machine, use: Use, target: Address, activated: Span) -> Iterator[Diagnostic]:
    properties = machine.candidate[target]
    for name, wanted in use.reference.demands:
        if properties.get(name) != wanted:
            there = machine.origins.get((target, name))
            yield finding(
                rules.UNFIT_REFERENCE,
                f"`{use.property_name}` of {use.user} needs {name}={wanted}, "
                f"and {target} has {name}={properties.get(name)}",
                use.span or activated,
                f"needs {name}={wanted}",
                secondary=(Label(there, "set here"),) if there else (),
                help=f"refer to a {target.type} with {name}={wanted}",
            )

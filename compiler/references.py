"""References of the candidate, checked where a device checks them: when it is activated."""

from __future__ import annotations

from collections.abc import Iterator

from ..grammar.ast import Span
from . import rules
from .address import Address
from .diagnostics import Applicability, Diagnostic, Label, finding
from .machine import Machine
from .schema.catalog import TYPES, container_types
from .schema.model import ObjectType, PropertyType, Reference
from .suggest import did_you_mean
from .values import replacement


def check_references(machine: Machine, span: Span) -> None:
    """Find what refers to nothing, or to what cannot serve. `span`: the command that activates."""
    for address, kind, text in _references(machine):
        assert isinstance(kind.kind, Reference)  # noqa: S101  (what _references yields)
        if (address, kind.name) in machine.reported or address in machine.flawed:
            continue
        target = target_of(text, TYPES[kind.kind.target])
        if machine.is_assumed(target) or target in machine.flawed:
            continue
        if target not in machine.candidate:
            machine.report(_dangling(machine, address, kind, text, target, span))
        elif kind.kind.demands:
            machine.report(*_unfit(machine, address, kind, kind.kind, target, span))
        else:
            continue
        machine.reported.add((address, kind.name))


def target_of(text: str, target: ObjectType) -> Address:
    """The address that a reference to `target` names: `cmp/cacert`."""
    types = (*container_types(target), target.name)
    return Address(tuple(zip(types, text.split("/"), strict=False)))


def _references(machine: Machine) -> Iterator[tuple[Address, PropertyType, str]]:
    for address, properties in machine.candidate.items():
        object_type = TYPES.get(address.type)
        for name, value in properties.items():
            kind = object_type.property(name) if object_type else None
            if kind is not None and isinstance(kind.kind, Reference) and isinstance(value, str):
                yield address, kind, value


def _dangling(
    machine: Machine,
    address: Address,
    kind: PropertyType,
    text: str,
    target: Address,
    activated: Span,
) -> Diagnostic:
    origin = machine.origins.get((address, kind.name))
    deleted = machine.deleted.get(target)
    here = None
    if origin is not None:
        here = origin.part(len(kind.name) + 1, origin.length - len(kind.name) - 1)
    known = [a.reference for a in machine.candidate if a.type == target.type]
    meant = did_you_mean(text, known)
    if meant is not None:
        way_out = f"did you mean `{meant}`?"
    elif deleted is not None:
        way_out = f"change or delete {address} too"
    else:
        way_out = f"add {target} before the configuration is activated"
    return finding(
        rules.DANGLING_REFERENCE,
        f"`{kind.name}` of {address} names {target}, which does not exist",
        here or deleted or activated,
        "nothing by this name" if here or not deleted else "deleted here, and still referred to",
        secondary=(Label(deleted, "deleted here"),) if deleted and here else (),
        help=way_out,
        fix=replacement(here, meant, Applicability.UNSAFE) if meant and here else None,
    )


def _unfit(
    machine: Machine,
    address: Address,
    kind: PropertyType,
    reference: Reference,
    target: Address,
    activated: Span,
) -> Iterator[Diagnostic]:
    properties = machine.candidate[target]
    for name, wanted in reference.demands:
        if properties.get(name) != wanted:
            there = machine.origins.get((target, name))
            yield finding(
                rules.UNFIT_REFERENCE,
                f"`{kind.name}` of {address} needs {name}={wanted}, "
                f"and {target} has {name}={properties.get(name)}",
                machine.origins.get((address, kind.name), activated),
                f"needs {name}={wanted}",
                secondary=(Label(there, "set here"),) if there else (),
                help=f"refer to a {target.type} with {name}={wanted}",
            )

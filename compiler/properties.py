"""The properties that a command gives an object: read one by one, then checked together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..grammar.ast import Property, Span
from . import rules
from .address import Address
from .configuration import Properties, Value
from .diagnostics import Diagnostic, finding
from .machine import Machine
from .schema.model import Choice, ObjectType, PropertyType, SecretText, Text
from .secrets import is_secret_name
from .suggest import did_you_mean, is_slip
from .values import read_value, replacement


def read_properties(
    machine: Machine,
    object_type: ObjectType,
    address: Address,
    written: Mapping[str, Property],
    before: Properties,
) -> Properties:
    """The values of the properties that are right; findings for the others."""
    values: dict[str, Value] = {}
    variant = _variant(object_type, written, before)
    for name, argument in written.items():
        kind = object_type.property(name)
        if kind is None:
            kind = _unknown_kind(machine, object_type, argument)
            if kind is None:
                continue
        if kind.only_with and variant is not None and variant not in kind.only_with:
            machine.report(_unfit_property(object_type, argument, variant, kind.only_with))
            continue
        if kind.is_extension and machine.circumstances.is_strict:
            machine.report(_foreign_to_a_device(object_type, argument))
        value = read_value(machine, address, kind, argument, variant)
        if value is not None:
            values[name] = value
            machine.origins[address, name] = argument.span
    return values


def _variant(
    object_type: ObjectType, written: Mapping[str, Property], before: Properties
) -> str | None:
    """The object's Type after the command; None where it is wrong, which is a finding of its own."""
    name = object_type.discriminator
    if name is None:
        return None
    chosen = next((p for n, p in written.items() if _meant(object_type, n) == name), None)
    held = before.get(name)
    variant = chosen.value if chosen else held if isinstance(held, str) else None
    kind = object_type.property(name)
    is_known = kind is not None and isinstance(kind.kind, Choice) and variant in kind.kind.values
    return variant if is_known else None


def _unknown_kind(
    machine: Machine, object_type: ObjectType, argument: Property
) -> PropertyType | None:
    """What a property that the schema does not have is read as; None if it is a misspelt one.

    Public manuals name few properties of most types, so one that is not known is carried through.
    """
    meant = _meant(object_type, argument.name)
    if meant is not None:
        machine.report(_misspelt(object_type, argument, meant))
        return None
    if object_type.is_known:
        label = "unknown property" if machine.circumstances.is_strict else "carried through"
        found = _unknown_property(object_type, argument, label)
        machine.report(machine.severe_if_strict(found))
    is_secret = is_secret_name(argument.name)
    return PropertyType(argument.name, SecretText() if is_secret else Text())


def _meant(object_type: ObjectType, name: str) -> str | None:
    """The property that a name stands for, misspelt or not."""
    if object_type.property(name) is not None:
        return name
    meant = did_you_mean(name, object_type.by_name)
    return meant if meant is not None and is_slip(name, meant) else None


def _misspelt(object_type: ObjectType, argument: Property, meant: str) -> Diagnostic:
    return finding(
        rules.MISSPELT_PROPERTY,
        f"{object_type.name} has no property `{argument.name}`",
        argument.name_span,
        "unknown property",
        help=f"did you mean `{meant}`?",
        fix=replacement(argument.name_span, meant),
    )


def _unknown_property(object_type: ObjectType, argument: Property, label: str) -> Diagnostic:
    meant = did_you_mean(argument.name, object_type.by_name)
    known = ", ".join(p.name for p in object_type.properties if not p.is_extension)
    own = ", ".join(p.name for p in object_type.properties if p.is_extension)
    known += f"; and, unknown to a device, {own}" if own else ""
    return finding(
        rules.UNKNOWN_PROPERTY,
        f"csc knows no property `{argument.name}` of {object_type.name}",
        argument.name_span,
        label,
        help=f"did you mean `{meant}`?" if meant else f"known are {known}" if known else None,
    )


def _foreign_to_a_device(object_type: ObjectType, argument: Property) -> Diagnostic:
    return finding(
        rules.EXTENSION_PROPERTY,
        f"`{argument.name}` of {object_type.name} is csc's own, and no device knows it",
        argument.name_span,
        "with --strict the device's own rules hold",
        help="leave it out, or check without --strict what only csc carries out",
    )


def _unfit_property(
    object_type: ObjectType, argument: Property, variant: str, fitting: tuple[str, ...]
) -> Diagnostic:
    return finding(
        rules.UNFIT_PROPERTY,
        f"`{argument.name}` does not go with {object_type.discriminator}={variant}",
        argument.name_span,
        f"only with {object_type.discriminator}={' or '.join(fitting)}",
    )


def check_complete(
    machine: Machine,
    object_type: ObjectType,
    written: Mapping[str, Property],
    what: str,
    span: Span,
) -> None:
    """Find the mandatory properties that a new object was not given, not even wrongly."""
    variant = written.get(object_type.discriminator or "")
    given = {_meant(object_type, name) for name in written}
    for kind in _due(object_type, variant.value if variant else None):
        if kind.name not in given:
            machine.report(
                finding(
                    rules.MISSING_PROPERTY,
                    f"{what} needs `{kind.name}`",
                    span,
                    f"`{kind.name}=…` is missing",
                )
            )


def check_variant(
    machine: Machine,
    object_type: ObjectType,
    written: Mapping[str, Property],
    before: Properties,
    after: Properties,
) -> None:
    """After a change of Type: find what the object still holds and may not, and what it lacks."""
    name = object_type.discriminator or ""
    variant, chosen = after.get(name), written.get(name)
    if chosen is None or not isinstance(variant, str) or before.get(name) in (None, variant):
        return
    wrong = [
        f"`{kind.name}`, which does not go with it"
        for kind in object_type.properties
        if kind.only_with and variant not in kind.only_with and kind.name in after
    ]
    lacking = [
        f"no `{kind.name}`, which it needs"
        for kind in _due(object_type, variant)
        if kind.name not in after and kind.name not in written
    ]
    for fault in (*wrong, *lacking):
        machine.report(
            finding(
                rules.UNFIT_PROPERTY,
                f"with {name}={variant} the object has {fault}",
                chosen.span,
                f"was {name}={before[name]}",
                help="delete the object and add it again with the Type that is wanted",
            )
        )


def _due(object_type: ObjectType, variant: str | None) -> Iterable[PropertyType]:
    """The properties that an object of this Type has to have."""
    return (
        kind
        for kind in object_type.properties
        if kind.mandatory or (variant is not None and variant in kind.mandatory_with)
    )

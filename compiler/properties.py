"""The properties that a command gives an object: read one by one, then checked together."""

from __future__ import annotations

from collections.abc import Mapping

from ..grammar.ast import Property, Word
from . import rules
from .address import Address
from .configuration import Properties, Value
from .diagnostics import Diagnostic, finding
from .machine import Machine
from .schema.model import Choice, ObjectType
from .suggest import did_you_mean
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
    variant: str | None = None
    if object_type.discriminator is not None:
        chosen = next(
            (p for n, p in written.items() if _meant(object_type, n) == object_type.discriminator),
            None,
        )
        held = before.get(object_type.discriminator)
        variant = chosen.value if chosen else held if isinstance(held, str) else None
        kind = object_type.property(object_type.discriminator)
        if kind is None or not isinstance(kind.kind, Choice) or variant not in kind.kind.values:
            variant = None  # a wrong value is a finding of its own
    for name, argument in written.items():
        kind = object_type.property(name)
        if kind is None:
            machine.report(_unknown_property(object_type, argument))
        elif kind.only_with and variant is not None and variant not in kind.only_with:
            machine.report(_unfit_property(object_type, argument, variant, kind.only_with))
        else:
            value = read_value(machine, address, kind, argument, variant)
            if value is not None:
                values[name] = value
                machine.origins[address, name] = argument.span
    return values


def _unknown_property(object_type: ObjectType, argument: Property) -> Diagnostic:
    known = [p.name for p in object_type.properties]
    meant = _meant(object_type, argument.name)
    return finding(
        rules.UNKNOWN_PROPERTY,
        f"a {object_type.name} has no property `{argument.name}`",
        argument.name_span,
        "unknown property",
        help=f"did you mean `{meant}`?" if meant else f"it has {', '.join(known)}",
        fix=replacement(argument.name_span, meant) if meant else None,
    )


def _meant(object_type: ObjectType, name: str) -> str | None:
    """The property that an unknown name may have meant."""
    if object_type.property(name) is not None:
        return name
    return did_you_mean(name, [p.name for p in object_type.properties])


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
    machine: Machine, object_type: ObjectType, written: Mapping[str, Property], name: Word
) -> None:
    """Find the mandatory properties that a new object was not given, not even wrongly."""
    variant = written.get(object_type.discriminator or "")
    meant = {_meant(object_type, name) for name in written}
    for kind in object_type.properties:
        is_due = kind.mandatory or (variant is not None and variant.value in kind.mandatory_with)
        if is_due and kind.name not in written and kind.name not in meant:
            machine.report(
                finding(
                    rules.MISSING_PROPERTY,
                    f"{object_type.name} `{name.text}` needs `{kind.name}`",
                    name.span,
                    f"`{kind.name}=…` is missing",
                )
            )

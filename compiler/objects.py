"""`add`, `set` and `delete`: what they do to the candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from ..grammar.ast import Property, Span, Word
from . import indexed, rules
from .address import Address
from .arguments import Arguments
from .binding import check_binding
from .configuration import DEVICE_OWN, Properties, is_predefined
from .diagnostics import Applicability, Diagnostic, Label, finding
from .machine import Machine
from .naming import Named, named_object, unexpected
from .properties import check_complete, check_variant, read_properties
from .schema.model import Integer, Naming, ObjectType, PropertyType
from .suggest import did_you_mean, is_slip
from .values import read_value, replacement

# How many of the names that are there a finding tells.
_MOST_NAMED = 5
_INDEX = PropertyType("Index", Integer(1, 100_000))


def add(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`add Type Name Property=value …`: a new object, or an update of one that is there."""
    named = named_object(machine, verb, arguments)
    if named is None:
        return
    is_nameless = named.word is None and not named.type.is_known
    if named.type.naming is Naming.INDEX or is_nameless:
        _add_indexed(machine, verb, named, arguments.properties)
        return
    address = named.address
    before = machine.candidate.get(address)
    if before is None and named.type.is_closed:
        machine.report(_closed(machine, named))
        machine.assumed.add(address)
        return
    found = len(machine.diagnostics)
    given = read_properties(machine, named.type, address, arguments.properties, before or {})
    if before is None:
        what = f"{named.type.name} `{address.name}`" if address.name else named.type.name
        check_complete(machine, named.type, arguments.properties, what, named.span)
    else:
        merged = {**before, **given}
        check_variant(machine, named.type, arguments.properties, before, merged)
    if len(machine.diagnostics) > found:
        machine.flawed.add(address)
    if before is None:
        _check_alike(machine, named, address)
        machine.put(address, given, verb.span)
    else:
        _add_again(machine, verb, named, address, before, given)
    check_binding(machine, address, arguments.properties)


def _check_alike(machine: Machine, named: Named, address: Address) -> None:
    """Find a name that differs from another one of this script by case alone."""
    key = (address.parent, address.type, address.name.lower())
    other = machine.folded.setdefault(key, address)
    if other != address and other in machine.candidate:
        defined = machine.defined.get(other)
        machine.report(
            finding(
                rules.ALIKE_NAMES,
                f"{address} and {other} differ by case alone",
                named.span,
                "another object than the one above",
                secondary=(Label(defined, "first defined here"),) if defined else (),
                help="names have a case: is the same object meant?",
            )
        )


def _add_again(
    machine: Machine,
    verb: Word,
    named: Named,
    address: Address,
    before: Properties,
    given: Properties,
) -> None:
    """An `add` of what is there: nothing to do, or an update."""
    is_update = any(before.get(key) != value for key, value in given.items())
    is_refused = machine.circumstances.is_strict and not is_predefined(address)
    if is_update or is_refused:
        machine.report(machine.severe_if_strict(_exists(machine, address, named.span)))
    if is_update:
        machine.put(address, {**before, **given}, verb.span)
    elif not is_refused:
        machine.unchanged(f"add {address}", "it is there already", verb.span)


def _add_indexed(
    machine: Machine, verb: Word, named: Named, written: Mapping[str, Property]
) -> None:
    container, kind = named.container, named.type
    index, rest = _split_index(machine, container, written)
    provisional = indexed.next_after_all(machine, container, kind.name)
    found = len(machine.diagnostics)
    given = read_properties(machine, kind, provisional, rest, {})
    there = indexed.find_added(machine, container, kind.name, given)
    if there is not None:
        _add_again(machine, verb, named, there, machine.candidate[there], given)
        return
    check_complete(machine, kind, rest, f"the {kind.name}", named.span)
    address = indexed.insert(machine, container, kind.name, given, index, verb.span)
    if address != provisional:
        for name in given:
            machine.origins[address, name] = rest[name].span
    if len(machine.diagnostics) > found:
        machine.flawed.add(address)


def _split_index(
    machine: Machine, address: Address, written: Mapping[str, Property]
) -> tuple[int | None, Mapping[str, Property]]:
    """The place that `Index` names, and the other properties."""
    if _INDEX.name not in written:
        return None, written
    rest = {name: argument for name, argument in written.items() if name != _INDEX.name}
    value = read_value(machine, address, _INDEX, written[_INDEX.name], None)
    return (int(value) if isinstance(value, str) else None), rest


def set_(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`set Type Name Property=value …`: change the properties named."""
    named = named_object(machine, verb, arguments)
    if named is None:
        return
    address = find(machine, named)
    if address is None:
        # What nobody can guess counts as there; its properties are read for what is wrong in them.
        read_properties(machine, named.type, named.address, arguments.properties, {})
        return
    written = arguments.properties
    index = None
    if named.type.naming is Naming.INDEX:
        index, written = _split_index(machine, address, written)
    before = machine.candidate.get(address, {DEVICE_OWN: "Yes"})
    found = len(machine.diagnostics)
    given = read_properties(machine, named.type, address, written, before)
    after = {**before, **given}
    check_variant(machine, named.type, written, before, after)
    if len(machine.diagnostics) > found:
        machine.flawed.add(address)
    if index is not None:
        address = _move(machine, address, index, verb.span)
    if not given or (address not in machine.candidate and machine.is_assumed(address)):
        return
    if all(before.get(key) == value for key, value in given.items()):
        machine.unchanged(f"set {address}", "it has these values already", verb.span)
    else:
        machine.put(address, after, verb.span)
    check_binding(machine, address, arguments.properties)


def _move(machine: Machine, address: Address, index: int, span: Span) -> Address:
    """Put an object at another place among its siblings."""
    there = indexed.siblings(machine, address.parent, address.type)
    target = min(index, len(there))
    order = [a for a in there if a != address]
    order.insert(target - 1, address)
    places = {
        old: address.parent.child(address.type, str(place)) for place, old in enumerate(order, 1)
    }
    machine.move({old: places[old] for old in there if places[old] != old}, span)
    return places[address]


def delete(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`delete Type Name`: take the object, and what it contains, out of the candidate."""
    named = named_object(machine, verb, arguments)
    if named is None:
        return
    for written in arguments.properties.values():
        machine.report(unexpected(written.span, "delete takes a type and a name"))
    if _is_gone(machine, named):
        machine.unchanged(f"delete {named.address}", "it is not there", verb.span)
        return
    # A "corrected" name deletes another object: that wants a look.
    address = find(machine, named, Applicability.UNSAFE)
    if address is None or machine.is_assumed(address):
        return
    if address not in machine.candidate:
        machine.unchanged(f"delete {address}", "csc knows no such object", verb.span)
        return
    for child in machine.candidate.below(address):
        machine.remove(child, verb.span)
    machine.remove(address, verb.span)
    if named.type.naming is Naming.INDEX:
        indexed.close_gap(machine, address, verb.span)


def _is_gone(machine: Machine, named: Named) -> bool:
    """Whether what is to be deleted is not there, as when a script is applied again.

    With --strict that is an error, as on a device; and always where the name is one slip from another one.
    """
    address = named.address
    return not (
        machine.circumstances.is_strict
        or named.type.naming is Naming.INDEX
        or named.type.has_own
        or machine.exists(address)
        or machine.is_assumed(address)
        or address in machine.deleted
        or machine.candidate.names(address.parent, address.type).slip(address.name)
    )


def find(
    machine: Machine, named: Named, applicability: Applicability = Applicability.SAFE
) -> Address | None:
    """The object that a command names; after a finding the one that was meant, None where that is a guess.

    `applicability` is that of mending a slip in the name.
    """
    if named.type.naming is not Naming.INDEX or named.word is None:
        return look_up(machine, named.type, named.address, named.span, applicability)
    kind, word = named.type.name, named.word.text
    found = indexed.find(machine, named.container, kind, word)
    if found is not None or machine.is_assumed(named.container):
        return found
    known = indexed.names(machine, named.container, kind)
    meant = did_you_mean(word, known)
    machine.report(_unknown_object(named.address, named.span, known, meant, None, applicability))
    return indexed.find(machine, named.container, kind, meant) if meant else None


def look_up(
    machine: Machine,
    object_type: ObjectType,
    address: Address,
    span: Span,
    applicability: Applicability = Applicability.SAFE,
) -> Address | None:
    """The object, or after a finding the one that was meant; None where that is anybody's guess.

    What nobody can guess counts as there from now on, so that it is found once. `applicability` is that of
    mending a slip in the name.
    """
    if machine.exists(address) or machine.is_assumed(address):
        return address
    if machine.is_astray(address.type, address.name):
        machine.assumed.add(address)
        return address
    if object_type.has_own and address not in machine.deleted:
        return address
    known = machine.candidate.names(address.parent, address.type)
    meant = known.nearest(address.name)
    deleted = machine.deleted.get(address)
    machine.report(_unknown_object(address, span, known, meant, deleted, applicability))
    if meant is not None:
        return address.parent.child(address.type, meant)
    machine.assumed.add(address)
    return None


def _unknown_object(
    address: Address,
    span: Span,
    known: Iterable[str],
    meant: str | None,
    deleted: Span | None,
    applicability: Applicability,
) -> Diagnostic:
    """The finding that an object is not there, with the name that may have been meant."""
    there = sorted(islice(known, _MOST_NAMED))
    where = "" if address.parent.is_root else f" in {address.parent}"
    if meant:
        way_out = f"did you mean `{meant}`?"
    elif there:
        way_out = f"there is {', '.join(f'`{name}`' for name in there)}"
    else:
        way_out = f"add it first: `add {address.type} {address.name} …`"
    return finding(
        rules.UNKNOWN_OBJECT,
        f"there is no {address.type} `{address.name}`{where}",
        span,
        "not found",
        secondary=(Label(deleted, "deleted here"),) if deleted else (),
        help=way_out,
        fix=replacement(
            span, meant, applicability if is_slip(address.name, meant) else Applicability.UNSAFE
        )
        if meant
        else None,
    )


def _closed(machine: Machine, named: Named) -> Diagnostic:
    known = machine.candidate.names(named.container, named.type.name)
    names = ", ".join(f"`{name}`" for name in known)
    return finding(
        rules.CLOSED_TYPE,
        f"no {named.type.name} can be added",
        named.span,
        f"a device has {names} and no other",
        help=f"enter that one: `cc {named.type.name} {named.type.predefined[0]}`",
    )


def _exists(machine: Machine, address: Address, span: Span) -> Diagnostic:
    defined = machine.defined.get(address)
    return finding(
        rules.OBJECT_EXISTS,
        f"{address} is there already",
        span,
        "planned as an update" if not machine.circumstances.is_strict else "cannot be added again",
        secondary=(Label(defined, "first defined here"),) if defined else (),
        help=f"to change it, write `set {address.type} {address.name} …`",
    )

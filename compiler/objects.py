"""`add`, `set`, `delete` and `cc`: what they do to the candidate and the context."""

from __future__ import annotations

from dataclasses import replace

from ..grammar.ast import Span, Word
from . import rules
from .address import ROOT, Address
from .arguments import Arguments
from .binding import check_binding
from .configuration import is_predefined
from .diagnostics import Applicability, Diagnostic, Label, Severity, finding
from .machine import Machine
from .properties import check_complete, read_properties
from .schema.catalog import TYPES, container_types
from .schema.model import ObjectType
from .suggest import did_you_mean
from .values import replacement


def add(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`add Type Name Property=value …`: a new object, or an update of one that is there."""
    named = _named_object(machine, verb, arguments)
    if named is None:
        return
    object_type, address, name = named
    before = machine.candidate.get(address)
    found = len(machine.diagnostics)
    given = read_properties(machine, object_type, address, arguments.properties, before or {})
    if before is None:
        check_complete(machine, object_type, arguments.properties, name)
    if len(machine.diagnostics) > found:
        machine.flawed.add(address)
    if before is None:
        machine.put(address, given, verb.span)
    elif all(before.get(key) == value for key, value in given.items()):
        if machine.circumstances.is_strict and not is_predefined(address):
            machine.report(_exists(machine, address, name))
        else:
            machine.unchanged(f"add {address}", "it is there already", verb.span)
    else:
        machine.report(_exists(machine, address, name))
        machine.put(address, {**before, **given}, verb.span)
    check_binding(machine, address, arguments.properties)


def set_(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`set Type Name Property=value …`: change the properties named."""
    named = _named_object(machine, verb, arguments)
    if named is None:
        return
    object_type, address, name = named
    address = look_up(machine, address, name.span) or address
    before = machine.candidate.get(address, {})
    found = len(machine.diagnostics)
    given = read_properties(machine, object_type, address, arguments.properties, before)
    if len(machine.diagnostics) > found:
        machine.flawed.add(address)
    if address in machine.candidate and given:
        if all(before.get(key) == value for key, value in given.items()):
            machine.unchanged(f"set {address}", "it has these values already", verb.span)
        else:
            machine.put(address, {**before, **given}, verb.span)
        check_binding(machine, address, arguments.properties)


def delete(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`delete Type Name`: take the object, and what it contains, out of the candidate."""
    named = _named_object(machine, verb, arguments)
    if named is None:
        return
    _, address, name = named
    for written in arguments.properties.values():
        machine.report(_unexpected(written.span, "delete takes a type and a name"))
    if machine.is_assumed(address):
        return
    found = look_up(machine, address, name.span)
    if found is None:
        return
    address = found
    for child in [a for a in machine.candidate if a.is_under(address)]:
        machine.remove(child, verb.span)
    machine.remove(address, verb.span)


def change_context(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`cc Type Name` enters an object, `cc ..` leaves it, `cc` goes back to the root."""
    words = arguments.words
    for written in (*arguments.properties.values(), *arguments.options.values()):
        machine.report(_unexpected(written.span, "cc takes a type and a name, `..` or nothing"))
    if not words:
        machine.context = ROOT
        return
    if len(words) == 1 and words[0].text == "..":
        machine.context = machine.context.parent
        return
    named = _named_object(machine, verb, arguments)
    if named is None:
        return
    object_type, address, name = named
    if not object_type.is_container:
        machine.report(
            finding(
                rules.WRONG_CONTEXT,
                f"a {object_type.name} has nothing in it",
                words[0].span,
                "cannot be entered",
                help=f"change it from here with `set {object_type.name} {address.name} …`",
            )
        )
        return
    machine.context = look_up(machine, address, name.span) or address


def look_up(machine: Machine, address: Address, span: Span) -> Address | None:
    """The object, or after a finding the one that was meant; None where that is anybody's guess.

    What nobody can guess counts as there from now on, so that it is found once.
    """
    if machine.exists(address):
        return address
    machine.report(_unknown_object(machine, address, span))
    meant = did_you_mean(address.name, machine.names(address.parent, address.type))
    if meant is not None:
        return address.parent.child(address.type, meant)
    machine.assumed.add(address)
    return None


def _unknown_object(machine: Machine, address: Address, span: Span) -> Diagnostic:
    """The finding that an object is not there, with the name that may have been meant."""
    known = list(machine.names(address.parent, address.type))
    meant = did_you_mean(address.name, known)
    deleted = machine.deleted.get(address)
    where = "" if address.parent.is_root else f" in {address.parent}"
    if meant:
        way_out = f"did you mean `{meant}`?"
    elif known:
        way_out = f"there is {', '.join(f'`{name}`' for name in sorted(known)[:5])}"
    else:
        way_out = f"add it first: `add {address.type} {address.name} …`"
    return finding(
        rules.UNKNOWN_OBJECT,
        f"there is no {address.type} `{address.name}`{where}",
        span,
        "not found",
        secondary=(Label(deleted, "deleted here"),) if deleted else (),
        help=way_out,
        fix=replacement(span, meant, Applicability.UNSAFE) if meant else None,
    )


def unknown_type(word: Word) -> Diagnostic:
    """The finding that a word is not a type."""
    meant = did_you_mean(word.text, TYPES)
    return finding(
        rules.UNKNOWN_TYPE,
        f"there is no object type `{word.text}`",
        word.span,
        "unknown type",
        help=f"did you mean `{meant}`?" if meant else f"known are {', '.join(sorted(TYPES))}",
        fix=replacement(word.span, meant) if meant else None,
    )


def _named_object(
    machine: Machine, verb: Word, arguments: Arguments
) -> tuple[ObjectType, Address, Word] | None:
    """The object that a command names, in the context where its type lives; None after a finding."""
    words = arguments.words
    for option in arguments.options.values():
        machine.report(
            finding(
                rules.UNKNOWN_OPTION,
                f"`{verb.text}` has no option `-{option.name}`",
                option.name_span,
                help="leave it out",
            )
        )
    if words:
        object_type = TYPES.get(words[0].text)
        if object_type is None:
            machine.report(unknown_type(words[0]))
            object_type = TYPES.get(did_you_mean(words[0].text, TYPES) or "")
            if object_type is None:
                return None
    else:
        object_type = None
    if object_type is None or len(words) < 2:
        last = words[-1] if words else verb
        what = "a type and a name" if not words else f"the name of the {words[0].text}"
        machine.report(
            finding(
                rules.MISSING_ARGUMENT,
                f"`{verb.text}` needs {what}",
                last.span,
                f"{what} has to follow" if words else "",
            )
        )
        return None
    name = words[1]
    for extra in words[2:]:
        machine.report(_unexpected(extra.span, f"`{verb.text}` takes one type and one name"))
    if not name.text or "/" in name.text:
        machine.report(
            finding(
                rules.WRONG_VALUE,
                f"a {object_type.name} cannot be called `{name.text}`",
                name.span,
                "a name is not empty and has no slash in it",
                help="to name an object of a container, enter the container first"
                if "/" in name.text
                else None,
            )
        )
        return None
    address = machine.context.child(object_type.name, name.text)
    if machine.is_assumed(machine.context):
        return object_type, address, name
    if tuple(t for t, _ in machine.context.segments) != container_types(object_type):
        machine.report(_wrong_context(machine, object_type, words[0], name))
        return None
    return object_type, address, name


def _wrong_context(machine: Machine, object_type: ObjectType, word: Word, name: Word) -> Diagnostic:
    if object_type.parent is None:
        lives, way_out = "at the root", "go back to the root first: `cc`"
    else:
        lives = f"in a {object_type.parent}"
        homes = [
            a
            for a in machine.candidate
            if a.type == object_type.parent
            and a.child(object_type.name, name.text) in machine.candidate
        ]
        home = homes[0].name if homes else "NAME"
        way_out = f"enter it first: `cc {object_type.parent} {home}`"
    return finding(
        rules.WRONG_CONTEXT,
        f"a {object_type.name} lives {lives}, and this is {machine.context}",
        word.span,
        f"the context here is {machine.context.path}",
        help=way_out,
    )


def _unexpected(span: Span, takes: str) -> Diagnostic:
    return finding(rules.UNEXPECTED_ARGUMENT, "this argument has no meaning here", span, takes)


def _exists(machine: Machine, address: Address, name: Word) -> Diagnostic:
    found = finding(
        rules.OBJECT_EXISTS,
        f"{address} is there already",
        name.span,
        "planned as an update" if not machine.circumstances.is_strict else "cannot be added again",
        help=f"to change it, write `set {address.type} {address.name} …`",
    )
    return replace(found, severity=Severity.ERROR) if machine.circumstances.is_strict else found

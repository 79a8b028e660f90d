"""Two configurations in; the commands that lead from one to the other, and what no command can do, out.

No command unsets a property: an object that has to lose one is deleted and added again. What a device has of
its own cannot be deleted, and a key that CMP obtained has no file that a script could name.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..grammar.frozen import frozen
from .address import ROOT, Address
from .candidate import LABEL
from .configuration import (
    DEVICE_OWN,
    Configuration,
    FileValue,
    Properties,
    Value,
    in_order,
    is_predefined,
    quote,
    quote_word,
    written,
)
from .device import CERTIFICATE_FILE, KEY_FILE
from .schema.catalog import Catalog
from .schema.model import Naming

# A certificate and its key are bound together or not at all.
_PAIR = frozenset(("CertificateData", "PrivateKey"))


# Objects with all that is in them.
_Contents = Mapping[Address, Sequence[Address]]


@frozen
class Reversion:
    """Commands, begun and ended at the root; the files that they need, and what they leave undone."""

    commands: tuple[str, ...]
    needs: tuple[str, ...]
    lasting: tuple[str, ...]


def revert(now: Configuration, wanted: Configuration, catalog: Catalog) -> Reversion:
    """How to make `wanted` of `now`."""
    work = _Work(now, wanted, catalog, _contents(now), _contents(wanted))
    gone = _to_delete(work)
    for address in sorted(gone, key=lambda a: _place(a, catalog), reverse=True):
        if not _is_under_any(address, gone):
            work.say(address.parent, f"delete {_name(address, catalog)}")
    absent = [
        (address, properties)
        for address, properties in in_order(wanted)
        if address not in now or address in gone or _is_under_any(address, gone)
    ]
    for address, properties in sorted(
        absent, key=lambda item: (len(item[0].segments), item[0].parent.path)
    ):
        _add(work, address, properties)
    added = {address for address, _ in absent}
    for address, properties in wanted.items():
        if address not in added and now[address] != properties:
            _set(work, address, properties)
    work.leave()
    return Reversion(
        tuple(work.commands), tuple(dict.fromkeys(work.needs)), tuple(dict.fromkeys(work.lasting))
    )


@dataclass(slots=True)
class _Work:
    now: Configuration
    wanted: Configuration
    catalog: Catalog
    in_now: _Contents
    in_wanted: _Contents
    commands: list[str] = field(default_factory=list[str])
    needs: list[str] = field(default_factory=list[str])
    lasting: list[str] = field(default_factory=list[str])
    context: Address = ROOT

    def say(self, context: Address, command: str) -> None:
        """A command in a context."""
        if context != self.context:
            self.leave()
            for depth in range(len(context.segments)):
                entered = Address(context.segments[: depth + 1])
                self.commands.append(f"cc {_name(entered, self.catalog)}")
            self.context = context
        self.commands.append(command)

    def leave(self) -> None:
        """Back to the root."""
        if not self.context.is_root:
            self.commands.append("cc")
        self.context = ROOT


def _ancestors(address: Address) -> Iterator[Address]:
    """The objects that an object is in."""
    return (Address(address.segments[:depth]) for depth in range(1, len(address.segments)))


def _is_under_any(address: Address, others: Container[Address]) -> bool:
    return any(ancestor in others for ancestor in _ancestors(address))


def _contents(configuration: Configuration) -> _Contents:
    """What is in each object. A configuration has thousands of objects: nobody looks through all for each."""
    contents: dict[Address, list[Address]] = {}
    for address in configuration:
        for ancestor in _ancestors(address):
            contents.setdefault(ancestor, []).append(address)
    return contents


# -- what goes -------------------------------------------------------------------------------------


def _to_delete(work: _Work) -> set[Address]:
    """What is not wanted, and what has to be made anew."""
    gone: set[Address] = set()
    rows: dict[tuple[Address, str], None] = {}
    for address, properties in work.now.items():
        if _is_placed(address, work.catalog):
            rows[address.parent, address.type] = None
        elif address not in work.wanted:
            if _can_go(work, address, properties):
                gone.add(address)
            else:
                work.lasting.append(f"{address}, for csc does not know what the device had there")
        elif not _is_settable(work, address) and _can_be_made_anew(work, address):
            gone.add(address)
    for container, kind in rows:
        gone |= _of_row(work, container, kind)
    return gone


def _can_go(work: _Work, address: Address, properties: Properties) -> bool:
    kind = work.catalog.types.get(address.type)
    is_closed = kind is not None and kind.is_closed
    return DEVICE_OWN not in properties and not (is_closed and is_predefined(address))


def _is_settable(work: _Work, address: Address) -> bool:
    """Whether `set` can give the object the properties that are wanted."""
    now, wanted = work.now[address], work.wanted[address]
    kind = work.catalog.types.get(address.type)
    chooser = kind.discriminator if kind is not None else None
    is_other = chooser is not None and now.get(chooser) != wanted.get(chooser)
    return now.keys() <= wanted.keys() and not is_other


def _can_be_made_anew(work: _Work, address: Address) -> bool:
    """Whether the object, with all in it, can be deleted and added as it is wanted."""
    if is_predefined(address) or DEVICE_OWN in work.wanted[address]:
        return False
    return not any(
        _is_issued(value) or DEVICE_OWN in work.wanted[a]
        for a in (address, *work.in_wanted.get(address, ()))
        for value in work.wanted[a].values()
    )


def _is_issued(value: Value) -> bool:
    """Whether CMP obtained it."""
    return isinstance(value, FileValue) and (
        value.name in (CERTIFICATE_FILE, KEY_FILE) or value.content.startswith("key:")
    )


def _of_row(work: _Work, container: Address, kind: str) -> set[Address]:
    """What of a row has to go, so that adding the others at its end makes it as it is wanted."""
    now = _row(work.now, work.in_now, container, kind)
    wanted = _row(work.wanted, work.in_wanted, container, kind)
    if now == wanted and all(_is_settable(work, address) for address in now):
        return set()
    same = 0
    while same < min(len(now), len(wanted)) and _is_same(work, now[same]):
        same += 1
    # An `add` of what a sibling holds already would be taken for that one.
    new = [work.wanted[address] for address in wanted[same:]]
    if any(_is_taken_for(work.wanted[a], properties) for a in wanted[:same] for properties in new):
        same = 0
    return set(now[same:])


def _row(
    configuration: Configuration, contents: _Contents, container: Address, kind: str
) -> list[Address]:
    among = configuration if container.is_root else contents.get(container, ())
    row = [a for a in among if a.parent == container and a.type == kind]
    return sorted(row, key=lambda address: int(address.name))


def _is_same(work: _Work, address: Address) -> bool:
    below = {*work.in_now.get(address, ()), *work.in_wanted.get(address, ())}
    return all(work.now.get(a) == work.wanted.get(a) for a in (address, *below))


def _is_taken_for(there: Properties, given: Properties) -> bool:
    if LABEL in given:
        return there.get(LABEL) == given[LABEL]
    return all(there.get(name) == value for name, value in given.items())


# -- what comes and what changes -------------------------------------------------------------------


def _add(work: _Work, address: Address, properties: Properties) -> None:
    kind = work.catalog.types.get(address.type)
    verb = "add"
    if DEVICE_OWN in properties:
        verb = "set"
    elif is_predefined(address) and kind is not None and kind.is_closed:
        work.lasting.append(f"{address} is not there any more, and nothing adds it")
        return
    given = written(properties)
    if any(map(_is_issued, given.values())):
        given = {name: value for name, value in given.items() if name not in _PAIR}
        work.lasting.append(_pair_is_lost(address))
    _command(work, verb, address, given)


def _set(work: _Work, address: Address, properties: Properties) -> None:
    now = work.now[address]
    for name in written(now):
        if name not in properties:
            work.lasting.append(f"{name} of {address} was not set, and no command unsets it")
    given = {n: v for n, v in written(properties).items() if now.get(n) != v}
    if any(map(_is_issued, given.values())):
        given = {name: value for name, value in given.items() if name not in _PAIR}
        work.lasting.append(_pair_is_lost(address))
    if given:
        _command(work, "set", address, given)


def _pair_is_lost(address: Address) -> str:
    return f"the certificate that {address} had, for no script can name its key"


def _command(work: _Work, verb: str, address: Address, properties: Properties) -> None:
    name = _name(address, work.catalog)
    if verb == "add" and _is_placed(address, work.catalog):
        name = address.type
    for value in properties.values():
        if isinstance(value, FileValue):
            work.needs.append(f"{value}, as it was")
    values = (f"{name}={quote(str(value))}" for name, value in properties.items())
    work.say(address.parent, " ".join((verb, name, *values)))


def _name(address: Address, catalog: Catalog) -> str:
    kind = catalog.types.get(address.type)
    if address.name == "" or (kind is not None and kind.naming is Naming.SINGLE):
        return address.type
    return f"{address.type} {quote_word(address.name)}"


def _is_placed(address: Address, catalog: Catalog) -> bool:
    kind = catalog.types.get(address.type)
    return kind is not None and kind.naming is Naming.INDEX


def _place(address: Address, catalog: Catalog) -> tuple[tuple[str, int, str], ...]:
    """An order in which what is told by its place comes by its place."""
    return tuple(_places(address.segments, catalog))


def _places(
    segments: Iterable[tuple[str, str]], catalog: Catalog
) -> Iterator[tuple[str, int, str]]:
    for kind, name in segments:
        is_number = _is_placed(Address(((kind, name),)), catalog)
        yield kind, int(name) if is_number else 0, name

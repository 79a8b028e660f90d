"""What can be said of an object type: its properties, their kinds, where it lives, how it is named."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from ...grammar.frozen import frozen


@frozen
class Text:
    """Any text, of at most `most` characters if that is known."""

    most: int | None = None


@frozen
class SecretText:
    """A text that nobody may see, such as a password."""


@frozen
class Integer:
    """A whole number from `minimum` to `maximum`, both included."""

    minimum: int
    maximum: int


@frozen
class Boolean:
    """`Yes` or `No`; `True` and `False` are read alike (CLI Reference Guide; cOS Core)."""


@frozen
class Choice:
    """One of a few words, in this spelling."""

    values: tuple[str, ...]


@frozen
class Host:
    """A host name or an IP address."""


@frozen
class Address:
    """An address object's name, or an address: host, network, range, DNS name (Administration Guide 5.2)."""


@frozen
class Ports:
    """Port numbers and ranges of them: `80,8000-8010`."""


@frozen
class DistinguishedName:
    """An X.500 name as RFC 4514 writes it: `CN=gw.example.com,O=Example`."""


@frozen
class DeviceFile:
    """`file://NAME`: the content of a file of the device."""

    secret: bool = False


@frozen
class Reference:
    """The name of another object; a child of a container is `container/name`.

    `targets` are types or categories. `demands`: property values that the object referred to must have to be
    of use. `is_open`: a device has such objects of its own, which no script adds.
    """

    targets: tuple[str, ...]
    demands: tuple[tuple[str, str], ...] = ()
    is_open: bool = False


ItemKind = (
    Text
    | SecretText
    | Integer
    | Boolean
    | Choice
    | Host
    | Address
    | Ports
    | DistinguishedName
    | DeviceFile
    | Reference
)


@frozen
class ListOf:
    """Values of one kind with commas between, at most `most` of them."""

    item: ItemKind
    most: int | None = None


Kind = ItemKind | ListOf


@frozen
class PropertyType:
    """One property of a type.

    `only_with` and `mandatory_with` name values of the discriminating property (`Type`): the first
    limits where the property may stand, the second where it must. `is_extension`: csc's own, which no
    device knows.
    """

    name: str
    kind: Kind
    mandatory: bool = False
    default: str | None = None
    only_with: tuple[str, ...] = ()
    mandatory_with: tuple[str, ...] = ()
    is_extension: bool = False


class Naming(StrEnum):
    """How a type's objects are told apart.

    INDEX: by their place among their siblings, from 1, or by a property `Name`. SINGLE: there is only one.
    """

    NAME = "name"
    INDEX = "index"
    SINGLE = "single"


@frozen
class ObjectType:
    """An object type.

    `parents` are the types of the containers that it lives in, None among them for the root. `predefined` are
    the names of objects that every device has. `has_own`: a device may have others that no script adds.
    `is_closed`: no more objects can be added. `is_known` is False for what only the scripts tell of.
    """

    name: str
    properties: tuple[PropertyType, ...] = ()
    parents: tuple[str | None, ...] = (None,)
    naming: Naming = Naming.NAME
    category: str | None = None
    is_container: bool = False
    discriminator: str | None = None
    predefined: tuple[str, ...] = ()
    has_own: bool = False
    is_closed: bool = False
    is_known: bool = True
    by_name: dict[str, PropertyType] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {p.name: p for p in self.properties})

    def property(self, name: str) -> PropertyType | None:
        """The property called `name`."""
        return self.by_name.get(name)

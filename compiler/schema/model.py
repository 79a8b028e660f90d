"""What can be said of an object type: its properties, their kinds, where it lives, how it is named."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Text:
    """Any text, of at most `most` characters if that is known."""

    most: int | None = None


@dataclass(frozen=True, slots=True)
class SecretText:
    """A text that nobody may see, such as a password."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `minimum` to `maximum`, both included."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Boolean:
    """`Yes` or `No`; `True` and `False` are read alike (CLI Reference Guide; cOS Core)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, in this spelling."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A host name or an IP address."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address object's name, or an address: host, network, range, DNS name (Administration Guide 5.2)."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Port numbers and ranges of them: `80,8000-8010`."""


@dataclass(frozen=True, slots=True)
class DistinguishedName:
    """An X.500 name as RFC 4514 writes it: `CN=gw.example.com,O=Example`."""


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """`file://NAME`: the content of a file of the device."""

    secret: bool = False


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class ListOf:
    """Values of one kind with commas between, at most `most` of them."""

    item: ItemKind
    most: int | None = None


Kind = ItemKind | ListOf


@dataclass(frozen=True, slots=True)
class PropertyType:
    """One property of a type.

    `only_with` and `mandatory_with` name values of the discriminating property (`Type`): the first
    limits where the property may stand, the second where it must.
    """

    name: str
    kind: Kind
    mandatory: bool = False
    default: str | None = None
    only_with: tuple[str, ...] = ()
    mandatory_with: tuple[str, ...] = ()


class Naming(StrEnum):
    """How a type's objects are told apart.

    INDEX: by their place among their siblings, from 1, or by a property `Name`. SINGLE: there is only one.
    """

    NAME = "name"
    INDEX = "index"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
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

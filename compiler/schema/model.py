"""What can be said of an object type: its properties, their kinds, where it lives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Any text."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `minimum` to `maximum`, both included."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, in this spelling."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A host name or an IP address."""


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """`file://NAME`: the content of a file of the device."""

    secret: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of another object; a child of a container is `container/name`.

    `demands`: property values that the object referred to must have to be of use.
    """

    target: str
    demands: tuple[tuple[str, str], ...] = ()


Kind = Text | Integer | Choice | Host | DeviceFile | Reference


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


@dataclass(frozen=True, slots=True)
class ObjectType:
    """An object type. `parent` is the type of the container that it lives in, None for the root."""

    name: str
    parent: str | None
    properties: tuple[PropertyType, ...]
    is_container: bool = False
    discriminator: str | None = None
    predefined: tuple[str, ...] = ()

    def property(self, name: str) -> PropertyType | None:
        """The property called `name`."""
        return next((p for p in self.properties if p.name == name), None)

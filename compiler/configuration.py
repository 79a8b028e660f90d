"""A configuration as data: objects by address, each with its properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..grammar.quoting import quote as quote
from ..grammar.quoting import quote_word as quote_word
from .address import ROOT, Address
from .schema.catalog import TYPES


@dataclass(frozen=True, slots=True)
class FileValue:
    """`file://NAME` once its content is known: the content belongs to the configuration.

    `content` identifies it: `sha256:…` of the bytes for what was uploaded or issued, `key:…` (SHA-256 of
    the public key) for an issued private key, `planned:STEP:certificate` or `planned:STEP:key` for what
    a step of the plan will obtain, `sandbox:root` for the root of a sandbox CA still to be made. The name
    is what the script called it; two values are the same if their content is.
    """

    name: str
    content: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileValue) and other.content == self.content

    def __hash__(self) -> int:
        return hash(self.content)

    def __str__(self) -> str:
        return f"file://{self.name}"


Value = str | FileValue
Properties = Mapping[str, Value]
Configuration = Mapping[Address, Properties]


def empty_device() -> Configuration:
    """The configuration of a new device: the objects that exist from the start."""
    return {
        ROOT.child(object_type.name, name): {}
        for object_type in TYPES.values()
        for name in object_type.predefined
    }


def is_predefined(address: Address) -> bool:
    """Whether the object exists on a new device."""
    object_type = TYPES.get(address.type)
    return (
        object_type is not None
        and address.parent.is_root
        and address.name in object_type.predefined
    )


def in_order(configuration: Configuration) -> list[tuple[Address, Properties]]:
    """Objects in an order in which a device takes them: parents first, else as they were added."""
    return sorted(configuration.items(), key=lambda item: len(item[0].segments))

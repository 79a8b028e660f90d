"""A configuration as data: objects by address, each with its properties."""

from __future__ import annotations

from collections.abc import Mapping

from ..grammar.frozen import frozen
from ..grammar.quoting import quote as quote
from ..grammar.quoting import quote_literal as quote_literal
from ..grammar.quoting import quote_word as quote_word
from .address import ROOT, Address
from .schema.catalog import BUILT_IN


@frozen
class FileValue:
    """`file://NAME` once its content is known: the content belongs to the configuration.

    `content` identifies it: `sha256:…` of the bytes for what was uploaded or issued, `key:…` (SHA-256 of
    the public key) for an issued private key, `planned:STEP:certificate` or `planned:STEP:key` for what
    a step of the plan will obtain, `sandbox:root` for the root of a sandbox CA still to be made. The name
    is what the script called it; two values are the same if their content is. `is_secret`: nobody may see it.
    """

    name: str
    content: str
    is_secret: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileValue) and other.content == self.content

    def __hash__(self) -> int:
        return hash(self.content)

    def __str__(self) -> str:
        return f"file://{self.name}"


@frozen
class SecretValue:
    """A confidential text of a configuration, such as a password, which itself is never kept.

    `fingerprint` tells two of them apart: a keyed digest, worthless without the state's own key.
    """

    fingerprint: str

    def __str__(self) -> str:
        return f"${{secret:{self.fingerprint}}}"


Value = str | FileValue | SecretValue
Properties = Mapping[str, Value]
Configuration = Mapping[Address, Properties]

# Marks an object that the device has of its own, which no script adds. No script can write such a property.
DEVICE_OWN = "(of the device)"


def empty_device() -> Configuration:
    """The configuration of a new device: the objects that exist from the start."""
    return {
        ROOT.child(object_type.name, name): {}
        for object_type in BUILT_IN.types.values()
        for name in object_type.predefined
    }


def is_predefined(address: Address) -> bool:
    """Whether the object exists on a new device."""
    object_type = BUILT_IN.types.get(address.type)
    return (
        object_type is not None
        and address.parent.is_root
        and address.name in object_type.predefined
    )


def is_added(address: Address, properties: Properties) -> bool:
    """Whether a script has to add the object: the device has neither this one nor any like it of its own."""
    return not is_predefined(address) and DEVICE_OWN not in properties


def written(properties: Properties) -> Properties:
    """The properties that a script can write."""
    return {name: value for name, value in properties.items() if name != DEVICE_OWN}


def in_order(configuration: Configuration) -> list[tuple[Address, Properties]]:
    """Objects in an order in which a device takes them: parents first, by index, else as they were added."""
    by_depth = sorted(configuration, key=lambda address: len(address.segments))
    rows: dict[tuple[Address, str], list[Address]] = {}
    for address in by_depth:
        if address.name.isdecimal():
            rows.setdefault((address.parent, address.type), []).append(address)
    for row in rows.values():
        row.sort(key=lambda address: int(address.name), reverse=True)
    order = [
        rows[address.parent, address.type].pop() if address.name.isdecimal() else address
        for address in by_depth
    ]
    return [(address, configuration[address]) for address in order]

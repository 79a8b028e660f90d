"""The files that the script of a snapshot names: one for each file value, by a name of its own."""

from __future__ import annotations

from ..compiler.address import Address
from ..compiler.configuration import Configuration, FileValue

_EXTENSIONS = {"CertificateData": ".der", "PrivateKey": ".pem"}


def snapshot_files(configuration: Configuration) -> dict[str, str]:
    """The names of a configuration's files in its snapshot, with their content ids."""
    return {
        file_name(address, name): value.content
        for address, properties in configuration.items()
        for name, value in properties.items()
        if isinstance(value, FileValue)
    }


def file_name(address: Address, name: str) -> str:
    """A file name of the object's own: names of objects hold no dot, so no two collide."""
    return ".".join(n for _, n in address.segments) + _EXTENSIONS.get(name, f".{name}")

"""The files that the script of a snapshot names: one for each file value, by a name of its own."""

from __future__ import annotations

import string

from ..compiler.address import Address
from ..compiler.configuration import Configuration, FileValue

_EXTENSIONS = {"CertificateData": ".der", "PrivateKey": ".pem"}
_PLAIN = frozenset(string.ascii_letters + string.digits + "_-")


def snapshot_files(configuration: Configuration) -> dict[str, str]:
    """The names of a configuration's files in its snapshot, with their content ids."""
    return {
        file_name(address, name): value.content
        for address, properties in configuration.items()
        for name, value in properties.items()
        if isinstance(value, FileValue)
    }


def file_name(address: Address, name: str) -> str:
    """A file name of the property's own: the object's path, joined by dots.

    Whatever in a name of an object is no letter, digit, `_` or `-` is escaped, so that no two paths collide.
    """
    path = ".".join(_escape(n) for _, n in address.segments)
    return path + _EXTENSIONS.get(name, f".{name}")


def _escape(name: str) -> str:
    return "".join(
        f"%{byte:02X}" if chr(byte) not in _PLAIN else chr(byte) for byte in name.encode()
    )

"""A configuration and what is known of its certificates in; when each of them ends out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ..compiler.address import Address
from ..compiler.configuration import Configuration, FileValue
from ..compiler.device import CertificateRecord
from .certificates import load_certificate


def ends_of(
    configuration: Configuration,
    records: Mapping[Address, CertificateRecord],
    read: Callable[[str], bytes | None],
) -> dict[Address, datetime]:
    """The end of validity of each certificate that is there already.

    `records` are those of what CMP obtained; of what was uploaded, `read` gives the bytes by content id.
    """
    ends: dict[Address, datetime] = {}
    for address, properties in configuration.items():
        value = properties.get("CertificateData")
        if not isinstance(value, FileValue):
            continue
        record = records.get(address)
        if record is not None and record.certificate == value.content:
            if record.not_after is not None:
                ends[address] = record.not_after
            continue
        data = read(value.content)
        if data is None:
            continue
        try:
            ends[address] = load_certificate(data).not_valid_after_utc
        except ValueError:
            continue  # another kind of file; compiling says so
    return ends

"""Interfaces. A device has those of its hardware from the start (types as in cOS Core)."""

from __future__ import annotations

from .model import Address, Boolean, Integer, ObjectType, PropertyType, Reference, Text

_COMMENTS = PropertyType("Comments", Text())

TYPES = (
    ObjectType(
        name="Ethernet",
        category="Interface",
        has_own=True,
        properties=(
            PropertyType("DHCPEnabled", Boolean()),
            PropertyType("IP", Address()),
            PropertyType("Network", Address()),
            PropertyType("DefaultGateway", Address()),
            _COMMENTS,
        ),
    ),
    ObjectType(
        name="VLAN",
        category="Interface",
        properties=(
            PropertyType("Ethernet", Reference(("Ethernet",), is_open=True)),
            PropertyType("VLANID", Integer(0, 4095)),
            PropertyType("IP", Address()),
            PropertyType("Network", Address()),
            _COMMENTS,
        ),
    ),
)

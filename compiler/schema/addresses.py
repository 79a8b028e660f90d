"""The address book (Administration Guide 5.2; cOS Core has its own types for groups and folders)."""

from __future__ import annotations

from .model import Address, ListOf, ObjectType, PropertyType, Reference, Text

_COMMENTS = PropertyType("Comments", Text())
_PLACES = (None, "AddressFolder")
_MEMBERS = PropertyType("Members", ListOf(Reference(("Address",), is_open=True)), mandatory=True)

TYPES = (
    ObjectType(
        name="AddressFolder",
        is_container=True,
        predefined=("InterfaceAddresses",),
        has_own=True,
        properties=(_COMMENTS,),
    ),
    ObjectType(
        name="IPAddress",
        parents=_PLACES,
        category="Address",
        predefined=("all-nets-ip4",),
        has_own=True,
        properties=(PropertyType("Address", ListOf(Address(), 256), mandatory=True), _COMMENTS),
    ),
    ObjectType(
        name="IP4Address",
        parents=_PLACES,
        category="Address",
        has_own=True,
        properties=(PropertyType("Address", ListOf(Address()), mandatory=True), _COMMENTS),
    ),
    ObjectType(
        name="IP6Address",
        parents=_PLACES,
        category="Address",
        has_own=True,
        properties=(PropertyType("Address", ListOf(Address()), mandatory=True), _COMMENTS),
    ),
    ObjectType(
        name="IP4Group", parents=_PLACES, category="Address", properties=(_MEMBERS, _COMMENTS)
    ),
    ObjectType(
        name="IP6Group", parents=_PLACES, category="Address", properties=(_MEMBERS, _COMMENTS)
    ),
    ObjectType(
        name="EthernetAddress",
        parents=_PLACES,
        category="Address",
        properties=(PropertyType("Address", Text(), mandatory=True), _COMMENTS),
    ),
)

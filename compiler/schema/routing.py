"""Routing tables and their routes (Administration Guide, chapter 11)."""

from __future__ import annotations

from .model import (
    Address,
    Integer,
    ListOf,
    Naming,
    ObjectType,
    PropertyType,
    Reference,
    Text,
)

_COMMENTS = PropertyType("Comments", Text())
_INTERFACE = Reference(("Interface",), is_open=True)

TYPES = (
    ObjectType(
        name="RoutingTable",
        is_container=True,
        predefined=("main",),
        properties=(_COMMENTS,),
    ),
    ObjectType(
        name="Route",
        parents=("RoutingTable",),
        naming=Naming.INDEX,
        properties=(
            PropertyType("Interface", _INTERFACE, mandatory=True),
            PropertyType("Network", Address(), mandatory=True),
            PropertyType("Gateway", Address()),
            PropertyType("Metric", Integer(0, 65535)),
            PropertyType("ProxyARPInterfaces", ListOf(_INTERFACE)),
            PropertyType("Name", Text()),
            _COMMENTS,
        ),
    ),
)

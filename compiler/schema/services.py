"""Services: what rules match beside addresses. A device has many from the start (types as in cOS Core)."""

from __future__ import annotations

from .model import (
    Boolean,
    Choice,
    Integer,
    ListOf,
    ObjectType,
    Ports,
    PropertyType,
    Reference,
    Text,
)

_COMMENTS = PropertyType("Comments", Text())

TYPES = (
    ObjectType(
        name="ServiceTCPUDP",
        category="Service",
        has_own=True,
        properties=(
            PropertyType("Type", Choice(("TCP", "UDP", "TCPUDP"))),
            PropertyType("DestinationPorts", Ports(), mandatory=True),
            PropertyType("SourcePorts", Ports()),
            _COMMENTS,
        ),
    ),
    ObjectType(
        name="ServiceICMP",
        category="Service",
        has_own=True,
        properties=(
            PropertyType("MessageTypes", Choice(("All", "Specific"))),
            PropertyType("EchoRequest", Boolean()),
            PropertyType("DestinationUnreachable", Boolean()),
            PropertyType("Redirect", Boolean()),
            PropertyType("ParameterProblem", Boolean()),
            PropertyType("EchoReply", Boolean()),
            PropertyType("SourceQuenching", Boolean()),
            PropertyType("TimeExceeded", Boolean()),
            _COMMENTS,
        ),
    ),
    ObjectType(
        name="ServiceIPProto",
        category="Service",
        has_own=True,
        properties=(PropertyType("IPProto", ListOf(Integer(0, 255))), _COMMENTS),
    ),
    ObjectType(
        name="ServiceGroup",
        category="Service",
        has_own=True,
        properties=(
            PropertyType("Members", ListOf(Reference(("Service",), is_open=True)), mandatory=True),
            _COMMENTS,
        ),
    ),
)

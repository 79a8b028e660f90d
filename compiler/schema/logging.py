"""Where log messages go."""

from __future__ import annotations

from .model import Address, Choice, ListOf, ObjectType, PropertyType, Text

_SEVERITIES = ("Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Info", "Debug")

TYPES = (
    ObjectType(
        name="LogReceiverSyslog",
        category="LogReceiver",
        properties=(
            PropertyType("Address", Address(), mandatory=True),
            PropertyType(
                "LogSeverity", ListOf(Choice(_SEVERITIES)), default=",".join(_SEVERITIES[:-1])
            ),
            PropertyType("Comments", Text()),
        ),
    ),
)

"""Users, and where they are looked up."""

from __future__ import annotations

from .model import Host, Integer, Naming, ObjectType, PropertyType, SecretText, Text

_COMMENTS = PropertyType("Comments", Text())

TYPES = (
    ObjectType(
        name="LocalUserDatabase",
        is_container=True,
        has_own=True,
        properties=(_COMMENTS,),
    ),
    ObjectType(
        name="User",
        parents=("LocalUserDatabase", None),  # the CLI Reference Guide adds one at the root
        has_own=True,
        properties=(PropertyType("Password", SecretText()), _COMMENTS),
    ),
    ObjectType(
        name="RadiusServer",
        naming=Naming.INDEX,
        properties=(
            PropertyType("Name", Text()),
            PropertyType("IPAddress", Host(), mandatory=True),
            PropertyType("SharedSecret", SecretText(), mandatory=True),
            PropertyType("Port", Integer(1, 65535), default="1812"),
            PropertyType("RetryTimeout", Integer(500, 2**31 - 1), default="2000"),
            PropertyType("NumRetries", Integer(1, 10), default="3"),
            _COMMENTS,
        ),
    ),
    ObjectType(name="AuthenticationProfile", properties=(_COMMENTS,)),
)

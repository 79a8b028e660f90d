"""The device itself: its clock, and how it is managed."""

from __future__ import annotations

from .model import Address, Boolean, Naming, ObjectType, PropertyType, Reference, Text

_COMMENTS = PropertyType("Comments", Text())

TYPES = (
    ObjectType(
        name="DateTime",
        naming=Naming.SINGLE,
        is_container=True,
        predefined=("",),
        properties=(PropertyType("TimeSyncEnable", Boolean()),),
    ),
    ObjectType(
        name="TimeServer",
        parents=("DateTime",),
        naming=Naming.INDEX,
        properties=(
            PropertyType("Name", Text()),
            PropertyType("IP", Address(), mandatory=True),
            _COMMENTS,
        ),
    ),
    ObjectType(
        name="RemoteMgmtSSH",
        category="RemoteManagement",
        has_own=True,
        properties=(
            PropertyType("Banner", Text()),
            PropertyType("AuthenticationProfile", Reference(("AuthenticationProfile",))),
            _COMMENTS,
        ),
    ),
)

"""IP rules and access rules (Administration Guide, chapters 7 and 18.2)."""

from __future__ import annotations

from .model import (
    Address,
    Boolean,
    Choice,
    ListOf,
    Naming,
    ObjectType,
    PropertyType,
    Reference,
    Text,
)

_COMMENTS = PropertyType("Comments", Text())
_INTERFACES = ListOf(Reference(("Interface",), is_open=True))
_TRAFFIC = (
    PropertyType("Name", Text()),
    PropertyType("Service", ListOf(Reference(("Service",), is_open=True))),
    PropertyType("SourceInterface", _INTERFACES),
    PropertyType("SourceNetwork", ListOf(Address())),
    PropertyType("DestinationInterface", _INTERFACES),
    PropertyType("DestinationNetwork", ListOf(Address())),
    _COMMENTS,
)

TYPES = (
    ObjectType(
        name="IPRuleSet",
        category="RuleSet",
        is_container=True,
        predefined=("main",),
        is_closed=True,
        properties=(_COMMENTS,),
    ),
    ObjectType(
        name="IPRuleFolder",
        parents=("IPRuleSet", None),
        is_container=True,
        properties=(_COMMENTS,),
    ),
    ObjectType(
        name="IPRule",
        parents=("IPRuleSet", "IPRuleFolder"),
        naming=Naming.INDEX,
        properties=(PropertyType("Action", Text(), mandatory=True), *_TRAFFIC),
    ),
    ObjectType(
        name="IPPolicy",
        parents=("IPRuleSet", "IPRuleFolder"),
        naming=Naming.INDEX,
        properties=(PropertyType("Action", Text()), *_TRAFFIC),
    ),
    ObjectType(
        name="AccessRules",
        naming=Naming.SINGLE,
        is_container=True,
        predefined=("",),
    ),
    ObjectType(
        name="AccessRule",
        parents=("AccessRules",),
        naming=Naming.INDEX,
        properties=(
            PropertyType("Name", Text()),
            PropertyType("Action", Choice(("Drop", "Accept")), mandatory=True),
            PropertyType("Interface", _INTERFACES),
            PropertyType("Network", ListOf(Address())),
            PropertyType("LogEnabled", Boolean()),
            _COMMENTS,
        ),
    ),
)

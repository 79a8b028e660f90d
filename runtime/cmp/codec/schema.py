# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""What pyasn1 needs to be told of ASN.1: tags, optional fields, and opaque values under a tag.

pyasn1-modules tags some fields wrongly (explicit tags as primitive ones, CHOICEs implicitly) and stops at
RFC 4210 and RFC 2511, so that types are declared where they are read.
"""

from __future__ import annotations

from pyasn1.type import namedtype, tag, tagmap, univ


class _Tagged(univ.Any):
    """Opaque content under a context tag. pyasn1 lets an `Any` match every tag, so it bears only one."""

    @property
    def tagMap(self):  # noqa: N802  (pyasn1's name)
        return tagmap.TagMap({self.tagSet: self})  # pyright: ignore[reportArgumentType]


def _tag(number: int, *, constructed: bool = True) -> tag.Tag:
    form = tag.tagFormatConstructed if constructed else tag.tagFormatSimple
    return tag.Tag(tag.tagClassContext, form, number)


def _explicit(spec, number: int):
    return spec.subtype(explicitTag=_tag(number))


def explicit_any(number: int):
    """Something opaque under the context tag `number`."""
    return _explicit(_Tagged(), number)


def _implicit(spec, number: int, *, constructed: bool = True):
    return spec.subtype(implicitTag=_tag(number, constructed=constructed))


def _sequence(*fields: namedtype.NamedType):
    return univ.Sequence(componentType=namedtype.NamedTypes(*fields))


def list_of(component):
    """SEQUENCE OF `component`."""
    return univ.SequenceOf(componentType=component)


_one = namedtype.NamedType
_maybe = namedtype.OptionalNamedType

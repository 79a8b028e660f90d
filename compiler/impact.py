"""A configuration and an object in; what reaches it, and what breaks without it, out.

Pure: nothing here knows where a configuration comes from, or how the answer is shown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from ..grammar.frozen import frozen
from .address import Address
from .configuration import Configuration, Properties
from .schema.catalog import Catalog
from .suggest import did_you_mean
from .tunnels import chooses_by_identity
from .uses import by_reference, is_name, named_by, uses_in


@frozen
class Link:
    """`user` names an object, the `target`, in its `property`.

    `target` is None if only the device itself can have it. `is_open`: a device may have such an object of
    its own, so that without the target the name need not be an error.
    """

    user: Address
    property: str
    name: str
    target: Address | None
    is_open: bool


class Effect(StrEnum):
    """What goes wrong once a certificate has expired."""

    ANSWERS = "answers-not-accepted"
    OPERATIONS = "operations-fail"
    SIGNATURE = "cannot-sign"
    IDENTITY = "no-identity"
    PERHAPS_IDENTITY = "perhaps-no-identity"
    PEERS = "peers-not-accepted"
    OTHER = "refers-to-it"


@frozen
class Expiry:
    """The end of one certificate: when, if that is known, and what it does to which objects."""

    certificate: Address
    not_after: datetime | None
    effects: tuple[tuple[Effect, Address], ...]


@frozen
class Impact:
    """What hangs on the object at `address`.

    `reached_by`: the links on all ways to it, or to what is in it, nearest first. `refers_to`: its own.
    `contents` are deleted with it; `dangling` are the links that then lead nowhere. `unserved`: tunnels that
    choose a certificate by their identity, and might be left with none.
    """

    address: Address
    reached_by: tuple[Link, ...]
    refers_to: tuple[Link, ...]
    contents: tuple[Address, ...]
    dangling: tuple[Link, ...]
    unserved: tuple[Address, ...]
    expiries: tuple[Expiry, ...]


def impact_of(
    address: Address,
    configuration: Configuration,
    catalog: Catalog,
    not_after: Mapping[Address, datetime],
) -> Impact:
    """What hangs on an object of the configuration. `not_after`: ends of certificates, where known."""
    links = tuple(_links(configuration, catalog))
    contents = tuple(a for a in configuration if a.is_under(address))
    inside = {address, *contents}
    users: dict[Address, list[Link]] = {}
    for link in links:
        if link.target is not None:
            users.setdefault(link.target, []).append(link)
    tunnels = tuple(
        a for a, properties in configuration.items() if chooses_by_identity(a, properties)
    )
    certificates = [a for a in (address, *contents) if a.type == "Certificate"]
    has_identity = any(_has_identity(configuration[a]) for a in certificates)
    return Impact(
        address=address,
        reached_by=tuple(_ways((address, *contents), users)),
        refers_to=tuple(
            link for link in links if link.user in inside and link.target not in inside
        ),
        contents=contents,
        dangling=tuple(li for li in links if li.target in inside and li.user not in inside),
        unserved=tunnels if has_identity else (),
        expiries=tuple(
            Expiry(a, not_after.get(a), tuple(_effects(a, configuration[a], users, tunnels)))
            for a in certificates
        ),
    )


def users_of(
    type_name: str, configuration: Configuration, catalog: Catalog
) -> dict[Address, list[Link]]:
    """The links to each object of a type, of those that any leads to."""
    users: dict[Address, list[Link]] = {}
    for link in _links(configuration, catalog):
        if link.target is not None and link.target.type == type_name:
            users.setdefault(link.target, []).append(link)
    return users


def find(words: Sequence[str], configuration: Configuration, catalog: Catalog) -> list[Address]:
    """The objects that people mean by `cmp/clcert`, `Certificate cmp/clcert` or a path from the root."""
    text = " ".join(words)
    exact = [a for a in configuration if text in (a.reference, a.path, a.prompt)]
    if exact:
        return exact
    type_name, _, name = text.partition(" ")
    types = catalog.categories.get(type_name, (type_name,))
    return [a for a in configuration if a.type in types and a.reference == name]


def suggest(words: Sequence[str], configuration: Configuration) -> str | None:
    """The name that was perhaps meant by one that is not there."""
    text = " ".join(words)
    _, _, name = text.rpartition(" ")
    for address in configuration:  # the store is easily forgotten
        if address.name == name:
            return str(address)
    references = {reference: a for a in configuration for reference in (str(a), a.reference)}
    meant = did_you_mean(text, references) or did_you_mean(name, references)
    return None if meant is None else str(references[meant])


def _links(configuration: Configuration, catalog: Catalog) -> Iterator[Link]:
    there = by_reference(configuration)
    for user, properties in configuration.items():
        object_type = catalog.types.get(user.type)
        if object_type is None:
            continue
        for name, reference, items in uses_in(object_type, properties):
            for item in dict.fromkeys(items):
                if is_name(reference, item):
                    target = named_by(catalog, there, reference, item)
                    yield Link(user, name, item, target, reference.is_open)


def _ways(start: Sequence[Address], users: Mapping[Address, Sequence[Link]]) -> Iterator[Link]:
    """All links that lead to `start`, nearest first, each once; there may be circles."""
    seen = set(start)
    todo = deque(start)
    while todo:
        for link in users.get(todo.popleft(), ()):
            yield link
            if link.user not in seen:
                seen.add(link.user)
                todo.append(link.user)


def _has_identity(properties: Properties) -> bool:
    """Whether a certificate comes with a private key."""
    return properties.get("Type") in ("Local", "CMPv2")


def _effects(
    certificate: Address,
    properties: Properties,
    users: Mapping[Address, Sequence[Link]],
    tunnels: Sequence[Address],
) -> Iterator[tuple[Effect, Address]]:
    if properties.get("Type") == "CMPv2":
        yield Effect.SIGNATURE, certificate
    for link in users.get(certificate, ()):
        yield _BY_PROPERTY.get((link.user.type, link.property), Effect.OTHER), link.user
        if link.user.type == "CMPServer":
            for further in users.get(link.user, ()):
                if further.user.type == "Certificate":
                    yield Effect.OPERATIONS, further.user
    if _has_identity(properties):
        yield from ((Effect.PERHAPS_IDENTITY, tunnel) for tunnel in tunnels)


_BY_PROPERTY = {
    ("CMPServer", "CACert"): Effect.ANSWERS,
    ("IPsecTunnel", "GatewayCertificate"): Effect.IDENTITY,
    ("IPsecTunnel", "RootCertificates"): Effect.PEERS,
    ("RoamingVPN", "GatewayCertificate"): Effect.IDENTITY,
    ("RoamingVPN", "RootCertificates"): Effect.PEERS,
}

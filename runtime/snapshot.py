"""A configuration in, its rendering out: a script that gives the same again, a report, or JSON."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ..compiler.address import Address
from ..compiler.configuration import (
    Configuration,
    FileValue,
    Properties,
    Value,
    empty_device,
    in_order,
    is_added,
    quote,
    quote_literal,
    quote_word,
    written,
)
from ..compiler.schema.catalog import BUILT_IN
from ..compiler.schema.model import Naming, SecretText
from ..compiler.secrets import is_secret_name
from ..compiler.serialize import configuration_to_json
from . import device_report
from .certificates import Facts, facts_of, one_line
from .shown import Shown, Which
from .snapshot_files import file_name
from .state.store import Version
from .templates.rendering import built_in, render

SNAPSHOT_SCHEMA = "csc/snapshot/1"


@dataclass(frozen=True, slots=True)
class SnapshotObject:
    """An object as templates see it.

    `properties` are ready to be written. `facts` are those of its certificate; `is_revoked` tells that CMP
    has revoked that.
    """

    type: str
    name: str
    reference: str
    context: str
    enter: str
    is_predefined: bool
    properties: Mapping[str, str]
    facts: Facts | None
    is_revoked: bool


def render_script(
    device: str,
    version: Version,
    revoked: Container[str],
    read: Callable[[str], bytes | None],
    which: Which = Which.COMMITTED,
) -> str:
    """The version as a script that gives the same configuration to a new device.

    `read` gives the bytes of a content id, `revoked` holds those of revoked certificates.
    """
    variables = _script_variables(device, version, revoked, read, which)
    return render(built_in("snapshot.cfg"), variables)


def render_report(shown: Shown, read: Callable[[str], bytes | None], now: datetime) -> str:
    """What is shown as a report in Markdown, which reads as text."""
    return render(built_in("report.md"), template_variables(shown, read, now))


def template_variables(
    shown: Shown, read: Callable[[str], bytes | None], now: datetime
) -> dict[str, Any]:
    """All that templates see; docs/templates.md tells what each of them holds."""
    version = shown.version
    return {
        **_script_variables(shown.device, version, shown.revoked, read, shown.which),
        "committed_by": one_line(shown.committed_by),
        "made_at": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "certificates": list(device_report.certificates(shown, read, now)),
        "tunnels": device_report.tunnels(version.configuration),
        "kinds": list(device_report.kinds(version.configuration)),
        "uncommitted": list(device_report.uncommitted(shown.committed, shown.candidate)),
        "is_active_committed": shown.now.is_active_committed,
        "left_open": list(map(device_report.left_open, shown.now.left_open)),
    }


def _script_variables(
    device: str,
    version: Version,
    revoked: Container[str],
    read: Callable[[str], bytes | None],
    which: Which,
) -> dict[str, Any]:
    return {
        "device": one_line(device),
        "shown": which.value,
        "version": version.number,
        "committed_at": f"{version.committed_at:%Y-%m-%dT%H:%M:%SZ}"
        if version.committed_at
        else "",
        "script": version.script,
        "deleted": [
            f"{address.type} {quote_word(address.name)}"
            for address in empty_device()
            if address not in version.configuration
        ],
        "objects": _objects(version.configuration, revoked, read),
    }


def render_json(shown: Shown, read: Callable[[str], bytes | None]) -> dict[str, Any]:
    """What is shown as a JSON document, with the facts of every certificate."""
    version = shown.version
    certificates: dict[str, Any] = {}
    for address, properties in version.configuration.items():
        facts = _facts(properties, read)
        if facts is not None:
            is_revoked = _certificate(properties) in shown.revoked
            certificates[address.path] = {**asdict(facts), "is_revoked": is_revoked}
    return {
        "schema": SNAPSHOT_SCHEMA,
        "device": shown.device,
        "shown": shown.which.value,
        "version": version.number,
        "committed_at": version.committed_at.isoformat() if version.committed_at else None,
        "committed_by": shown.committed_by or None,
        "script": version.script or None,
        "configuration": configuration_to_json(version.configuration),
        "certificates": certificates,
    }


def _objects(
    configuration: Configuration,
    revoked: Container[str],
    read: Callable[[str], bytes | None],
) -> list[SnapshotObject]:
    """Objects, each container's together; containers come before what is in them."""
    return [
        SnapshotObject(
            type=address.type,
            name="" if _is_nameless(address, configuration) else quote_word(address.name),
            reference=one_line(address.reference),
            context=address.parent.path,
            enter=_enter(address.parent),
            is_predefined=not is_added(address, properties),
            properties={
                name: _written(address, name, properties[name])
                for name in _property_order(address, properties)
            },
            facts=_facts(properties, read),
            is_revoked=_certificate(properties) in revoked,
        )
        for address, properties in sorted(
            in_order(configuration),
            key=lambda item: (len(item[0].segments), item[0].parent.path),
        )
    ]


def _property_order(address: Address, properties: Properties) -> list[str]:
    object_type = BUILT_IN.types.get(address.type)
    known = list(object_type.by_name) if object_type else []
    return sorted(
        written(properties), key=lambda n: (known.index(n) if n in known else len(known), n)
    )


def _enter(context: Address) -> str:
    """The commands that lead from the root to `context`."""
    steps = [Address(context.segments[: depth + 1]) for depth in range(len(context.segments))]
    return "\n".join(
        f"cc {step.type} {quote_word(step.name)}" if step.name else f"cc {step.type}"
        for step in steps
    )


def _is_nameless(address: Address, configuration: Configuration) -> bool:
    """Whether no word names the object: it is the only one, or known by its place among its siblings."""
    object_type = BUILT_IN.types.get(address.type)
    if object_type is not None:
        return object_type.naming is not Naming.NAME
    row = [a for a in configuration if a.parent == address.parent and a.type == address.type]
    places = {str(place) for place in range(1, len(row) + 1)}
    return address.name == "" or {a.name for a in row} == places


def _written(address: Address, name: str, value: Value) -> str:
    if isinstance(value, FileValue):
        return quote(f"file://{file_name(address, name)}")
    object_type = BUILT_IN.types.get(address.type)
    kind = object_type.property(name) if object_type else None
    takes_source = isinstance(kind.kind, SecretText) if kind else is_secret_name(name)
    # Elsewhere `${` is text, which a script would take for more.
    if isinstance(value, str) and not takes_source:
        return quote_literal(value)
    return quote(str(value))


def _certificate(properties: Properties) -> str:
    """The content id of an object's certificate, empty if it has none."""
    value = properties.get("CertificateData")
    return value.content if isinstance(value, FileValue) else ""


def _facts(properties: Properties, read: Callable[[str], bytes | None]) -> Facts | None:
    content = _certificate(properties)
    data = read(content) if content else None
    return None if data is None else facts_of(data)

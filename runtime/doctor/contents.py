"""Checks of what the tables say: devices, versions, and all that they refer to."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ...compiler.configuration import Configuration, FileValue
from ...compiler.serialize import configuration_from_json
from ..uploads import content_id
from .databases import SALVAGE
from .finding import Finding, fault
from .scene import Scene

_WRONG = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


def check_configurations(scene: Scene) -> Iterator[Finding]:
    """Whether each configuration can be read."""
    for what, text in _texts(scene):
        if _read(text) is None:
            yield fault(f"{what} cannot be read", SALVAGE)


def check_versions(scene: Scene) -> Iterator[Finding]:
    """Whether no committed version is missing: they count from 1 to the device's newest."""
    numbers: dict[str, list[int]] = {}
    for device, number in scene.rows("SELECT device, number FROM version ORDER BY device, number"):
        numbers.setdefault(device, []).append(number)
    newest = {name: number for name, number in scene.rows("SELECT name, version FROM device")}  # noqa: C416
    for device in sorted({*numbers, *newest}, key=str):
        found, last = numbers.get(device, []), newest.get(device)
        if not isinstance(last, int) or found != list(range(1, last + 1)):
            there = ", ".join(map(str, found)) or "none"
            yield fault(
                f"the versions of device {device} are not 1 to {last}: there are {there}", SALVAGE
            )


def check_references(scene: Scene) -> Iterator[Finding]:
    """Whether every file that a configuration or a device names is there."""
    contents = {row[0] for row in scene.rows("SELECT id FROM content")}
    secrets = {row[0] for row in scene.rows("SELECT id FROM secret")}
    missing: dict[str, list[str]] = {}
    for what, text in _texts(scene):
        for path, value in _files(_read(text) or {}):
            if value.content not in (secrets if value.is_secret else contents | secrets):
                missing.setdefault(value.content, []).append(f"{path} in {what}")
    for device, name, content in scene.rows("SELECT device, name, content FROM device_file"):
        if content not in contents | secrets:
            missing.setdefault(content, []).append(f"{name} of device {device}")
    for content, issuer in scene.rows("SELECT certificate, issuer FROM issuer"):
        if issuer not in contents:
            missing.setdefault(issuer, []).append(f"the chain of {content}")
    for content, places in missing.items():
        more = f", and {len(places) - 1} more" if len(places) > 1 else ""
        yield fault(f"{content} is not there: {places[0]}{more} needs it", SALVAGE)


def check_contents(scene: Scene) -> Iterator[Finding]:
    """Whether public bytes are those that their id says."""
    for name, data in scene.rows("SELECT id, data FROM content"):
        if not isinstance(data, bytes) or content_id(data) != name:
            yield fault(f"the bytes of {name} are others", SALVAGE)


def _texts(scene: Scene) -> Iterator[tuple[str, object]]:
    """Every configuration, unread, with what it is."""
    for name, candidate, active in scene.rows("SELECT name, candidate, active FROM device"):
        yield f"the candidate of device {name}", candidate
        yield f"the active configuration of device {name}", active
    for device, number, text in scene.rows(
        "SELECT device, number, configuration FROM version ORDER BY device, number"
    ):
        yield f"version {number} of device {device}", text


def _read(text: object) -> Configuration | None:
    try:
        return configuration_from_json(json.loads(str(text)))
    except _WRONG:
        return None


def _files(configuration: Configuration) -> Iterator[tuple[str, FileValue]]:
    for address, properties in configuration.items():
        for value in properties.values():
            if isinstance(value, FileValue):
                yield address.path, value

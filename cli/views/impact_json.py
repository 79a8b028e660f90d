"""What hangs on an object in, a JSON document out."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from ...compiler.address import Address
from ...compiler.impact import Expiry, Impact, Link

SCHEMA = "csc/impact/1"


def document(impact: Impact) -> dict[str, Any]:
    """The answer for machines; objects are paths from the root."""
    return {
        "schema": SCHEMA,
        "object": impact.address.path,
        "reached_by": [_link(link) for link in impact.reached_by],
        "refers_to": [_link(link) for link in impact.refers_to],
        "expiry": [_expiry(expiry) for expiry in impact.expiries],
        "deletion": {
            "contents": _paths(impact.contents),
            "dangling": [_link(link) for link in impact.dangling],
            "perhaps_without_certificate": _paths(impact.unserved),
        },
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "object": link.user.path,
        "property": link.property,
        "name": link.name,
        "target": None if link.target is None else link.target.path,
        "device_may_have_it": link.is_open,
    }


def _expiry(expiry: Expiry) -> dict[str, Any]:
    end = expiry.not_after
    return {
        "certificate": expiry.certificate.path,
        "not_after": None if end is None else f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "effects": [
            {"effect": effect.value, "object": address.path} for effect, address in expiry.effects
        ],
    }


def _paths(addresses: tuple[Address, ...]) -> list[str]:
    return [address.path for address in addresses]

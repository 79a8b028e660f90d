"""A private key that is about to be given out in, its entry in the audit log out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..certificates import key_id
from ..state import audit_events
from ..state.holding import open_in_turn
from ..state.location import Location
from .pair import Pair


def tell_exported(location: Location, device: str, pair: Pair, details: Mapping[str, Any]) -> None:
    """Write down that the key of a pair is given out, before it is. `details` say in which form.

    Nobody needs to hold the device: what is written is the log alone, whose end is locked.

    Raises:
        StateError: if the state cannot be written to.
    """
    assert pair.key is not None  # noqa: S101  (without one there is nothing to tell)
    store = open_in_turn(location)
    try:
        told = {"certificate": pair.name, "serial_number": f"{pair.certificate.serial_number:x}"}
        audit_events.key_exported(store, device, key_id(pair.key.public_key()), {**told, **details})
    finally:
        store.close()

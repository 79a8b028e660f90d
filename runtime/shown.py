"""A state and which of a device's configurations is wanted in; that one, with what belongs to it, out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..compiler.configuration import Configuration, empty_device
from .state.overview import Overview, overviews
from .state.store import Store, Version
from .state.versions import committed_by
from .status import DeviceStatus, as_of, status_of


class Which(StrEnum):
    """The three configurations of a device."""

    COMMITTED = "committed"
    ACTIVE = "active"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class Shown:
    """A configuration of a device that is to be shown, and how the device is now.

    `version` is the committed one; of an active configuration or a candidate, the newest, with that
    configuration in its place.
    """

    device: str
    which: Which
    version: Version
    committed_by: str
    revoked: frozenset[str]
    now: DeviceStatus
    committed: Configuration
    candidate: Configuration


def look(
    store: Store,
    device: str,
    now: datetime,
    which: Which = Which.COMMITTED,
    number: int | None = None,
) -> Shown:
    """A configuration of a device, all of one moment. `number` is that of a committed version.

    Raises:
        StateError: if there is no such version, or the state cannot be read.
    """
    with store.database.snapshot():
        overview = next(iter(overviews(store, device)), None) or _new(device)
        overview = as_of(overview, now)
        version = store.version(device, number)
        revoked = frozenset(
            record.certificate
            for record in store.load(device).certificates.values()
            if record.is_revoked
        )
        by = committed_by(store, device, version.number)
    if which is not Which.COMMITTED:
        configuration = overview.active if which is Which.ACTIVE else overview.candidate
        version = replace(version, configuration=configuration)
    return Shown(
        device,
        which,
        version,
        by,
        revoked,
        status_of(overview, now),
        overview.committed,
        overview.candidate,
    )


def _new(device: str) -> Overview:
    """A device that nothing was ever written to."""
    new = empty_device()
    return Overview(device, 0, new, new, new, {}, ())

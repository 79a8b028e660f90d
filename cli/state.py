"""A state's location in, what a script starts from out. Reading never makes or changes a state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..compiler.device import DeviceState
from ..compiler.schema.catalog import Catalog
from ..grammar.frozen import frozen
from ..runtime.fingerprint import fingerprint_of
from ..runtime.state.errors import StateError
from ..runtime.state.location import Location
from ..runtime.uploads import content_id
from .exits import Failure

if TYPE_CHECKING:
    from ..runtime.activation import Activation


@frozen
class Base:
    """A device's state, and the files that its own snapshot names, by content id.

    `fingerprint` tells the secrets of its configuration apart. `rolled_back` is an activation that has run
    out, if nobody has written that down yet.
    """

    state: DeviceState
    files: dict[str, str]
    fingerprint: Callable[[str], str]
    rolled_back: Activation | None = None


def load_base(
    location: Location,
    device: str,
    now: datetime,
    find_key: Callable[[], bytes | None] | None = None,
) -> Base:
    """A device as it is at the time `now`; a new device where nothing is stored.

    Raises:
        Failure: if the state cannot be used.
    """
    fingerprint = fingerprint_of(find_key or partial(_read_key, location))
    if location.is_new:
        return Base(DeviceState(), {}, fingerprint)
    from ..runtime.snapshot_files import snapshot_files
    from ..runtime.state.opening import load_device_as_of

    try:
        state, rolled_back = load_device_as_of(location, device, now)
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    return Base(state, snapshot_files(state.committed), fingerprint, rolled_back)


def find_base(
    location: Location,
    device: str,
    file: Path | None,
    catalog: Catalog,
    now: datetime,
    find_key: Callable[[], bytes | None] | None = None,
) -> Base:
    """A device as it is at the time `now`, or the snapshot in `file` in its place.

    `find_key` gives the fingerprint key; without it the state is read for it when a secret is met.

    Raises:
        Failure: if the state or the file cannot be used.
    """
    if file is None:
        return load_base(location, device, now, find_key)
    from .base_file import read_base

    return read_base(file, catalog, fingerprint_of(find_key or partial(_read_key, location)))


def _read_key(location: Location) -> bytes | None:
    """The fingerprint key, for who changes nothing; None, and a warning, where the master key is not.

    Raises:
        Failure: if the state cannot be used, or the master key is another one.
    """
    if location.is_new:
        return None
    from ..runtime.state.vault.errors import MasterKeyMissing
    from ..runtime.state.vault.opening import read_fingerprint_key

    try:
        return read_fingerprint_key(location)
    except MasterKeyMissing as error:
        import click

        from .views.source_text import printable

        click.echo(
            f"warning: secrets of the script count as changed, for {printable(str(error))}",
            err=True,
        )
        return None
    except StateError as error:
        raise Failure(str(error), error.way_out) from None


def sandbox_roots_of(location: Location) -> tuple[str, ...]:
    """The content ids of the sandbox CA's roots. The first stands in for a missing CA file with `--sandbox`.

    Raises:
        Failure: if the sandbox's folder does not hold a CA.
    """
    if not location.sandbox.exists():
        return ("sandbox:root",)
    from ..runtime.sandbox.authority.root import roots_of

    try:
        roots = roots_of(location.sandbox)
    except (OSError, ValueError) as error:
        raise Failure(
            f"{location.sandbox} cannot be used: {error}",
            "it should hold the sandbox's CA; remove it, and the next run makes a new one",
        ) from None
    return tuple(map(content_id, roots)) or ("sandbox:root",)

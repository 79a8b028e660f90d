"""The options that every command shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..grammar.frozen import frozen

if TYPE_CHECKING:
    from ..runtime.routing import Route


@frozen
class Settings:
    """`state` is a state URL, `device` a device's name.

    `routes` say where to connect to in place of what a script names (`--connect-to`).
    """

    state: str
    device: str
    is_quiet: bool
    is_verbose: bool
    routes: tuple[Route, ...] = ()

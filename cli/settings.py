"""The options that every command shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runtime.routing import Route


@dataclass(frozen=True, slots=True)
class Settings:
    """`state` is a state URL, `device` a device's name.

    `routes` say where to connect to in place of what a script names (`--connect-to`).
    """

    state: str
    device: str
    is_quiet: bool
    is_verbose: bool
    routes: tuple[Route, ...] = ()

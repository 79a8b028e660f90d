"""What can be wrong with stored state."""

from __future__ import annotations


class StateError(Exception):
    """The state cannot be used; `way_out` says what to do."""

    def __init__(self, message: str, way_out: str) -> None:
        super().__init__(message)
        self.way_out = way_out


class Locked(StateError):
    """Somebody else is writing to the state."""


class Outdated(StateError):
    """An older csc has written the state, and only a writer brings it up to date."""


class Unusable(StateError):
    """What lies there cannot be read or written: it may be damaged."""

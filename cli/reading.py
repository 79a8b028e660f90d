"""A state's URL in, the open state to read from out. Reading makes and changes nothing, and never waits."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from ..runtime.state.errors import StateError
from ..runtime.state.location import parse_url
from ..runtime.state.opening import open_to_read
from ..runtime.state.store import Store
from .exits import USAGE, Failure


@contextmanager
def reading(url: str) -> Generator[Store]:
    """The state for the length of the block.

    Raises:
        Failure: if there is none, or it cannot be used.
    """
    try:
        location = parse_url(url)
    except StateError as error:
        raise Failure(str(error), error.way_out, USAGE) from None
    try:
        store = open_to_read(location)
        if store is None:
            raise Failure("there is no state yet", "apply a script first: `csc apply SCRIPT`")
        try:
            yield store
        finally:
            store.close()
    except StateError as error:
        raise Failure(str(error), error.way_out) from None

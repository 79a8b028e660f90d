"""A device in, the right to write to it out; what was not committed in time is rolled back by then."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import click

from ..runtime.state.activations import roll_back_run_out
from ..runtime.state.errors import Locked, StateError
from ..runtime.state.holding import Held, hold
from ..runtime.state.location import Location
from .exits import REFUSED, Failure
from .rolled_back import tell_rolled_back
from .settings import Settings
from .views.source_text import printable


@contextmanager
def holding(
    settings: Settings, location: Location, device: str, lock_timeout: float
) -> Generator[Held]:
    """Hold a device for the length of the block; waiting for it is told on stderr.

    Raises:
        Failure: if another process holds it, or the state cannot be used.
    """
    try:
        with hold(location, device, lock_timeout, partial(_say_waiting, settings)) as held:
            if not location.is_new:
                now = datetime.now(UTC)
                tell_rolled_back(roll_back_run_out(held.store, device, now), settings)
            yield held
    except Locked as error:
        raise Failure(str(error), error.way_out, REFUSED) from None
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    except BrokenPipeError:
        raise  # whoever reads our output has gone; that says nothing of the state
    except OSError as error:
        # What is written without a name may be our output, too.
        what = "" if error.filename is not None else ", or what the output goes to,"
        raise Failure(
            f"the state in {location.folder}{what} cannot be used: {error.strerror}",
            "check the path, its permissions and the disk",
        ) from None


def refuse_if_run_out(settings: Settings, held: Held) -> None:
    """Refuse to go on with what was planned, if an activation has run out since: while somebody was asked.

    Raises:
        Failure: if it has.
    """
    if held.location.is_new:
        return
    run_out = roll_back_run_out(held.store, held.device, datetime.now(UTC))
    if run_out is not None:
        tell_rolled_back(run_out, settings)
        raise Failure(
            "the device's state has changed since it was planned",
            "give the command again: it plans anew",
            REFUSED,
        )


def _say_waiting(settings: Settings, refused: Locked) -> None:
    if not settings.is_quiet:
        click.echo(f"Waiting: {printable(str(refused))}", err=True)

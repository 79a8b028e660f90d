"""Signals in, a run that ends early out: once, and nothing new begins; twice, and the process ends at once.

The journal makes both safe. A first signal lets operations under way come to their end, except those that
wait for their CA's decision, which may take days: they are left open, and the next apply polls on.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio

from ...compiler.plan import Step
from ..errors import LeftOpen

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether a run is to end early. Safe to use from several threads."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_requested(self) -> bool:
        """Whether nothing new may begin."""
        return self._event.is_set()

    def request(self) -> None:
        """Let nothing new begin, and end all waits."""
        self._event.set()

    def pause(self, seconds: float) -> None:
        """Wait; for `Surroundings.pause`.

        Raises:
            LeftOpen: as soon as the run is to end.
        """
        if self._event.wait(seconds):
            raise LeftOpen(
                "the CA has not decided yet, and the run is to end",
                "apply again: the next run polls on",
            )


@dataclass(frozen=True, slots=True)
class Interrupts:
    """What signals do. `say` hears of the first one, with the operations that are under way.

    `leave` is called at the second one, and does not come back.
    """

    say: Callable[[Sequence[Step]], None]
    leave: Callable[[], None]
    signals: tuple[signal.Signals, ...] = SIGNALS


async def listen(
    interrupts: Interrupts,
    stop: Stop,
    under_way: Callable[[], Sequence[Step]],
    wake: Callable[[], None],
) -> None:
    """Take signals until cancelled; those that this process ignores stay ignored. Main thread only."""
    heard = [s for s in interrupts.signals if signal.getsignal(s) is not signal.SIG_IGN]
    with anyio.open_signal_receiver(*heard) as received:
        async for _ in received:
            if stop.is_requested:
                interrupts.leave()
            else:
                stop.request()
                interrupts.say(under_way())
                wake()

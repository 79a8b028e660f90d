"""What was activated and the time in; whether it is still active, out. No state, and no clock of its own.

1. `activate` begins a time in which `commit` has to come. The last activation counts, and its own time.
2. Without a `commit`, active configuration and candidate are the committed one from the deadline on. That
   is so by the clock alone: who reads computes it, and the next who writes writes it down first.
3. A candidate that was never activated has no deadline. Nor has an activation that changed nothing of what
   is committed.
4. What runs out or fails takes back configurations, never what CMP obtained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..compiler.device import DeviceState

COMMIT_TIMEOUT = timedelta(seconds=30)
"""How long a device waits for `commit` (Administration Guide of cOS Core: NetconBiDirTimeout)."""


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation that is not committed. Times are timezone-aware.

    `rolled_back_at` is when it was rolled back, None if nobody has written that down.
    """

    activated_at: datetime
    deadline: datetime
    rolled_back_at: datetime | None = None

    @property
    def timeout(self) -> timedelta:
        """The time that it had."""
        return self.deadline - self.activated_at

    def is_waiting(self, now: datetime) -> bool:
        """Whether a `commit` would come in time."""
        return self.rolled_back_at is None and now < self.deadline

    def is_overdue(self, now: datetime) -> bool:
        """Whether it has run out, and nobody has written that down."""
        return self.rolled_back_at is None and now >= self.deadline

    def as_of(self, now: datetime) -> Activation:
        """It, as rolled back at its deadline if it is overdue."""
        return replace(self, rolled_back_at=self.deadline) if self.is_overdue(now) else self


def activated(now: datetime, timeout: timedelta) -> Activation:
    """An activation that begins now."""
    return Activation(now, now + timeout)


def rolled_back(state: DeviceState) -> DeviceState:
    """A device's state without what is not committed; device files and certificates stay."""
    return replace(state, active=state.committed, candidate=state.committed, left_by="")

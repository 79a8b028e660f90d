"""What can go wrong while a plan is carried out.

    ApplyError
    +-- SecretMissing       a ${…} names nothing that can be read
    +-- SecretUnusable      what a ${…} names cannot be a secret
    +-- ContentMissing      the state lacks bytes that the plan relies on
    +-- CommitTooLate       what was activated is rolled back already
    +-- NotPlanned          a CMP message that the plan does not have
    +-- LeftOpen            a wait for the CA's decision was broken off, for the run is to end
    +-- OtherSecret         an open operation was begun with another secret than there is now
    +-- OtherDestination    an open operation was begun at the sandbox CA, or not, and now it is the reverse
    +-- CannotRevoke        a certificate that is given up has a key that cannot sign
    +-- StepsFailed         steps failed or were not tried; holds the report of the run
        +-- Interrupted     so it is because the run was asked to end

Errors of the peer are `CMPError`s (`cmp/errors.py`), errors of the state `StateError`s
(`state/errors.py`); inside StepsFailed they stand with their steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .report import Report

if TYPE_CHECKING:
    from .committing import Remains


class ApplyError(Exception):
    """Applying failed; `way_out` says what to do."""

    def __init__(self, message: str, way_out: str) -> None:
        super().__init__(message)
        self.way_out = way_out


class SecretMissing(ApplyError):
    """A confidential text cannot be read from where the script says."""


class SecretUnusable(ApplyError):
    """What was read where the script says cannot be a confidential text."""


class ContentMissing(ApplyError):
    """Bytes that the plan relies on are not there."""


class OtherSecret(ApplyError):
    """An operation that was cut off was begun with another secret than there is now."""


class OtherDestination(ApplyError):
    """An operation that was cut off was begun at the sandbox CA, and this is a real one; or the reverse."""


class CannotRevoke(ApplyError):
    """A certificate that is given up cannot be revoked with its own key."""


class CommitTooLate(ApplyError):
    """An activation has run out before it was committed."""


class NotPlanned(ApplyError):
    """A message of an operation is not the one that the plan has in its place."""


class LeftOpen(ApplyError):
    """The CA has not decided yet, and the run is to end. The journal knows how to go on."""


class StepsFailed(ApplyError):
    """Not every step of the plan is done: some failed, and others waited for them.

    `remains` is what the run leaves behind.
    """

    def __init__(self, report: Report, remains: Remains | None = None) -> None:
        super().__init__(self._headline(report), "mend the cause and apply again")
        self.report = report
        self.failures = report.failures
        self.not_tried = report.not_tried
        self.remains = remains

    def _headline(self, report: Report) -> str:
        return f"{len(report.failures)} of the plan's steps failed"


class Interrupted(StepsFailed):
    """The run was asked to end before every step was done; some may have failed, too."""

    def _headline(self, report: Report) -> str:
        return f"interrupted with {len(report.done)} of the plan's steps done"

"""What can go wrong while a plan is carried out.

    ApplyError
    +-- SecretMissing       a ${…} names nothing that can be read
    +-- SecretUnusable      what a ${…} names cannot be a secret
    +-- ContentMissing      the state lacks bytes that the plan relies on
    +-- OtherSecret         an open operation was begun with another secret than there is now
    +-- CannotRevoke        a certificate that is given up has a key that cannot sign
    +-- StepsFailed         one or more steps failed; holds each with its error

Errors of the peer are `CMPError`s (`cmp/errors.py`), errors of the state `StateError`s
(`state/errors.py`); inside StepsFailed they stand with their steps.
"""

from __future__ import annotations

from ..compiler.plan import Step


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


class CannotRevoke(ApplyError):
    """A certificate that is given up cannot be revoked with its own key."""


class StepsFailed(ApplyError):
    """Steps failed. `not_tried` are those that waited for them, or had not begun yet."""

    def __init__(
        self, failures: tuple[tuple[Step, Exception], ...], not_tried: tuple[Step, ...]
    ) -> None:
        super().__init__(
            f"{len(failures)} of the plan's steps failed", "mend the cause and apply again"
        )
        self.failures = failures
        self.not_tried = not_tried

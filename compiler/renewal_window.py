"""A certificate's validity in, the time from which it is due for an update out."""

from __future__ import annotations

from datetime import datetime

# The last third of its validity, as ACME clients have it: 30 of 90 days, 4 of 12 months.
_PART = 3


def due_from(not_before: datetime, not_after: datetime) -> datetime:
    """The beginning of the renewal window, which ends with the certificate."""
    return not_after - (not_after - not_before) / _PART

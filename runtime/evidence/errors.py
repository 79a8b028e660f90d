"""What can be wrong with the record of a run."""

from __future__ import annotations

from ..errors import ApplyError


class RecordUnusable(ApplyError):
    """A record cannot be written or read, or a file is none."""

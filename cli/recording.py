"""The name of a file in, the record of this run in it out."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ..compiler.plan import Plan
from ..runtime.evidence.recorder import Append, anchors_of, open_record
from ..runtime.execution import Materials
from ..runtime.session import Session


def open_run(path: Path) -> AbstractContextManager[Append]:
    """What appends to the record at `path`.

    Raises:
        RecordUnusable: if it cannot be written, or something else is there.
    """
    return open_record(path, version("csc-cos"), datetime.now(UTC))


def keep_anchors(append: Append, plan: Plan, session: Session, materials: Materials) -> None:
    """Append the CA certificates that the plan relies on, wherever they are now.

    Raises:
        RecordUnusable: if the record cannot be written.
    """

    def find(content: str) -> bytes | None:
        if content == "sandbox:root":
            return session.sandbox_root
        return session.surroundings.store.content(content) or materials.find(content)

    for anchor in anchors_of(plan, find):
        append(anchor)

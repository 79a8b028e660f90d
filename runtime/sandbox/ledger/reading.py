"""The folder of a sandbox CA in, what its ledger says out, also while a CA writes to it. Changes nothing."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .ledger import Ledger, LedgerEntry
from .traffic import RequestEntry


@dataclass(frozen=True, slots=True)
class Contents:
    """Every certificate and every request, oldest first, as they were at one moment."""

    certificates: tuple[LedgerEntry, ...]
    requests: tuple[RequestEntry, ...]


def read_ledger(folder: Path) -> Contents:
    """What the ledger of the sandbox CA in `folder` says.

    Raises:
        FileNotFoundError: if there is none.
        sqlite3.Error: if it cannot be read.
    """
    path = folder / "ledger.db"
    if not path.exists():
        raise FileNotFoundError(path)
    with closing(Ledger.open_to_read(path)) as ledger, ledger.snapshot():
        return Contents(ledger.entries(), ledger.requests())

"""The audit log in, runs out: who applied what, when, from which script, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .state.audit_chain import BEGAN, COLUMNS, WHOLE_STATE, Entry, entry_of
from .state.store import Store

STARTED = "run-started"
ENDED = "run-ended"
DID_NOT_END = "did not end"
RUNS = "runs"


@dataclass(frozen=True, slots=True)
class Run:
    """The entries of a run, oldest first; or a single one of its own, whose `id` is empty.

    `outcome` is what the run's end says: done, failed or interrupted; `did not end` if there is no end, or
    `runs` as long as its process does. What is no run has none.
    """

    id: str
    entries: tuple[Entry, ...]
    outcome: str | None

    @property
    def first(self) -> Entry:
        """What it began with."""
        return self.entries[0]

    @property
    def start(self) -> Mapping[str, Any]:
        """What was told when it began, empty for what is no run."""
        return self.first.told if self.first.what == STARTED else {}

    @property
    def end(self) -> Entry | None:
        """Its end, None if it has none."""
        return next((entry for entry in reversed(self.entries) if entry.what == ENDED), None)


@dataclass(frozen=True, slots=True)
class Query:
    """Which runs are asked for. `device` None: of all; `run` is the beginning of an id; `limit` 0: all."""

    device: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    run: str = ""
    limit: int = 0


def find_runs(store: Store, query: Query, alive: Mapping[str, tuple[str, int]]) -> list[Run]:
    """The runs that a query asks for, newest first, with what concerns the state as a whole.

    `alive` has who holds a device at the moment, as user@host and process.

    Raises:
        StateError: if the state cannot be read.
    """
    with store.database.snapshot():
        found: list[Run] = []
        for device, seq, run in _heads(store, query):
            entries = _entries(store, device, seq, run)
            found.append(Run(run, entries, _outcome(entries, alive) if run else None))
            if query.limit and len(found) == query.limit:
                break
        return found


def _heads(store: Store, query: Query) -> Iterator[tuple[str, int, str]]:
    """The first entry of each run that fits: device, number, id. Newest first."""
    only, names = "", ()
    if query.device is not None:
        only, names = " AND device IN (?, ?)", (query.device, WHOLE_STATE)
    rows = store.database.execute(
        "SELECT device, seq, run, at FROM audit WHERE what <> ?"  # noqa: S608
        f" AND (run = '' OR what = ?){only}",
        BEGAN,
        STARTED,
        *names,
    )
    timed = [(datetime.fromisoformat(at), device, seq, run) for device, seq, run, at in rows]
    for at, device, seq, run in sorted(timed, reverse=True):
        is_late = query.since is None or at >= query.since
        is_early = query.until is None or at <= query.until
        if is_late and is_early and run.startswith(query.run):
            yield device, seq, run


def _entries(store: Store, device: str, seq: int, run: str) -> tuple[Entry, ...]:
    which, value = ("run", run) if run else ("seq", seq)
    rows = store.database.execute(
        f"SELECT {COLUMNS} FROM audit WHERE device = ? AND {which} = ? ORDER BY seq",  # noqa: S608
        device,
        value,
    )
    return tuple(map(entry_of, rows))


def _outcome(entries: tuple[Entry, ...], alive: Mapping[str, tuple[str, int]]) -> str:
    first = entries[0]
    for entry in reversed(entries):
        if entry.what == ENDED:
            return str(entry.told.get("outcome", ""))
    if first.device == WHOLE_STATE:  # who is about it holds every device
        is_alive = (first.who, first.pid) in alive.values()
    else:
        is_alive = alive.get(first.device) == (first.who, first.pid)
    return RUNS if is_alive else DID_NOT_END

"""Checks of what is going on and went on: operations that were cut off, writers, the clock, the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ...compiler.address import Address
from ..recovery.phases import ISSUED, OPEN, Phase
from ..state import lease
from ..state.advisory import SessionLock
from ..state.audit import verify
from ..state.owner import Life, life_of, this_process
from .databases import SALVAGE
from .finding import Finding, fault, fine, warning
from .scene import Scene

# What is shown of a log that somebody has made anew from some entry on.
_MOST = 10
_ENDED = {Phase.RECORDED, Phase.CLOSED}
# How far clocks of machines that share a state may be apart.
_APART = timedelta(minutes=5)
# What holds times at which csc itself wrote.
_TIMES = {
    "version": ("committed_at",),
    "journal": ("started_at", "ended_at"),
    "lease": ("acquired_at", "renewed_at"),
}


def check_journal(scene: Scene) -> Iterator[Finding]:
    """Operations that were cut off, and whether the keys that they wait for are there."""
    rows = scene.rows(
        "SELECT journal.id, device, path, operation, phase, started_at, key, secret.id, certificate,"
        " content.id FROM journal LEFT JOIN secret ON secret.id = journal.key"
        " LEFT JOIN content ON content.id = journal.certificate ORDER BY journal.id"
    )
    for entry, device, path, operation, phase, begun, key, its_key, certificate, its_bytes in rows:
        what = f"entry {entry} of the journal ({operation} of {path} on device {device})"
        if key is not None and its_key is None:
            yield fault(f"{what} has lost its key {key}", SALVAGE)
        if certificate is not None and its_bytes is None:
            yield fault(f"{what} has lost its certificate {certificate}", SALVAGE)
        if phase in OPEN:
            came_to = "the CA has issued" if phase in ISSUED else "the CA may have issued"
            yield warning(
                f"{operation} of {_name(path)} on device {device} is open since {begun}: {came_to}",
                "`csc resume`, or apply the same script again, which takes it up",
            )
        elif phase not in _ENDED:
            yield warning(f"{what} is in a phase that nobody knows: {phase}", SALVAGE)


def _name(path: str) -> str:
    return Address.parse(path).reference


def check_audit_log(scene: Scene) -> Iterator[Finding]:
    """Whether each device's log is as csc wrote it, and the state is as the log tells."""
    assert scene.store is not None  # noqa: S101
    faults = verify(scene.store)
    for each in faults[:_MOST]:
        yield fault(str(each), "`csc log --verify`; docs/audit.md says what it proves")
    if len(faults) > _MOST:
        more = f"and {len(faults) - _MOST} more in the audit log"
        yield fault(more, "`csc log --verify` lists all")


def check_leases(scene: Scene) -> Iterator[Finding]:
    """Who holds devices, and whether they live."""
    here = this_process()
    assert scene.store is not None  # noqa: S101
    for found in lease.all_leases(scene.store.database):
        life = life_of(found.owner, here)
        if scene.location.database is None:
            is_held = SessionLock(scene.store.database, found.device).is_held()
            life = Life.RUNS if is_held else Life.GONE
        since = f"{found.acquired_at:%Y-%m-%d %H:%M:%S} UTC"
        told = f"device {found.device} is held by {found.owner} since {since}"
        if life is Life.RUNS:
            yield fine(f"{told}, who runs")
        elif life is Life.GONE:
            yield warning(f"{told}, who is dead", "nothing: the next run takes over")
        else:
            yield warning(
                f"{told}; whether that process lives is not known here",
                f"if it does not, `csc unlock --force {found.device}`",
            )


def check_clock(scene: Scene) -> Iterator[Finding]:
    """Whether what was written last lies in the future."""
    newest: datetime | None = None
    for table, columns in _TIMES.items():
        for column in columns:
            for (text,) in scene.rows(f"SELECT max({column}) FROM {table}"):  # noqa: S608
                if text is None:
                    continue
                try:
                    time = datetime.fromisoformat(text)
                except (ValueError, TypeError):
                    yield fault(f"{column} of a row of {table} is no time", SALVAGE)
                    continue
                time = time if time.tzinfo else time.replace(tzinfo=UTC)
                newest = time if newest is None else max(newest, time)
    if newest is not None and newest > scene.now + _APART:
        yield warning(
            f"the newest record is of {newest.isoformat()}, and the clock says {scene.now.isoformat()}",
            "set the clock right: certificates and messages are judged by it",
        )

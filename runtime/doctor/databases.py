"""Checks of the database as such: its format, its pages, its log, its server."""

from __future__ import annotations

from collections.abc import Iterator

from ..state import migration
from ..state.errors import Outdated, StateError, Unusable
from .finding import Finding, fault, fine, warning
from .scene import Scene

SALVAGE = (
    "restore it from a backup; `csc doctor --salvage FOLDER` puts what can be read into a new state"
)
_MOST = 10  # faults of pages that are told one by one


def check_format(scene: Scene) -> Iterator[Finding]:
    """Whether it is a state of csc's, and of which format."""
    newest, trouble = migration.newest(), scene.trouble
    if isinstance(trouble, Outdated):
        yield warning(str(trouble), trouble.way_out)
    elif trouble is not None:
        may_be_damaged = isinstance(trouble, Unusable) and scene.location.database is not None
        yield fault(str(trouble), SALVAGE if may_be_damaged else trouble.way_out)
    elif 0 < scene.format < newest:
        yield warning(
            f"the state has format {scene.format}, and this csc writes {newest}",
            "the next `csc apply` brings it up to date; older ones cannot read it then: make a backup first",
        )
    elif scene.format:
        yield fine(f"format {scene.format}, the newest that this csc knows")


def check_integrity(scene: Scene) -> Iterator[Finding]:
    """SQLite: every page, every index, every reference between tables. PostgreSQL: who answers there."""
    if scene.database is None:
        return
    if scene.location.database is None:
        ((version, is_copy),) = scene.database.execute(
            "SELECT current_setting('server_version'), pg_is_in_recovery()"
        )
        yield fine(f"PostgreSQL {version} answers")
        if is_copy:
            yield warning(
                "the server is a standby: nothing can be written there", "name the primary"
            )
        return
    told = [row[0] for row in scene.database.execute(f"PRAGMA integrity_check({_MOST})")]
    if told != ["ok"]:
        for text in told:
            yield fault(f"the database is damaged: {' '.join(str(text).split())}", SALVAGE)
        return
    for table, row, other, _ in scene.database.execute("PRAGMA foreign_key_check")[:_MOST]:
        yield fault(f"row {row} of {table} belongs to a row of {other} that is not there", SALVAGE)
    for (table,) in scene.database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
        try:
            scene.database.execute(f"SELECT * FROM {table}")  # noqa: S608
        except StateError:
            yield fault(f"a text in a row of {table} is none any more", SALVAGE)


def check_log(scene: Scene) -> Iterator[Finding]:
    """Whether the write-ahead log holds commits that SQLite no longer reads."""
    log = scene.log
    if log is None:
        return
    if not log.is_readable:
        yield fault(
            "the head of the write-ahead log is damaged: what was committed in it is not read",
            SALVAGE,
        )
    elif log.lost:
        yield fault(
            f"the write-ahead log is damaged before its end: {log.lost} commits in it are not read",
            SALVAGE,
        )

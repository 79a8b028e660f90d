"""A database in, one of the newest format out: by numbered scripts, each in a transaction of its own.

A script is never changed once a state was made with it; what is new is a new script. `{bytes}` and `{serial}`
in it stand for what the database calls these types.
"""

from __future__ import annotations

import re
from pathlib import Path

from .database import Database
from .decoding import of_database
from .errors import StateError

_SCRIPTS = Path(__file__).with_name("migrations")
_COMMENT = re.compile(r"--[^\n]*")


def newest() -> int:
    """The format that this csc writes."""
    return max(_numbers())


@of_database
def format_of(database: Database) -> int:
    """The number of the last script that was carried out, 0 in a new database.

    Raises:
        StateError: if a newer csc has written it.
    """
    if not database.has_table("format"):
        return 0
    ((number,),) = database.execute("SELECT version FROM format")
    if number > newest():
        raise StateError(
            f"the state at {database.place} has format {number}, and this csc knows {newest()}",
            "use the csc that wrote it, or a newer one",
        )
    return number


def bring_up_to_date(database: Database) -> None:
    """Carry out the scripts that the database has not seen.

    Raises:
        StateError: if a newer csc has written it.
    """
    bring_to(database, newest())


def bring_to(database: Database, last: int) -> None:
    """Carry out the scripts that the database has not seen, up to format `last`.

    Raises:
        StateError: if a newer csc has written it.
    """
    seen = format_of(database)
    for number in sorted(_numbers()):
        if seen < number <= last:
            with database.transaction():
                _carry_out(database, number)


def _numbers() -> list[int]:
    return [int(script.stem) for script in _SCRIPTS.glob("*.sql")]


def _carry_out(database: Database, number: int) -> None:
    database.alone("migration")
    if format_of(database) >= number:
        return  # another csc was quicker
    script = (_SCRIPTS / f"{number:04}.sql").read_text(encoding="utf-8")
    for name, kind in database.types.items():
        script = script.replace(f"{{{name}}}", kind)
    for statement in _COMMENT.sub("", script).split(";"):
        if statement.strip():
            database.execute(statement)
    database.execute("UPDATE format SET version = ?", number)

"""What every store needs of a database: statements in, rows out, in transactions.

Statements are SQL that SQLite and PostgreSQL both know, with `?` for each value. The two modules `sqlite` and
`postgresql` hold all in which they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = Sequence[Any]


class Database(Protocol):
    """An open database. Safe to use from several threads: a transaction holds it for itself."""

    place: str
    """Where it is, as it may be shown: without a password."""
    types: dict[str, str]
    """What migrations have to call the types in which databases differ."""

    def execute(self, statement: str, *values: object) -> list[Row]:
        """Carry a statement out; its rows, if it has any.

        Raises:
            StateError: if the database cannot do it: it is full, cut off, damaged.
        """
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All of the block's statements, durably, or none. Blocks nest: the outermost one commits.

        Raises:
            StateError: if the database cannot do it.
        """
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """All that the block reads is of one moment.

        Raises:
            StateError: if the database cannot do it.
        """
        ...

    def alone(self, what: str) -> None:
        """Wait until nobody else does `what`, and let nobody do it until the transaction ends.

        Raises:
            StateError: if the database cannot do it.
        """
        ...

    def has_table(self, name: str) -> bool:
        """Whether there is a table of that name."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...

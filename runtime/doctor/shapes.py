"""A row that was found in, the table and the columns that it can be of out.

Where a page does not say which table it belongs to, the number of values and their types do, for all tables
but two: public and secret bytes look the same, and only the first are what their id says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..state.database import Database
from ..uploads import content_id
from .pages import FoundRow, Value

_SCHEMA_COLUMNS = 5  # type, name, tbl_name, rootpage, sql
_TYPES: dict[str, type] = {"TEXT": str, "INTEGER": int, "BLOB": bytes}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `is_rowid`: its value is the row's number, and is not among the values."""

    name: str
    type: str
    may_be_missing: bool
    is_rowid: bool


Shapes = Mapping[str, tuple[Column, ...]]
NamedRow = dict[str, Value]


def shapes_of(database: Database) -> Shapes:
    """The columns of each table, in the order of the schema."""
    shapes: dict[str, tuple[Column, ...]] = {}
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
        rows = database.execute(f"PRAGMA table_info({table})")
        keys = sum(1 for row in rows if row[5])
        shapes[table] = tuple(
            Column(
                name,
                kind,
                (not is_needed and not is_key) or default is not None,
                keys == 1 and bool(is_key) and kind == "INTEGER",
            )
            for _, name, kind, is_needed, default, is_key in rows
        )
    return shapes


def name_row(row: FoundRow, shapes: Shapes) -> tuple[str, NamedRow] | None:
    """The row's table and values by column, None if it fits no table, or more than one."""
    if row.table is None and _is_of_schema(row):
        return None
    tables = [row.table] if row.table is not None else list(shapes)
    fits = [
        (table, named)
        for table in tables
        if table in shapes and (named := _named(row, shapes[table])) is not None
    ]
    if row.table is None and {table for table, _ in fits} == {"content", "secret"}:
        named = fits[0][1]
        data = named["data"]
        is_public = isinstance(data, bytes) and content_id(data) == named["id"]
        return ("content" if is_public else "secret"), named
    if len(fits) > 1:  # only what is older than a column lacks its value
        fits = [fit for fit in fits if len(shapes[fit[0]]) == len(row.values)]
    return fits[0] if len(fits) == 1 else None


def _is_of_schema(row: FoundRow) -> bool:
    """Whether a row is SQLite's own, of a table or an index: a device's has the same types."""
    last = row.values[-1] if len(row.values) == _SCHEMA_COLUMNS else None
    return isinstance(last, str) and last.startswith("CREATE ")


def _named(row: FoundRow, columns: tuple[Column, ...]) -> NamedRow | None:
    if len(row.values) > len(columns):
        return None
    named: NamedRow = {}
    for column, value in zip(columns, row.values, strict=False):
        if column.is_rowid:
            if value is not None:
                return None
            named[column.name] = row.rowid
        elif value is None and column.may_be_missing:
            named[column.name] = None
        elif isinstance(value, _TYPES.get(column.type, object)):
            named[column.name] = value
        else:
            return None
    missing = columns[len(row.values) :]
    return named if all(column.may_be_missing for column in missing) else None

"""Which pages are looked at before anything is written: all, or all but those of what is never changed."""

from pathlib import Path

import pytest
from csc.runtime.state import sqlite
from csc.runtime.state.errors import StateError
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_store
from support.command import database

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    open_store(in_file(path)).close()
    return path


def spoil(path: Path, table: str) -> None:
    """Zeros in the place of a table's root."""
    with database(path) as opened:
        found = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        ((page,),) = opened.execute(found, (table,)).fetchall()
    data = path.read_bytes()
    path.write_bytes(data[: (page - 1) * PAGE] + bytes(PAGE) + data[page * PAGE :])


@pytest.mark.parametrize("table", ["version", "content", "certificate", "secret", "audit"])
def test_a_small_file_is_checked_as_a_whole(path: Path, table: str) -> None:
    spoil(path, table)
    with pytest.raises(StateError):
        sqlite.open_to_write(path)


@pytest.mark.parametrize("table", ["version", "content", "certificate", "secret", "audit"])
def test_a_large_one_without_what_grows(
    path: Path, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_SMALL", 0)
    spoil(path, table)
    if table in ("version", "content"):
        sqlite.open_to_write(path).close()
        path.with_name("state.db-wal").write_bytes(b"what a writer that was killed has left")
    with pytest.raises(StateError):
        sqlite.open_to_write(path)

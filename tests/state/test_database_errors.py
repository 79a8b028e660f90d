"""Whatever is wrong with a database is a StateError with a way out, and the state is as it was."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from csc.compiler.address import ROOT
from csc.compiler.configuration import Configuration, empty_device
from csc.runtime.state import sqlite
from csc.runtime.state.errors import StateError
from csc.runtime.state.holding import hold
from csc.runtime.state.location import Location, in_file, parse_url
from csc.runtime.state.opening import load_device, open_store, open_to_read
from peers import postgresql
from support.command import database

NOW = datetime(2026, 12, 1, tzinfo=UTC)
STORE = ROOT.child("CertificateStore", "a")


def large(size: int) -> Configuration:
    return {**empty_device(), STORE: {"Comments": "x" * size}}


def make(location: Location) -> None:
    """A state with one committed version."""
    with hold(location, "default") as held:
        held.store.ensure_device("default")
        held.store.activate("default", large(10_000))
        held.store.commit("default", "script", NOW)


def refused(act: Callable[[], object], message: str, way_out: str) -> None:
    with pytest.raises(StateError, match=message) as caught:
        act()
    assert way_out in caught.value.way_out


def outcome(act: Callable[[], object]) -> str:
    """What was wrong and the way out; empty if nothing was."""
    try:
        act()
    except StateError as error:
        return f"{error}; {error.way_out}"
    return ""


def use(location: Location) -> None:
    with hold(location, "default") as held:
        held.store.activate("default", large(1))


def overwrite(path: Path, data: bytes, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def newer(path: Path) -> None:
    with database(path) as opened:
        opened.execute("UPDATE format SET version = 99")


def foreign_database(path: Path) -> None:
    path.unlink()
    with database(path) as opened:
        opened.execute("CREATE TABLE device (id INTEGER PRIMARY KEY)")


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


RESTORE = "restore the file from a backup"
DAMAGES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no database": (
        lambda path: path.write_bytes(b"no database " * 999),
        "not a database",
        RESTORE,
    ),
    "text at its head": (
        lambda path: overwrite(path, b"#!/bin/sh\n", 0),
        "not a database",
        RESTORE,
    ),
    "pages of zeros": (lambda path: overwrite(path, bytes(8192), 4096), "cannot be used", RESTORE),
    "zeros from the schema on": (
        lambda path: overwrite(path, bytes(3996), 100),
        "malformed",
        RESTORE,
    ),
    "cut off": (lambda path: os.truncate(path, 5000), "cannot be used", RESTORE),
    "newer": (newer, "has format 99", "a newer one"),
    "another program's": (foreign_database, "is no state of csc", "another path"),
    "a folder": (directory, "cannot be used", "check the path"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged(damage: str, tmp_path: Path) -> None:
    """Neither reading nor writing ends in anything else, and neither changes what is there."""
    spoil, message, way_out = DAMAGES[damage]
    location = in_file(tmp_path / "state.db")
    make(location)
    assert location.database is not None
    spoil(location.database)
    before = location.database.read_bytes() if location.database.is_file() else b""
    refused(lambda: use(location), message, way_out)
    refused(lambda: load_device(location, "default"), message, way_out)
    assert (location.database.read_bytes() if location.database.is_file() else b"") == before


def test_disk_is_full(tmp_path: Path) -> None:
    """At every size that the database may come to: the transaction fails whole, and the next one works."""
    location = in_file(tmp_path / "state.db")
    make(location)
    failed = 0
    for spare in range(0, 60, 4):
        with hold(location, "default") as held:
            sql = held.store.database.execute
            ((used,),) = sql("PRAGMA page_count")
            sql(f"PRAGMA max_page_count = {used + spare}")

            def change(store=held.store) -> None:
                with store.transaction():
                    store.activate("default", large(50_000))
                    store.commit("default", "script", NOW)

            said = outcome(change)
            if not said:
                break
            assert "full; check the path, its permissions and the disk" in said
            failed += 1
            assert held.store.version("default").number == 1
            assert load_device(location, "default").active == large(10_000)
            sql("PRAGMA max_page_count = 1000000")
            held.store.put_content("sha256:0", b"small")
    assert 2 < failed < 15
    assert load_device(location, "default").committed == large(50_000)


def test_disk_is_full_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the state is made: none is there then, or one that the next run goes on with."""
    location = in_file(tmp_path / "state.db")
    connect = sqlite._connect
    for pages in range(1, 40, 3):

        def small(path: Path, mode: str, pages: int = pages) -> sqlite.SqliteDatabase:
            opened = connect(path, mode)
            opened.execute(f"PRAGMA max_page_count = {pages}")
            return opened

        monkeypatch.setattr(sqlite, "_connect", small)
        said = outcome(lambda: open_store(location).close())
        if not said:
            break
        assert "full" in said
        monkeypatch.setattr(sqlite, "_connect", connect)
        load_device(location, "default")
    else:
        pytest.fail("it never fits")
    assert pages > 1


USE = """
import os
import sys
from pathlib import Path

from csc.runtime.state.errors import StateError
from csc.runtime.state.holding import hold
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import load_device

location, another = map(in_file, map(Path, sys.argv[1:]))
with hold(another, "default") as held:  # what is loaded late is loaded now, while it may be read
    held.store.load("default")
load_device(another, "default")
if os.getuid() == 0:  # root may all, so that nobody tries it
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for act in (lambda: hold(location, "default").__enter__(), lambda: load_device(location, "default")):
    try:
        act()
    except (StateError, OSError) as error:
        print(type(error).__name__, error)
    else:
        print("done")
"""


@pytest.mark.parametrize("what", ["folder", "file", "nothing may be read"])
def test_may_not(what: str, tmp_path: Path) -> None:
    """A file, or a folder, that may not be written to; that it may not be read; it stays as it was."""
    with TemporaryDirectory() as name:  # that of pytest is for its owner alone
        folder = Path(name)
        path = folder / "state.db"
        make(in_file(path))
        before = path.read_bytes()
        for found in folder.rglob("*"):
            found.chmod(0o555 if found.is_dir() else 0o444)
        if what == "file":
            (folder / "lock").chmod(0o666)
        if what == "nothing may be read":
            path.chmod(0o200)
        folder.chmod(0o777 if what == "file" else 0o555)
        command = [sys.executable, "-c", USE, str(path), str(tmp_path / "another.db")]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        written, read = result.stdout.splitlines()
        assert written.partition(" ")[0] in ("Unusable", "PermissionError")
        assert name in written
        if what == "nothing may be read":
            assert read.startswith(f"Unusable the state at {path} cannot be used")
        assert path.read_bytes() == before


@postgresql.needs_postgresql
def test_postgresql_that_is_not_there(cluster: postgresql.Cluster) -> None:
    """No server, no database, another program's tables, and a user who may not write."""
    url = cluster.new_database()
    for wrong in ("postgresql://ann@127.0.0.1:1/x", url + "none"):
        refused(lambda wrong=wrong: use(parse_url(wrong)), "cannot be used", "the server runs")
        refused(lambda wrong=wrong: open_to_read(parse_url(wrong)), "cannot be used", "the server")
    foreign = cluster.new_database()
    with psycopg.connect(foreign) as connection:
        connection.execute("CREATE TABLE journal (id int)")
    refused(lambda: use(parse_url(foreign)), "already exists", "may use the database")
    assert open_to_read(parse_url(foreign)) is None
    make(parse_url(url))
    with psycopg.connect(url) as connection:
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    reader = parse_url(url.replace("postgres@", "reader@"))
    refused(lambda: use(reader), "permission denied", "may use the database")
    assert load_device(reader, "default") == load_device(parse_url(url), "default")
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE format SET version = 99")
    refused(lambda: use(parse_url(url)), "has format 99", "a newer one")
    refused(lambda: load_device(parse_url(url), "default"), "has format 99", "a newer one")


def test_a_state_that_was_never_made_whole_is_read(tmp_path: Path) -> None:
    """Killed while SQLite makes the file: that has to be rolled back, which who only reads must not do."""
    with database(tmp_path / "made.db") as making:
        making.execute("PRAGMA cache_size = 1")
        making.execute("CREATE TABLE format (version INTEGER)")
        making.commit()
        making.execute("BEGIN")
        for _ in range(2000):
            making.execute("INSERT INTO format VALUES (1)")
        for suffix in ("", "-journal"):
            data = (tmp_path / f"made.db{suffix}").read_bytes()
            (tmp_path / f"state.db{suffix}").write_bytes(data)
        making.rollback()
    found = sqlite.open_to_read(tmp_path / "state.db")
    assert found is not None
    try:
        assert found.execute("SELECT * FROM format") == []
    finally:
        found.close()


def test_an_interrupt_leaves_no_transaction_that_swallows_others(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C may come just behind BEGIN; what other threads write then is to be durable all the same."""
    make(location)
    store = open_store(location)
    execute = store.database.execute

    def interrupted(statement: str, *values: object) -> object:
        execute(statement, *values)
        raise KeyboardInterrupt

    monkeypatch.setattr(store.database, "execute", interrupted)
    with pytest.raises(KeyboardInterrupt), store.transaction():
        pass
    monkeypatch.undo()
    store.commit("default", "after", NOW)
    store.database.execute("SELECT 1")
    other = open_to_read(location)
    assert other is not None
    try:
        assert other.version("default").script == "after"
    finally:
        other.close()
        store.close()

"""A state file damaged anywhere: nothing is written to it, the doctor finds it, salvage is right."""

import json
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from csc.cli.main import cli
from csc.runtime.certificates import key_id, load_certificate, load_key
from csc.runtime.doctor.examining import examine
from csc.runtime.doctor.finding import Verdict
from csc.runtime.doctor.pages import read_rows
from csc.runtime.doctor.salvage import salvage
from csc.runtime.doctor.shapes import name_row, shapes_of
from csc.runtime.doctor.wal import merged, read_log
from csc.runtime.state.errors import StateError
from csc.runtime.state.location import Location
from csc.runtime.state.opening import load_device, open_store, open_to_read
from csc.runtime.state.overview import overviews
from csc.runtime.state.unlocking import look
from csc.runtime.state.vault.opening import open_vault
from csc.runtime.state.versions import versions
from support.command import database
from support.damaged import copy_of, made
from support.device import Device

PAGE = 4096
# Text that people read, and that nothing can be held against.
FREE = {
    "device": {"left_by"},
    "version": {"script", "committed_by", "committed_at"},
    "certificate": {"request", "subject", "script", "operations", "is_revoked", "path"},
    "journal": {"path", "operation", "intent", "transaction_id", "outcome", "request", "phase"}
    | {"started_at", "ended_at"},
    "later": {"message"},
    "device_file": {"name"},
}


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    return made(tmp_path_factory.mktemp("device"))


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def damages(data: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Bytes turned round in each page (its head, and somewhere), pages of zeros, files that end too soon."""
    dice = random.Random(seed)
    for start in range(0, len(data), PAGE):
        for at in (start + dice.choice((0, 3, 9)), start + dice.randrange(PAGE)):
            yield f"byte {at}", flipped(data, at)
        yield f"page at {start}", data[:start] + bytes(PAGE) + data[start + PAGE :]
    for _ in range(12):
        at = dice.randrange(len(data))
        yield f"byte {at}", flipped(data, at)
    for _ in range(4):
        end = dice.randrange(len(data))
        yield f"end at {end}", data[:end]


def dump(path: Path) -> dict[str, list[dict]] | None:
    """All rows but for what is free text, None if SQLite cannot read them."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda data: data.decode(errors="replace")
        try:
            tables = [
                r[0]
                for r in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            return {
                table: [
                    {k: row[k] for k in row.keys() if k not in FREE.get(table, ())}  # noqa: SIM118
                    for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid")
                ]
                for table in tables
            }
        except sqlite3.Error:
            return None


def readers(location: Location) -> None:
    """All that commands do who only read; each raises StateError or nothing."""

    def with_store(act: Callable) -> None:
        store = open_to_read(location)
        if store is not None:
            try:
                act(store)
            finally:
                store.close()

    for act in (
        lambda: load_device(location, "default"),
        lambda: with_store(overviews),
        lambda: with_store(lambda store: versions(store, "default")),
        lambda: look(location),
    ):
        with suppress(StateError):
            act()


def test_any_damage(device: Device, tmp_path: Path) -> None:
    location = copy_of(device, tmp_path / ".csc")
    assert location.database is not None
    whole = location.database.read_bytes()
    before = dump(location.database)
    unseen = 0
    for what, data in damages(whole, seed=1):
        for beside in location.folder.glob("state.db-*"):
            beside.unlink()
        location.database.write_bytes(data)
        results = examine(location, datetime.now(UTC))
        is_found = any(
            r.verdict in (Verdict.FAULT, Verdict.WARNING) for r in results if r.check != "folder"
        )
        readers(location)
        try:
            open_store(location).close()
        except StateError:
            assert is_found, what
            assert location.database.read_bytes() == data, what
        if not is_found:
            location.database.write_bytes(data)
            now = dump(location.database)
            assert strip(now) == strip(before), what
            unseen += 1
    assert unseen > 0


def strip(rows: dict[str, list[dict]] | None) -> object:
    """Rows without texts in configurations, which are JSON still."""
    assert rows is not None

    def shape(value: object) -> object:
        if isinstance(value, str) and value.startswith("["):
            return len(json.loads(value))
        return value

    return {
        t: [{k: shape(v) for k, v in row.items()} for row in found] for t, found in rows.items()
    }


COMMANDS = (
    ("show",),
    ("status",),
    ("history",),
    ("diff", "0", "1"),
    ("lock",),
    ("unlock", "default"),
    ("plan", "a.cfg"),
    ("apply", "--yes", "a.cfg"),
)


def newer(location: Location) -> None:
    assert location.database is not None
    with database(location.database) as opened:
        opened.execute("UPDATE format SET version = 99")


def foreign(location: Location) -> None:
    assert location.database is not None
    location.database.unlink()
    with database(location.database) as opened:
        opened.execute("CREATE TABLE device (id INTEGER PRIMARY KEY)")


def overwritten(at: int, size: int) -> Callable[[Location], None]:
    def spoil(location: Location) -> None:
        assert location.database is not None
        with location.database.open("r+b") as file:
            file.seek(at)
            file.write(b"\xa5" * size)

    return spoil


def unreadable(location: Location) -> None:
    assert location.database is not None
    with database(location.database) as opened:
        for table, column in (
            ("device", "candidate"),
            ("device", "active"),
            ("version", "configuration"),
        ):
            opened.execute(f"UPDATE {table} SET {column} = '[{{\"path\": 1}}]'")
        opened.execute("UPDATE version SET committed_at = 'x'")


STATES: dict[str, tuple[Callable[[Location], object], str]] = {
    "newer": (newer, "has format 99"),
    "foreign": (foreign, "is no state of csc"),
    "head": (overwritten(0, 100), "not a database"),
    "schema": (overwritten(100, 3996), "malformed"),
    "cut off": (lambda location: os.truncate(location.database, 5000), "cannot be used"),
    "unreadable": (unreadable, "holds what csc cannot read"),
}
# What does not look at the configurations, or at a page that is damaged.
DOES_NOT_LOOK = {("unreadable", "lock"), ("unreadable", "unlock")}


@pytest.mark.parametrize("damage", STATES)
def test_every_command(damage: str, device: Device, tmp_path: Path, monkeypatch) -> None:
    """Each refuses with a message, a way out and exit code 1, and the file stays as it is."""
    monkeypatch.chdir(tmp_path)
    location = copy_of(device, tmp_path / ".csc")
    assert location.database is not None
    (tmp_path / "a.cfg").write_text("add CertificateStore new\nactivate\ncommit\n")
    spoil, message = STATES[damage]
    spoil(location)
    before = location.database.read_bytes()
    for command in COMMANDS:
        if (damage, command[0]) in DOES_NOT_LOOK:
            continue
        result = CliRunner().invoke(cli, ["--state", location.url, *command], standalone_mode=False)
        error = result.exception
        assert error is not None, command
        assert message in str(error.message), (command, error)
        assert (error.code, bool(error.way_out)) == (1, True), command
        if damage != "unreadable":  # a lease is written and removed again before it is read
            assert location.database.read_bytes() == before, command
    doctor = CliRunner().invoke(cli, ["--state", location.url, "doctor"], standalone_mode=False)
    assert (doctor.exception, doctor.return_value) == (None, 1)


def test_wrong_master_key(device: Device, tmp_path: Path, monkeypatch) -> None:
    """What needs no key goes on without; whoever would make one refuses."""
    monkeypatch.chdir(tmp_path)
    location = copy_of(device, tmp_path / ".csc")
    assert location.database is not None
    location.vault_key.unlink()
    (tmp_path / "a.cfg").write_text("add CertificateStore new\nactivate\ncommit\n")
    before = location.database.read_bytes()
    for command in COMMANDS:
        arguments = ["--state", location.url, *command]
        result = CliRunner().invoke(cli, arguments, standalone_mode=False)
        if command[0] in ("apply", "unlock"):
            assert result.exception is not None
        else:
            assert (result.exception, result.return_value) == (None, 0), command
        assert not location.vault_key.exists()
    with database(location.database) as opened:
        assert opened.execute("SELECT count(*) FROM version").fetchone() == (3,)
    assert before


def test_rows_of_a_whole_state(device: Device) -> None:
    """The pages say what SQLite says, also where nothing tells which table they are of."""
    path = device.folder / "state.db"
    store = open_store(device.location)
    try:
        shapes = shapes_of(store.database)
        data = path.read_bytes()
        log = path.with_name("state.db-wal")
        data = merged(data, read_log(log.read_bytes() if log.exists() else b""))
        found = read_rows(data)
        assert found.damaged == 0
        for table in shapes:
            columns = [c.name for c in shapes[table]]
            expected = [
                dict(zip(columns, row, strict=True))
                for row in store.database.execute(f"SELECT * FROM {table} ORDER BY rowid")
            ]
            rows = sorted((r for r in found.rows if r.table == table), key=lambda r: r.rowid)
            assert [name_row(row, shapes) for row in rows] == [(table, row) for row in expected]
    finally:
        store.close()


def test_log_is_read_as_sqlite_reads_it(tmp_path: Path) -> None:
    """Also its rounds: what an earlier one left behind the last commit is no damage."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE format (version INTEGER)")
        for n in range(20):
            connection.execute("INSERT INTO format VALUES (?)", (n,))
        connection.execute("PRAGMA wal_checkpoint")
        connection.execute("INSERT INTO format VALUES (99)")
        log = read_log(path.with_name("a.db-wal").read_bytes())
        assert (log.is_readable, log.lost) == (True, 0)
        rows = read_rows(merged(path.read_bytes(), log)).rows
        assert [row.values[0] for row in rows] == [*range(20), 99]


def is_right(folder: Path) -> tuple[int, int]:
    """How many versions and how many certificates with their keys are in a state that was salvaged."""
    location = Location(folder / "state.db", folder, f"sqlite:///{folder / 'state.db'}")
    assert {
        r.check for r in examine(location, datetime.now(UTC)) if r.verdict is Verdict.FAULT
    } <= {
        *("certificates", "references", "versions", "journal", "secrets", "master-key", "clock"),
        "audit-log",
    }
    store, pairs = open_store(location), 0
    try:
        try:
            vault = open_vault(store, location)
        except StateError:  # what wraps the keys is damaged
            told = json.loads((folder / "report.json").read_text())["lost"]
            assert any("the keys of the vault" in each for each in told)
            vault = None
        for content, key in store.database.execute("SELECT certificate, key FROM certificate"):
            certificate = load_certificate(store.content(content) or b"")
            assert key_id(certificate.public_key()) == key
            sealed = store.secret(key)
            if vault is not None and sealed is not None:
                try:
                    opened = load_key(vault.decrypt(key, sealed))
                except StateError:
                    continue
                assert key_id(opened.public_key()) == key
                pairs += 1
        store.load("default")
        numbers = [v.number for v in versions(store, "default")]
        for number in numbers:
            store.version("default", number)
        return len(numbers), pairs
    finally:
        store.close()


def test_salvage_of_a_whole_state(device: Device, tmp_path: Path) -> None:
    location = copy_of(device, tmp_path / ".csc")
    saved = salvage(location, tmp_path / "new")
    assert saved.lost == ()
    assert is_right(tmp_path / "new") == (3, 4)
    new = Location(tmp_path / "new/state.db", tmp_path / "new", "")
    assert load_device(new, "default") == load_device(location, "default")
    assert len(list((tmp_path / "new/certificates").iterdir())) == 4
    assert "add Certificate c" in (tmp_path / "new/versions/default/3.cfg").read_text()
    with pytest.raises(StateError, match="is there already"):
        salvage(location, tmp_path / "new")


def test_salvage_of_any_damage(device: Device, tmp_path: Path) -> None:
    """The old file stays; one page of zeros, or the loss of its head, leaves most of the rest."""
    location = copy_of(device, tmp_path / ".csc")
    assert location.database is not None
    whole = location.database.read_bytes()
    saved: list[tuple[int, int]] = []
    refused = 0
    for number, (_, data) in enumerate(damages(whole, seed=2)):
        if number % 7:
            continue
        location.database.write_bytes(data)
        folder = tmp_path / f"new{number}"
        try:
            salvage(location, folder)
        except StateError:  # its format is a newer one now
            refused += 1
            continue
        assert location.database.read_bytes() == data
        saved.append(is_right(folder))
    assert refused <= 1
    assert sum(pairs == 4 for _, pairs in saved) > len(saved) // 2
    for data in (bytes(PAGE) + whole[PAGE:], b"\xff" * 100 + whole[100:]):
        location.database.write_bytes(data)
        folder = tmp_path / f"head{len(saved)}"
        result = salvage(location, folder)
        assert result.lost or data[100:] == whole[100:]
        saved.append(is_right(folder))
        assert saved[-1] == (3, 4)


def test_salvage_command(device: Device, tmp_path: Path) -> None:
    location = copy_of(device, tmp_path / ".csc")
    assert location.database is not None
    location.database.write_bytes(bytes(PAGE) + location.database.read_bytes()[PAGE:])
    folder = tmp_path / "new"
    arguments = ["--state", location.url, "doctor", "--salvage", str(folder)]
    result = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert result.exception is None, result.exception
    assert "The new state is" in result.output
    assert json.loads((folder / "report.json").read_text())["kept"]["version"] == 3
    again = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert "is there already" in str(again.exception)

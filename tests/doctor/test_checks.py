"""What is wrong with a state is found by the check for it, and looking changes nothing."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from csc.cli.main import cli
from csc.runtime.doctor.examining import CHECKS, examine
from csc.runtime.doctor.finding import Verdict
from csc.runtime.state import journal, lease
from csc.runtime.state.location import Location, in_file, parse_url
from csc.runtime.state.opening import open_store
from csc.runtime.state.owner import this_process
from peers import postgresql
from support.command import database
from support.damaged import copy_of, made
from support.device import Device
from support.old_state import old_state
from support.schemas import check, validator

DOCTOR = validator("doctor")


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    return made(tmp_path_factory.mktemp("device"))


@pytest.fixture
def state(device: Device, tmp_path: Path) -> Location:
    return copy_of(device, tmp_path / ".csc")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def found(location: Location, now: datetime | None = None) -> dict[str, Verdict]:
    """The checks that are not content, after a look at whether looking changed anything."""
    before = contents(location.folder)
    results = examine(location, now or datetime.now(UTC))
    assert contents(location.folder) == before
    for result in results:
        for finding in result.findings:
            assert bool(finding.way_out) == (finding.verdict in (Verdict.WARNING, Verdict.FAULT))
    return {r.check: r.verdict for r in results if r.verdict is not Verdict.OK}


def sql(statement: str) -> Callable[[Location], None]:
    def spoil(location: Location) -> None:
        assert location.database is not None
        with database(location.database) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute(statement)

    return spoil


def write(name: str, data: bytes) -> Callable[[Location], None]:
    return lambda location: (location.folder / name).write_bytes(data) and None


def in_place(name: str) -> Callable[[Location], None]:
    """A folder where a file should be."""

    def spoil(location: Location) -> None:
        (location.folder / name).unlink(missing_ok=True)
        (location.folder / name).mkdir()

    return spoil


def mode(name: str, bits: int) -> Callable[[Location], None]:
    return lambda location: (location.folder / name).chmod(bits)


FAULT, WARNING = Verdict.FAULT, Verdict.WARNING
SPOILT: dict[str, tuple[Callable[[Location], object], dict[str, Verdict]]] = {
    "nothing": (lambda location: None, {}),
    "newer": (sql("UPDATE format SET version = 99"), {"format": FAULT}),
    "foreign file": (write("notes.txt", b"x"), {"folder": WARNING}),
    "cut off while the key was made": (write(".vault.key.x", b"x"), {"folder": WARNING}),
    "a folder for the state": (in_place("state.db"), {"place": FAULT, "format": FAULT}),
    "a folder for the key": (in_place("vault.key"), {"folder": FAULT, "permissions": FAULT}),
    "a file for the locks": (write("locks", b"x"), {"folder": FAULT}),
    "key for all": (mode("vault.key", 0o644), {"permissions": FAULT}),
    "state for all": (mode("state.db", 0o666), {"permissions": WARNING}),
    "another key": (write("vault.key", bytes(32)), {"master-key": FAULT}),
    "half a key": (write("vault.key", bytes(16)), {"master-key": FAULT}),
    "no key": (lambda location: location.vault_key.unlink(), {"master-key": FAULT}),
    "a secret that is lost": (
        sql("DELETE FROM secret WHERE id = (SELECT key FROM certificate WHERE id = 4)"),
        {"certificates": FAULT, "references": FAULT, "journal": FAULT},
    ),
    "secrets exchanged": (
        sql("UPDATE secret SET data = (SELECT data FROM secret s WHERE s.id > secret.id LIMIT 1)"
            " WHERE id = (SELECT min(id) FROM secret)"),
        {"secrets": FAULT},
    ),
    "a certificate that is lost": (
        sql("DELETE FROM content WHERE id = (SELECT certificate FROM certificate WHERE id = 4)"),
        {"certificates": FAULT, "references": FAULT, "journal": FAULT},
    ),
    "bytes of another": (
        sql("UPDATE content SET data = x'00' WHERE id = (SELECT certificate FROM certificate)"),
        {"certificates": FAULT, "contents": FAULT},
    ),
    "another serial number": (
        sql("UPDATE certificate SET serial_number = '1' WHERE id = 1"),
        {"certificates": FAULT},
    ),
    "keys exchanged": (
        sql("UPDATE certificate SET key = (SELECT key FROM certificate WHERE id = 2) WHERE id = 1"),
        {"certificates": FAULT},
    ),
    "a version that is lost": (
        sql("DELETE FROM version WHERE number = 2"),
        {"versions": FAULT, "audit-log": FAULT},
    ),
    "a version that is unreadable": (
        sql("UPDATE version SET configuration = '[{]' WHERE number = 2"),
        {"configurations": FAULT, "audit-log": FAULT},
    ),
    "an entry that somebody has changed": (
        sql("UPDATE audit SET who = 'ann@north' WHERE seq = 3"),
        {"audit-log": FAULT},
    ),
    "a log without its end": (
        sql("DELETE FROM audit WHERE seq > 3"),
        {"audit-log": FAULT},
    ),
    "a device that is lost": (
        sql("DELETE FROM device"),
        {"integrity": FAULT, "versions": FAULT},
    ),
    "a row of nobody": (
        sql("UPDATE journal SET device = 'x' WHERE id = 1"),
        {"integrity": FAULT},
    ),
    "no time": (sql("UPDATE journal SET started_at = 'x' WHERE id = 1"), {"clock": FAULT}),
    "open": (sql("UPDATE journal SET phase = 'requested' WHERE id = 1"), {"journal": WARNING}),
    "another program's": (
        lambda location: [
            location.database.unlink(),  # type: ignore[union-attr]
            sql("CREATE TABLE device (id INTEGER PRIMARY KEY)")(location),
        ],
        {"format": FAULT},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILT)
def test_found(what: str, state: Location) -> None:
    spoil, expected = SPOILT[what]
    spoil(state)
    told = found(state)
    skipped = {name for name, verdict in told.items() if verdict is Verdict.SKIPPED}
    assert expected.items() <= told.items()
    others = told.keys() - expected.keys() - skipped - {"permissions", "master-key"}
    assert not others, {name: told[name] for name in others}


def test_every_check_is_shown() -> None:
    """Each check finds something in a test of this file."""
    shown = {name for _, expected in SPOILT.values() for name in expected}
    elsewhere = {"file-system", "log", "leases"}
    assert {c.name for c in CHECKS} == shown | elsewhere


def test_network_file_system(state: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csc.runtime.state.mounts.network_type", lambda path, table: "nfs")
    assert found(state) == {"file-system": FAULT}


def test_log(state: Location) -> None:
    """What a writer left is read; what is damaged in it is told, and so is a head that is."""
    assert state.database is not None
    log = state.database.with_name("state.db-wal")
    with closing(sqlite3.connect(state.database)) as connection:
        for n in range(3):
            connection.execute("INSERT INTO content VALUES (?, x'00')", (f"sha256:{n}",))
            connection.commit()
        data, whole = log.read_bytes(), state.database.read_bytes()
    state.database.write_bytes(whole)
    log.write_bytes(data)
    assert found(state) == {"contents": FAULT}  # what was committed last is looked at
    log.write_bytes(data[:100] + b"\xff" + data[101:])
    assert found(state) == {"log": FAULT}
    log.write_bytes(b"\xff" + data[1:])
    assert found(state) == {"log": FAULT}
    log.write_bytes(data[: len(data) - 10])  # as a machine leaves it that stops while it writes
    assert "log" not in found(state)


def test_leases(state: Location) -> None:
    """Who runs is no fault; who is dead or unknown is told of."""
    me = this_process()
    store = open_store(state)
    now = datetime.now(UTC)
    try:
        for device, owner in (
            ("runs", me),
            ("dead", replace(me, pid=2**22 + 1)),
            ("elsewhere", replace(me, machine="another", boot="another")),
        ):
            lease.put(store.database, lease.new_lease(device, owner, now))
    finally:
        store.close()
    (result,) = [r for r in examine(state, now) if r.check == "leases"]
    assert [f.verdict for f in result.findings] == [WARNING, WARNING, Verdict.OK]


def test_clock_that_is_behind(state: Location) -> None:
    assert found(state, datetime.now(UTC) - timedelta(days=400)) == {"clock": WARNING}


def test_no_state_yet(tmp_path: Path) -> None:
    location = in_file(tmp_path / ".csc" / "state.db")
    assert set(found(location).values()) <= {Verdict.SKIPPED}
    assert not location.folder.exists()


def test_older_format(tmp_path: Path) -> None:
    """It is looked at as it will be, and stays as it is."""
    path = tmp_path / ".csc" / "state.db"
    old_state(path, 3)
    before = path.read_bytes()
    assert found(in_file(path))["format"] is WARNING
    assert path.read_bytes() == before


def test_command(state: Location, tmp_path: Path) -> None:
    """Exit codes, text for people, a document for machines."""

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["--state", state.url, *arguments], standalone_mode=False)
        assert result.exception is None
        return result.return_value, result.output

    code, text = run("doctor")
    assert (code, text.splitlines()[-1]) == (0, f"{len(CHECKS)} checks: all is well.")
    code, text = run("-q", "doctor")
    assert (code, text) == (0, "")
    write("vault.key", bytes(32))(state)
    code, text = run("doctor")
    assert code == 1
    assert "fault[master-key]: " in text
    assert "is not the master key of this state" in text
    code, text = run("doctor", "--json")
    assert code == 1
    check(DOCTOR, json.loads(text))


@postgresql.needs_postgresql
def test_postgresql(cluster: postgresql.Cluster, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    location = parse_url(cluster.new_database())
    assert set(found(location).values()) == {Verdict.SKIPPED}
    store = open_store(location)
    try:
        store.ensure_device("default")
        assert found(location) == {}
        store.put_content("sha256:0", b"x")
        journal.begin(
            store,
            device="default",
            path="/CertificateStore/cmp/Certificate/a",
            operation="initiate",
            intent="",
            transaction_id=b"1",
            key="key:0",
            request=b"",
            at=datetime.now(UTC),
        )
        lease.put(store.database, lease.new_lease("default", this_process(), datetime.now(UTC)))
    finally:
        store.close()
    assert found(location) == {"contents": FAULT, "journal": FAULT, "leases": WARNING}
    gone = parse_url(location.url + "none")
    assert {v for v in found(gone).values() if v is not Verdict.SKIPPED} == {FAULT}

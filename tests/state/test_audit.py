"""The audit log: any change of any entry is found, it does not fork, and it tells what the state holds."""

import threading
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from csc.compiler.address import ROOT
from csc.compiler.configuration import empty_device
from csc.runtime.state import audit_chain
from csc.runtime.state.audit import verify
from csc.runtime.state.holding import hold
from csc.runtime.state.location import Location, in_file
from csc.runtime.state.migration import _carry_out
from csc.runtime.state.opening import open_store
from csc.runtime.state.sqlite import open_to_write
from csc.runtime.state.store import Store
from csc.runtime.state.unlocking import unlock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 12, 1, tzinfo=UTC)
FIELDS = audit_chain.COLUMNS.split(", ")


@pytest.fixture
def store(location: Location) -> Generator[Store]:
    opened = open_store(location)
    fill(opened, "default")
    yield opened
    opened.close()


def fill(store: Store, device: str) -> None:
    store.ensure_device(device)
    for number in (1, 2):
        store.activate(device, {**empty_device(), ROOT.child("Widget", str(number)): {}})
        store.commit(device, "script", NOW)
    audit_chain.append(store, device, "note", {"text": "odd \N{SNOWMAN} \x00 \ud800"})


def what(store: Store, device: str = "default") -> list[str]:
    return [entry.what for entry in audit_chain.entries(store, device)]


class Undone(Exception):
    pass


def faults_after(store: Store, *statements: tuple[object, ...]) -> list[str]:
    """What is found after somebody has been there, whose work is undone."""
    found: list[str] = []
    with suppress(Undone), store.transaction():
        for statement, *values in statements:
            store.database.execute(str(statement), *values)
        found = list(map(str, verify(store)))
        raise Undone
    return found


def test_whole(store: Store) -> None:
    acts = ["activated", "committed"] * 2
    assert what(store) == ["began", *acts, "note"]
    fill(store, "other")
    assert verify(store) == []
    assert audit_chain.has(store, audit_chain.newest(store, "default"))
    assert not audit_chain.has(store, "0" * 64)


def test_every_field_of_every_entry(store: Store) -> None:
    for entry in audit_chain.entries(store, "default"):
        for field in FIELDS:
            value = getattr(entry, field)
            other = value + 100 if isinstance(value, int) else value + " "
            change = (f"UPDATE audit SET {field} = ? WHERE seq = ?", other, entry.seq)
            assert faults_after(store, change), (entry.seq, field)
        assert faults_after(store, ("DELETE FROM audit WHERE seq = ?", entry.seq))
        cut = ("DELETE FROM audit WHERE seq >= ?", entry.seq)
        assert any("has to end" in fault for fault in faults_after(store, cut))
    assert verify(store) == []


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Generator[Store]:
    opened = open_store(in_file(tmp_path_factory.mktemp("audit") / "state.db"))
    fill(opened, "default")
    yield opened
    opened.close()


VALUES = st.text(max_size=5) | st.integers(-3, 9) | st.binary(max_size=5) | st.floats(0, 9)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seq=st.integers(1, 6), field=st.sampled_from(FIELDS), value=VALUES)
def test_any_change(filled: Store, seq: int, field: str, value: object) -> None:
    """Whatever stands there afterwards, if it is not what stood there."""
    if isinstance(value, str) and not value.isprintable():
        value = repr(value)
    run = filled.database.execute
    ((before,),) = run(f"SELECT {field} FROM audit WHERE seq = ?", seq)
    if field == "seq" and value in range(1, 7):
        return
    with suppress(Undone), filled.transaction():
        run(f"UPDATE audit SET {field} = ? WHERE seq = ?", value, seq)
        rows = run(f"SELECT count(*) FROM audit WHERE {field} = ? AND seq = ?", before, seq)
        kinds = run(f"SELECT typeof({field}) FROM audit WHERE seq = ?", seq)
        is_same = rows[0][0] and kinds and kinds[0][0] in ("text", "integer")
        assert bool(verify(filled)) != bool(is_same)
        raise Undone


@given(pair=st.permutations(range(1, 7)).map(lambda order: sorted(order[:2])))
@settings(max_examples=15)
def test_any_swap(filled: Store, pair: list[int]) -> None:
    first, second = pair
    swap = "UPDATE audit SET seq = ? WHERE seq = ?"
    assert faults_after(filled, (swap, 99, first), (swap, first, second), (swap, second, 99))


def test_an_entry_is_added(store: Store) -> None:
    copy = f"INSERT INTO audit SELECT {audit_chain.COLUMNS.replace('seq', 'seq + 1')} FROM audit"
    head = ("UPDATE audit_head SET seq = seq + 1",)
    assert faults_after(store, (f"{copy} WHERE seq = 6",), head)


def test_the_end_and_its_head_are_cut_off(store: Store) -> None:
    """The versions show it: neither they nor their entries can be removed or changed alone."""
    ((digest,),) = store.database.execute("SELECT hash FROM audit WHERE seq = 4")
    cut = (
        ("DELETE FROM audit WHERE seq > 4",),
        ("UPDATE audit_head SET seq = 4, hash = ?", digest),
    )
    (fault,) = faults_after(store, *cut)
    assert "version 2 was committed, and nothing tells of it" in fault
    (fault,) = faults_after(store, ("DELETE FROM version WHERE number = 2",))
    assert "version 2 was committed, and is gone" in fault
    (fault,) = faults_after(store, ("UPDATE version SET configuration = '[]' WHERE number = 1",))
    assert "version 1 is not what was committed" in fault
    gone = (("DELETE FROM audit",), ("DELETE FROM audit_head",))
    assert faults_after(store, *gone) == ["device default: the log is gone"]


def test_an_older_state(tmp_path: Path) -> None:
    """What it had before there was a log, the log need not tell of; what comes then, it does."""
    database = open_to_write(tmp_path / "state.db")
    for number in (1, 2, 3, 4):
        with database.transaction():
            _carry_out(database, number)
    run = database.execute
    run("INSERT INTO device VALUES ('default', '[]', '[]', 1, '')")
    run("INSERT INTO version VALUES ('default', 1, '[]', '', ?, '')", NOW.isoformat())
    database.close()
    store = open_store(in_file(tmp_path / "state.db"))
    assert verify(store) == []
    store.commit("default", "script", NOW)
    assert what(store) == ["began", "committed"]
    assert verify(store) == []
    assert faults_after(store, ("DELETE FROM version WHERE number = 2",))
    store.close()


def test_an_act_that_fails_leaves_no_entry(store: Store) -> None:
    before = what(store)
    with suppress(Undone), store.transaction():
        store.commit("default", "script", NOW)
        raise Undone
    assert what(store) == before
    assert verify(store) == []


def test_many_write_at_once(location: Location) -> None:
    """Threads with connections of their own, on chains of their own and on a common one: none forks."""
    open_store(location).close()
    count = 8

    def write(device: str) -> None:
        store = open_store(location)
        for number in range(count):
            audit_chain.append(store, device, "note", {"number": number})
            audit_chain.append(store, audit_chain.WHOLE_STATE, "note", {"by": device})
        store.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = open_store(location)
    assert verify(store) == []
    assert len(what(store, audit_chain.WHOLE_STATE)) == 3 * count + 1
    assert len(what(store, "a")) == count + 1
    store.close()


def test_unlock_is_told_of(location: Location) -> None:
    open_store(location).close()
    with hold(location, "default") as held:
        held.store.ensure_device("default")
        unlock(location, "default", by_force=True)
    store = open_store(location)
    (_, entry) = audit_chain.entries(store, "default")
    assert (entry.what, entry.told["by_force"]) == ("unlocked", True)
    store.close()

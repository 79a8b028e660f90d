"""What is salvaged is a state: it opens with its key source, its operations go on, and its log verifies."""

from contextlib import closing, suppress
from pathlib import Path

import pytest
from csc.runtime.doctor.salvage import salvage
from csc.runtime.recovery.phases import Phase
from csc.runtime.recovery.resume import left_open_on
from csc.runtime.state import activations, audit_chain, journal
from csc.runtime.state.audit import verify
from csc.runtime.state.errors import StateError
from csc.runtime.state.location import Location, in_file
from csc.runtime.state.opening import open_store
from csc.runtime.state.vault import sources
from csc.runtime.state.vault.opening import open_vault
from csc.runtime.state.vault.rekeying import rekey
from csc.runtime.state.vault.sources import Source
from support.command import database
from support.recovery import bring_into, scene
from support.vaults import SOURCES, Keyrings, renew

TABLES = ("vault", "asked", "later", "activation", "audit", "audit_head", "secret", "journal")


@pytest.fixture
def location(tmp_path: Path, keyrings: Keyrings) -> Location:
    """A state in which an operation waits for its CA, and another device's activation for its commit."""
    keyrings.patch.setenv("PSK", "psk")
    with scene(tmp_path / "old") as at:
        bring_into(at, Phase.WAITING)
        with at.around() as around:
            store = around.store
            store.ensure_device("north")
            store.activate("north", store.load("north").candidate)
            now = around.clock()
            activations.put(store, "north", activations.Activation(now, now))
        return at.device.location


def rows(location: Location, table: str) -> list:
    assert location.database is not None
    with database(location.database) as opened:
        return opened.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()


@pytest.mark.parametrize("source", SOURCES)
def test_every_table_and_every_source(
    source: Source, location: Location, tmp_path: Path, keyrings: Keyrings
) -> None:
    renew(source, keyrings)
    rekey(location, source)
    before = {table: rows(location, table) for table in TABLES}
    assert all(before.values())
    assert salvage(location, tmp_path / "new").lost == ()
    new = in_file(tmp_path / "new" / "state.db")
    for table in set(TABLES) - {"audit", "audit_head"}:
        assert rows(new, table) == before[table], table
    assert set(before["audit"]) < set(rows(new, "audit"))
    with closing(open_store(new)) as store:
        assert verify(store) == []
        (_, *_, entry) = audit_chain.entries(store, audit_chain.WHOLE_STATE)
        assert (entry.what, entry.told) == ("salvaged", {"lost": 0})
        vault = open_vault(store, new)
        (operation,) = journal.open_operations(store, "default")
        assert operation.key is not None
        assert vault.decrypt(operation.key, store.secret(operation.key) or b"")
        assert [each.phase for each in left_open_on(store, "default")] == [Phase.WAITING]
        activation = activations.find(store, "north")
        assert activation is not None


def test_a_rekey_that_was_cut_off(
    location: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key that is in force by then lies beside the one before: both are taken along."""

    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sources, "settle", die)
        with suppress(KeyboardInterrupt):
            rekey(location)
    assert salvage(location, tmp_path / "new").lost == ()
    new = in_file(tmp_path / "new" / "state.db")
    with closing(open_store(new)) as store:
        assert open_vault(store, new)


LOST = {
    "heads": ("DELETE FROM audit_head", "where its audit log ended"),
    "an old head": ("UPDATE audit_head SET seq = 1, hash = ''", "where its audit log ended"),
    "entries": ("DELETE FROM audit WHERE seq = 2", "has to end with 2"),
    "all": ("DELETE FROM audit", "the log ends with entry 0"),
    "vault": ("DELETE FROM vault", "the keys of the vault"),
}


@pytest.mark.parametrize("what", LOST)
def test_what_is_lost_is_told_of(what: str, location: Location, tmp_path: Path) -> None:
    """And each device can be written to afterwards, as far as the log is concerned."""
    statement, said = LOST[what]
    assert location.database is not None
    with database(location.database) as opened:
        opened.execute(statement)
    lost = salvage(location, tmp_path / "new").lost
    assert any(said in each for each in lost), lost
    new = in_file(tmp_path / "new" / "state.db")
    with closing(open_store(new)) as store:
        before = len(verify(store))
        for device in ("default", "north"):
            audit_chain.append(store, device, "note", {})
        assert "heads" not in what or verify(store) == []
        assert len(verify(store)) <= before + 2
        if what == "vault":
            with pytest.raises(StateError, match="not the master key"):
                open_vault(store, new)

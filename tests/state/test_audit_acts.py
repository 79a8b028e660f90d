"""What moves a device's configurations, or the vault's keys, without a script is in the audit log."""

from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from csc.compiler.address import ROOT
from csc.compiler.configuration import Configuration, empty_device
from csc.compiler.plan import Activate, Step
from csc.grammar.ast import Span
from csc.runtime import committing
from csc.runtime.operation import Surroundings
from csc.runtime.restoring import restore
from csc.runtime.state import activations, audit_chain
from csc.runtime.state.audit import verify
from csc.runtime.state.location import Location
from csc.runtime.state.opening import open_store
from csc.runtime.state.store import Store
from csc.runtime.state.vault.opening import open_vault
from csc.runtime.state.vault.rekeying import rekey

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = START + timedelta(seconds=30)


def lan(address: str) -> Configuration:
    return {**empty_device(), ROOT.child("IPAddress", "lan"): {"Address": address}}


@pytest.fixture
def store(location: Location) -> Generator[Store]:
    with closing(open_store(location)) as opened:
        opened.ensure_device("default")
        yield opened


@pytest.fixture
def around(store: Store) -> Surroundings:
    """A device with version 1, and something else activated."""

    def never(*arguments: object) -> None:
        raise AssertionError(arguments)

    now = START
    made = Surroundings(
        "default", store, None, never, lambda: now, never, never, never, "ann@north"
    )
    committing.activate(made, lan("10.0.0.1"))
    committing.commit(made, "digest")
    committing.activate(made, lan("10.0.0.2"))
    return made


def newest(store: Store, device: str = "default") -> tuple[str, dict[str, Any]]:
    *_, entry = audit_chain.entries(store, device)
    assert verify(store) == []
    return entry.what, entry.told


def back(why: str, since: datetime) -> tuple[str, dict[str, Any]]:
    return "rolled-back", {"version": 1, "why": why, "since": since.isoformat()}


def test_no_commit_in_time(around: Surroundings) -> None:
    activations.roll_back_run_out(around.store, "default", LATER + timedelta(days=1))
    assert newest(around.store) == back("no commit in time", LATER)
    activations.roll_back_run_out(around.store, "default", LATER + timedelta(days=2))
    assert len(list(audit_chain.entries(around.store, "default"))) == 5


def test_a_failure_behind_activate(around: Surroundings) -> None:
    committing.after_failure(around, [Step("s1", Activate(), (), Span("", 1, 1, 0), "activate")])
    assert newest(around.store) == back("a step failed", START)


def test_a_failure_of_another_run(around: Surroundings) -> None:
    """It takes nothing back, and nothing is told."""
    committing.after_failure(around, [])
    assert newest(around.store)[0] == "activated"


def test_discard(around: Surroundings) -> None:
    activations.discard(around.store, "default", LATER)
    assert newest(around.store) == back("discarded", LATER)


def test_restore(around: Surroundings) -> None:
    """A version that a rollback made is told of as any other, and which one it brought back."""
    committing.commit(around, "other")
    assert restore(around.store, "default", 1, LATER, "bob@south") == 3
    what, told = newest(around.store)
    assert (what, told["version"], told["restores"], told["script"]) == (
        "committed",
        3,
        1,
        "digest",
    )
    around.store.database.execute("DELETE FROM version WHERE number = 3")
    assert "version 3 was committed, and is gone" in str(*verify(around.store))


def test_rekey(location: Location, store: Store) -> None:
    open_vault(store, location)
    done = rekey(location)
    what, told = newest(store, audit_chain.WHOLE_STATE)
    sources = {"from": "file", "to": "file", "secrets": 0}
    assert (what, told) == ("rekeyed", {"data_key": done.new.id, **sources})

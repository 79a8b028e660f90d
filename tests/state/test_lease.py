"""One writer for each device, on each kind of database: held, waited for, taken over, taken away."""

import time
from collections.abc import Generator
from dataclasses import replace

import pytest
from csc.compiler.configuration import empty_device
from csc.runtime.state import holding, lease
from csc.runtime.state.errors import Locked, StateError
from csc.runtime.state.holding import Held, hold
from csc.runtime.state.location import Location
from csc.runtime.state.opening import load_device, open_store
from csc.runtime.state.owner import Life, Owner, this_process
from csc.runtime.state.unlocking import look, unlock

ELSEWHERE = Owner("ann", "north", "m", "b", "pid:[1]", 4711, "1")


@pytest.fixture
def made(location: Location) -> Location:
    """Where a state lies that knows the device."""
    store = open_store(location)
    store.ensure_device("default")
    store.close()
    return location


@pytest.fixture
def held(made: Location) -> Generator[Held]:
    with hold(made, "default") as held:
        yield held


def leave_row(location: Location, owner: Owner) -> None:
    """A row in the table without its lock."""
    store = open_store(location)
    lease.put(store.database, lease.new_lease("default", owner, holding._now()))
    store.close()


def test_second_hears_who(made: Location, held: Held) -> None:
    me = this_process()
    with pytest.raises(Locked) as caught, hold(made, "default"):
        raise AssertionError("two hold the device")
    said = f"device default is locked by {me.user} on {me.host} (process {me.pid}) since 20"
    assert str(caught.value).startswith(said)
    assert "--lock-timeout" in caught.value.way_out


def test_other_devices_and_readers_do_not_wait(made: Location, held: Held) -> None:
    with held.store.transaction():
        held.store.activate("default", empty_device())
        assert load_device(made, "default").active == empty_device()
    with hold(made, "other") as other:
        other.store.ensure_device("other")
        held.store.activate("default", empty_device())
        assert [seen.lease.device for seen in look(made)] == ["default", "other"]


def test_waits(made: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told once for whom, and it goes on when that has ended."""
    first = hold(made, "default")
    told: list[Locked] = []
    with first:
        pass
    held = Held(made, "default")
    held.take(0, told.append)

    def end_it(seconds: float) -> None:
        del seconds
        held.end()

    monkeypatch.setattr(time, "sleep", end_it)
    with hold(made, "default", 60, told.append) as second:
        second.store.activate("default", empty_device())
    assert [str(refused).partition(" since")[0] for refused in told] == [
        f"device default is locked by {this_process()}"
    ]


def test_leaves_nothing(made: Location) -> None:
    with hold(made, "default"):
        assert [seen.life for seen in look(made)] == [Life.RUNS]
    assert look(made) == []
    with pytest.raises(StateError, match="device default is not locked"):
        unlock(made, "default", by_force=False)


def test_new_state(location: Location) -> None:
    """Held before there is a state; that is made when it is needed."""
    is_file = location.database is not None
    with hold(location, "default") as held:
        assert location.is_new == is_file
        with pytest.raises(Locked, match="since"), hold(location, "default"):
            pass
        held.store.ensure_device("default")
        assert [seen.lease.device for seen in look(location)] == ["default"]
    assert look(location) == []


def test_dead_owner_is_replaced(made: Location) -> None:
    """A row whose lock is gone keeps nobody out."""
    leave_row(made, replace(this_process(), started="1"))
    assert [seen.life for seen in look(made)] == [Life.GONE]
    with hold(made, "default") as held:
        held.store.activate("default", empty_device())
    leave_row(made, replace(this_process(), started="1"))
    unlock(made, "default", by_force=False)
    assert look(made) == []


def test_owner_elsewhere(made: Location) -> None:
    """Of another machine: a server knows that its connection has ended; a file may have been copied."""
    leave_row(made, ELSEWHERE)
    if made.database is None:
        assert [seen.life for seen in look(made)] == [Life.GONE]
        with hold(made, "default") as held:
            held.store.activate("default", empty_device())
        return
    assert [seen.life for seen in look(made)] == [Life.UNKNOWN]
    with (
        pytest.raises(Locked, match=r"locked by ann on north \(process 4711\)"),
        hold(made, "default"),
    ):
        pass
    with pytest.raises(Locked, match="may be alive") as caught:
        unlock(made, "default", by_force=False)
    assert "csc unlock default --force" in caught.value.way_out
    unlock(made, "default", by_force=True)
    with hold(made, "default"):
        pass


def test_live_owner_is_refused_without_force(made: Location, held: Held) -> None:
    with pytest.raises(Locked, match="may be alive"):
        unlock(made, "default", by_force=False)
    held.store.activate("default", empty_device())


def test_taken_away(made: Location, held: Held) -> None:
    """After `unlock --force` its owner cannot write, before and after somebody else has the device."""
    unlock(made, "default", by_force=True)
    lost = "was removed with `csc unlock`" if made.database else "connection .* is lost"
    with pytest.raises(StateError, match=lost):
        held.store.activate("default", empty_device())
    with hold(made, "default") as second:
        lost = "was taken over by" if made.database else "connection .* is lost"
        with pytest.raises(StateError, match=lost):
            held.store.commit("default", "script", holding._now())
        second.store.activate("default", empty_device())
        held.end()
        second.store.commit("default", "script", holding._now())
        with pytest.raises(Locked), hold(made, "default"):
            pass


def test_fence_holds_without_the_lock(made: Location, held: Held) -> None:
    """A row with another token is enough, and what the transaction did is undone."""
    leave_row(made, ELSEWHERE)
    with pytest.raises(StateError, match="taken over by ann on north"), held.store.transaction():
        raise AssertionError("the transaction should not begin")
    assert load_device(made, "default").active == empty_device()


def test_taken_away_before_the_state_was_made(location: Location) -> None:
    if location.database is None:
        pytest.skip("a state on a server is made first")
    with hold(location, "default") as first:
        unlock(location, "default", by_force=True)
        with hold(location, "default") as second:
            second.store.ensure_device("default")
            with pytest.raises(StateError, match="taken over"):
                _ = first.store
            second.store.activate("default", empty_device())


def test_odd_names(location: Location) -> None:
    """A device may be called anything."""
    for device in ("", "a" * 1000, "../../x", "å/\N{SNOWMAN} %s ?", "a;b'c"):
        with hold(location, device) as held:
            held.store.ensure_device(device)
            with pytest.raises(Locked), hold(location, device):
                pass

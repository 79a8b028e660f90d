"""What is activated has its time to be committed, in each database; then it is as if it had not been."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from csc.compiler.address import ROOT
from csc.compiler.configuration import Configuration, empty_device
from csc.compiler.device import DeviceState
from csc.compiler.plan import Activate, Commit, Step
from csc.grammar.ast import Span
from csc.runtime import committing
from csc.runtime.activation import COMMIT_TIMEOUT, activated
from csc.runtime.errors import CommitTooLate
from csc.runtime.operation import Surroundings
from csc.runtime.restoring import restore
from csc.runtime.state import activations
from csc.runtime.state.location import Location
from csc.runtime.state.opening import load_device_as_of, open_store
from csc.runtime.state.store import Store
from csc.runtime.state.versions import versions

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NEW = empty_device()


def lan(address: str) -> Configuration:
    return {**NEW, ROOT.child("IPAddress", "lan"): {"Address": address}}


FIRST, SECOND_ONE = lan("10.0.0.1"), lan("10.0.0.2")


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store(location: Location) -> Generator[Store]:
    with closing(open_store(location)) as opened:
        opened.ensure_device("default")
        yield opened


@pytest.fixture
def around(store: Store) -> Surroundings:
    """A device with FIRST committed, whose clock can be set."""

    def never(*arguments: object) -> None:
        raise AssertionError(arguments)

    made = Surroundings("default", store, None, never, Clock(), never, never, never, "ann@north")
    committing.activate(made, FIRST)
    committing.commit(made, "digest")
    return made


def as_of(store: Store, now: datetime) -> DeviceState:
    return activations.load_as_of(store, "default", now)[0]


def step(action: Activate | Commit) -> Step:
    return Step("s1", action, (), Span("x.cfg", 1, 1, 1), "")


def test_the_deadline_is_the_first_moment_that_is_too_late() -> None:
    activation = activated(START, COMMIT_TIMEOUT)
    last = activation.deadline - timedelta(microseconds=1)
    assert (activation.is_waiting(last), activation.is_overdue(last)) == (True, False)
    late = activation.deadline
    assert (activation.is_waiting(late), activation.is_overdue(late)) == (False, True)
    assert activation.as_of(last) == activation
    done = activation.as_of(late + timedelta(days=1))
    assert done.rolled_back_at == activation.deadline
    assert not done.is_waiting(START)
    assert not done.is_overdue(late)


def test_readers_compute_it_and_write_nothing(around: Surroundings, location: Location) -> None:
    committing.activate(around, SECOND_ONE)
    stored = around.store.load("default")
    early, none = load_device_as_of(location, "default", START + 29 * SECOND)
    assert (early, none) == (stored, None)
    late, run_out = load_device_as_of(location, "default", START + 30 * SECOND)
    assert late == DeviceState(FIRST, FIRST, FIRST)
    assert run_out is not None
    assert run_out.rolled_back_at == START + COMMIT_TIMEOUT
    assert around.store.load("default") == stored
    assert stored.active == SECOND_ONE


def test_the_next_writer_writes_it_down_once(around: Surroundings) -> None:
    store = around.store
    committing.activate(around, SECOND_ONE)
    store.put_device_file("default", "cl_newcert.der", "sha256:1")
    assert activations.roll_back_run_out(store, "default", START + 29 * SECOND) is None
    later = START + timedelta(hours=1)
    expected = as_of(store, later)
    done = activations.roll_back_run_out(store, "default", later)
    assert done is not None
    assert done.rolled_back_at == START + COMMIT_TIMEOUT
    assert store.load("default") == expected == as_of(store, START)
    assert expected.files == {"cl_newcert.der": "sha256:1"}
    assert activations.roll_back_run_out(store, "default", later) is None
    assert activations.find(store, "default") == done  # for `csc status`, until the next one


def test_committed_in_time(around: Surroundings) -> None:
    committing.activate(around, SECOND_ONE)
    around.clock.now += 29 * SECOND
    assert committing.commit(around, "digest") == 2
    assert activations.find(around.store, "default") is None
    assert as_of(around.store, START + timedelta(days=9)).committed == SECOND_ONE


@pytest.mark.parametrize("late", ["activate", "commit", "end_run"])
def test_nothing_is_written_on_top_of_what_has_run_out(around: Surroundings, late: str) -> None:
    committing.activate(around, SECOND_ONE)
    around.clock.now += 30 * SECOND
    before = around.store.load("default")
    acts = {
        "activate": lambda: committing.activate(around, lan("10.0.0.3")),
        "commit": lambda: committing.commit(around, "digest"),
        "end_run": lambda: committing.end_run(around, lan("10.0.0.3"), "inputs"),
    }
    with pytest.raises(CommitTooLate, match=r"2026-11-25 12:00:00 UTC was not committed within 30"):
        acts[late]()
    assert around.store.load("default") == before
    assert [version.number for version in versions(around.store, "default")] == [1]


def test_the_last_activation_counts(around: Surroundings) -> None:
    committing.activate(around, SECOND_ONE)
    around.clock.now += 29 * SECOND
    committing.activate(replace(around, commit_timeout=60 * SECOND), lan("10.0.0.3"))
    around.clock.now += 59 * SECOND
    assert committing.commit(around, "digest") == 2


def test_what_changes_nothing_has_no_deadline(around: Surroundings) -> None:
    committing.activate(around, SECOND_ONE)
    committing.activate(around, FIRST)
    assert activations.find(around.store, "default") is None


def test_a_candidate_that_was_never_activated_stays(around: Surroundings) -> None:
    committing.end_run(around, SECOND_ONE, "inputs")
    state = as_of(around.store, START + timedelta(days=9))
    assert (state.candidate, state.left_by) == (SECOND_ONE, "inputs")


# -- failures --------------------------------------------------------------------------------------


def test_a_run_that_fails_goes_back_at_once(around: Surroundings) -> None:
    committing.activate(around, SECOND_ONE)
    around.clock.now += SECOND
    remains = committing.after_failure(around, [step(Activate())])
    assert remains.rolled_back is not None
    assert remains.rolled_back.rolled_back_at == START + SECOND
    assert (remains.version, remains.waiting) == (1, None)
    assert around.store.load("default") == DeviceState(FIRST, FIRST, FIRST)
    assert committing.after_failure(around, [step(Activate())]).rolled_back is None


def test_what_an_earlier_run_activated_keeps_its_time(around: Surroundings) -> None:
    committing.activate(around, SECOND_ONE)
    remains = committing.after_failure(around, [])
    assert remains.rolled_back is None
    assert remains.waiting == activated(START, COMMIT_TIMEOUT)
    assert around.store.load("default").active == SECOND_ONE
    around.clock.now += 30 * SECOND
    assert committing.after_failure(around, []).rolled_back is not None


def test_a_failure_after_the_commit_takes_nothing_back(around: Surroundings) -> None:
    committing.activate(around, SECOND_ONE)
    committing.commit(around, "digest")
    remains = committing.after_failure(around, [step(Activate()), step(Commit())])
    assert (remains.rolled_back, remains.waiting) == (None, None)
    assert around.store.load("default").committed == SECOND_ONE


def test_a_state_that_cannot_be_written_is_left_to_the_deadline(around: Surroundings) -> None:
    from csc.runtime.state.errors import StateError

    def lost() -> None:
        raise StateError("the lease was taken over", "")

    committing.activate(around, SECOND_ONE)
    around.store.fence = lost
    assert committing.after_failure(around, [step(Activate())]) == committing.Remains()
    assert as_of(around.store, START + 30 * SECOND).active == FIRST


# -- going back by hand ----------------------------------------------------------------------------


def test_discard(around: Surroundings) -> None:
    committing.activate(around, SECOND_ONE)
    committing.end_run(around, lan("10.0.0.3"), "inputs")
    activations.discard(around.store, "default", START)
    assert around.store.load("default") == DeviceState(FIRST, FIRST, FIRST)
    assert activations.find(around.store, "default") is None


def test_discard_where_nothing_is_committed(store: Store) -> None:
    store.end_run("default", FIRST, "inputs")
    activations.discard(store, "default", START)
    assert store.load("default") == DeviceState()


def test_restored_versions_keep_their_order(around: Surroundings) -> None:
    store, lan_address = around.store, ROOT.child("IPAddress", "lan")
    more = {**FIRST, ROOT.child("IPAddress", "dmz"): {"Address": "10.0.1.1"}}
    for configuration in (more, {a: p for a, p in more.items() if a != lan_address}, SECOND_ONE):
        committing.activate(around, configuration)
        committing.commit(around, "digest")
    committing.activate(around, NEW)
    assert restore(store, "default", 2, START, "bob@south") == 5
    assert list(store.version("default").configuration) == list(more)
    assert store.load("default") == DeviceState(more, more, more)
    assert activations.find(store, "default") is None
    newest, *others = versions(store, "default")
    assert (newest.restores, newest.committed_by, newest.script) == (2, "bob@south", "digest")
    assert {version.restores for version in others} == {None}
    assert restore(store, "default", 0, START, "") == 6
    assert store.load("default") == DeviceState()

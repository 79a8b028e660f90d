"""Any graph, any failures, any limits: what begins, when, and what does not."""

import threading
from collections.abc import Sequence

import pytest
from csc.compiler.plan import Step
from csc.runtime.errors import LeftOpen
from csc.runtime.execution.graph import StepState
from csc.runtime.execution.limits import Limits
from csc.runtime.execution.loop import OnError, Terms, Work, loop
from csc.runtime.execution.stopping import Stop
from csc.runtime.progress import ProgressEvent, StepDone
from csc.runtime.state.errors import StateError
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_steps import Fails, Told, step


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Step, ...]:
    """Steps in any order, each of which needs some that are before it in another order."""
    count = draw(st.integers(1, 14))
    order = draw(st.permutations(range(count)))
    hosts = st.sampled_from([None, None, "one", "two", "three"])
    steps = {
        n: step(n, draw(st.sets(st.sampled_from(order[:at]))) if at else (), draw(hosts))
        for at, n in enumerate(order)
    }
    return tuple(steps[n] for n in range(count))


def blocked(steps: Sequence[Step], failing: frozenset[str]) -> set[str]:
    """Those that need one that fails, directly or not, and those that fail themselves."""
    out = set(failing)
    while True:
        more = {s.id for s in steps if s.id not in out and out.intersection(s.depends_on)}
        if not more:
            return out
        out |= more


@settings(max_examples=80)
@given(st.data(), graphs(), st.integers(1, 5), st.one_of(st.none(), st.integers(1, 3)))
def test_laws_of_order(
    data: st.DataObject, steps: tuple[Step, ...], parallel: int, per_server: int | None
) -> None:
    failing = frozenset(data.draw(st.sets(st.sampled_from([s.id for s in steps]))))
    told = Told(failing)
    course = told.run(steps, parallel, per_server)
    at = told.at()  # each at most once
    for s in steps:
        for needed in s.depends_on:
            if (s.id, "begins") in at:
                assert at[needed, "ends"] < at[s.id, "begins"]
    not_done = blocked(steps, failing)
    assert {s.id for s in course.graph.having(StepState.DONE)} == {s.id for s in steps} - not_done
    assert {name for name, what in told.log if what == "ends"} == {s.id for s in steps} - not_done
    assert {s.id for s, _ in course.failures} == {
        name for name, what in told.log if what == "fails"
    }
    assert told.most <= parallel
    assert max(told.most_at.values(), default=0) <= (per_server or parallel)
    for n, by in course.graph.blocked_by.items():
        assert steps[by].id in failing
        assert steps[n].id in blocked(steps, frozenset({steps[by].id}))


@settings(max_examples=25)
@given(st.data(), graphs(), st.integers(1, 5))
def test_stop_begins_nothing_after_a_failure(
    data: st.DataObject, steps: tuple[Step, ...], parallel: int
) -> None:
    failing = frozenset(data.draw(st.sets(st.sampled_from([s.id for s in steps]), min_size=1)))
    told = Told(failing)
    told.run(steps, parallel, on_error=OnError.STOP)
    failed = next((n for n, (_, what) in enumerate(told.log) if what == "fails"), len(told.log))
    begun_after = [name for name, what in told.log[failed + 1 :] if what == "begins"]
    # What was on its way into its thread before the failure was seen.
    assert len(begun_after) < parallel
    if parallel == 1:
        assert not begun_after


def test_all_slots_are_used() -> None:
    """Four operations are under way together where four may be."""
    all_four = threading.Barrier(4)
    told = Told(during=lambda step: (all_four.wait(20), None)[1])
    told.run([step(n, (), "ca") for n in range(8)], parallel=4)
    assert told.most == 4


@pytest.mark.parametrize("per_server", [None, 1])
def test_a_slow_server_starves_nobody(per_server: int | None) -> None:
    """Six operations at a CA that does not answer come first; those of another are done meanwhile."""
    quick_are_done = threading.Event()
    quick = []

    def during(step: Step) -> None:
        if step.action.server.host == "slow":
            assert quick_are_done.wait(20)
            return
        quick.append(step.id)
        if len(quick) == 3:
            quick_are_done.set()

    steps = [*(step(n, (), "slow") for n in range(6)), *(step(n, (), "fast") for n in range(6, 9))]
    Told(during=during).run(steps, parallel=2, per_server=per_server)
    assert quick == ["s6", "s7", "s8"]


def test_one_server_may_have_all() -> None:
    """A slot is kept for another server only as long as it has operations left, or may come to have."""
    both = threading.Barrier(2)

    def during(step: Step) -> None:
        if step.id in ("s3", "s4"):
            both.wait(20)

    # s2 is blocked by s1, so that there is nothing left at `b`.
    steps = [step(0), step(1, [0]), step(2, [1], "b"), step(3, [], "a"), step(4, [], "a")]
    Told(frozenset({"s1"}), during).run(steps, parallel=2)


def test_a_state_that_cannot_be_used_ends_the_run() -> None:
    """Nothing else could be written down, whatever --on-error says."""
    told = Told()

    def act(step: Step) -> str:
        raise StateError("the disk is full", "make room")

    told.act = act
    course = told.run([step(0), step(1), step(2, [], "ca")], parallel=1)
    assert [s.id for s, _ in course.failures] == ["s0"]
    assert [s.id for s in course.graph.having(StepState.READY)] == ["s1", "s2"]


def test_a_bug_is_raised_as_it_is() -> None:
    def during(step: Step) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Told(during=during).run([step(0, (), "ca"), step(1, (), "ca")])


def test_a_stop_lets_nothing_begin_and_ends_waits() -> None:
    stop = Stop()

    def during(step: Step) -> None:
        stop.request()
        stop.pause(3600)

    told = Told(during=during)
    course = told.run([step(0, (), "ca"), step(1, (), "ca"), step(2, [0])], parallel=1, stop=stop)
    assert [s.id for s in course.graph.having(StepState.LEFT_OPEN)] == ["s0"]
    assert [s.id for s in course.graph.having(StepState.READY)] == ["s1"]
    assert course.graph.blocked_by == {2: 0}
    assert not course.failures
    assert told.log == [("s0", "begins")]
    with pytest.raises(LeftOpen):
        stop.pause(3600)


def test_those_that_wait_are_told_in_their_order() -> None:
    told = Told()
    told.run([step(n, (), "ca") for n in range(4)], parallel=1)
    assert told.upcoming == [["s1"], ["s2"], ["s3"], []]


def test_many_steps_that_need_no_ca_do_not_pay_for_threads() -> None:
    """They are done in the calling thread, and one after the other."""
    threads = set()
    told = Told()
    act = told.act
    told.act = lambda step: (threads.add(threading.get_ident()), act(step))[1]
    course = told.run([step(n, [n - 1] if n else []) for n in range(5000)])
    assert len(course.graph.having(StepState.DONE)) == 5000
    assert threads == {threading.get_ident()}


def test_failures_are_noted_with_their_errors() -> None:
    told = Told(frozenset({"s0", "s2"}))
    course = told.run([step(0), step(1, [0]), step(2, [], "ca")])
    assert [(s.id, type(error)) for s, error in course.failures] == [("s0", Fails), ("s2", Fails)]


def test_who_watches_and_fails_ends_the_run() -> None:
    """What was under way is finished, nothing else begins, and the mistake is shown as it is."""
    told = Told()

    def watch(event: ProgressEvent) -> None:
        if isinstance(event, StepDone):
            raise ZeroDivisionError

    work = Work(told.act, told.prepare, told.record, lambda steps: None)
    terms = Terms(Limits(), OnError.FINISH_INDEPENDENT, Stop(), None)
    with pytest.raises(ZeroDivisionError):
        loop([step(0, [], "ca"), step(1, [0])], work, terms, watch)
    assert told.log == [("s0", "begins"), ("s0", "ends")]

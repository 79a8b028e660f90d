"""Laws of plans that are carried out, on whole programs: what was predicted comes, once, saved or not."""

import itertools
from collections.abc import Generator, Iterator
from contextlib import closing

import pytest
from csc.cli import planfile
from csc.cli.exits import REFUSED, Failure
from csc.cli.planning import Request, make_plan
from csc.cli.variables import Variables
from csc.compiler.differences import differences
from csc.compiler.policy import Policy
from csc.compiler.rollback import plan_rollback
from csc.compiler.selection import COMMAND_LINE
from csc.compiler.simulate import start_from
from csc.grammar.ast import Span
from csc.runtime.restoring import restore
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.snapshot import render_script
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_store
from csc.runtime.state.store import Store, Version
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import programs
from support.device import Device, prepare_vault, utc_now
from support.states import matches

# A fifth of what the profile says: each example talks to a CA.
few = settings(
    deadline=None,
    max_examples=settings().max_examples // 5,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Generator[Iterator[Device]]:
    """New devices without end, under one state and one CA."""
    folder = tmp_path_factory.mktemp("devices")
    with SandboxCA.open(in_file(folder / "state.db").sandbox) as ca:
        ca.add_secret(b"ref", b"psk")
        prepare_vault(in_file(folder / "state.db"))
        yield (Device(folder, ca, name=f"device{number}") for number in itertools.count())


@few
@given(programs(updates=True))
def test_what_was_predicted_comes(devices: Iterator[Device], program: list[str]) -> None:
    """After each script the state is the compiler's prediction, whatever runs at once."""
    device = next(devices)
    for script in program:
        compilation = device.apply(script)
        assert compilation.prediction is not None
        matches(compilation.prediction, device.state())


@settings(few, max_examples=settings().max_examples // 10)
@given(programs(updates=True), st.data())
def test_rolling_back_leaves_no_difference(
    devices: Iterator[Device], program: list[str], data: st.DataObject
) -> None:
    """Whatever was committed since, and is not: the plan leads to the version, and the state holds it."""
    device = next(devices)
    for script in program:
        device.apply(script)
    with closing(open_store(device.location)) as store:
        newest = store.version(device.name).number
        if newest == 0:
            return
        number = data.draw(st.integers(0, newest))
        wanted = store.version(device.name, number)
        place = Span(COMMAND_LINE, 1, 1, 1)
        before = store.load(device.name)
        plan = plan_rollback(before, number, wanted.configuration, place)
        if plan.is_empty:
            assert wanted.configuration == before.committed
            return
        simulation = start_from(before)
        for step in plan.steps:
            simulation.act(step.action)
        new = restore(store, device.name, number, utc_now(), "somebody")
        latest, after = store.version(device.name), store.load(device.name)
        assert latest.number == new == newest + 1
        assert not differences(wanted.configuration, latest.configuration)
        assert simulation.is_like(after)
        assert after.candidate == after.active == after.committed == wanted.configuration
        assert snapshot_of(store, device, wanted) == snapshot_of(store, device, latest)
        assert plan_rollback(after, number, wanted.configuration, place).is_empty
        assert (after.certificates, after.files) == (before.certificates, before.files)


def snapshot_of(store: Store, device: Device, version: Version) -> str:
    return render_script(device.name, version, (), store.content).partition("\n")[2]


@few
@given(programs(whole=True))
def test_applied_again_there_is_nothing_to_do(
    devices: Iterator[Device], program: list[str]
) -> None:
    device = next(devices)
    for script in program:
        device.apply(script)
        again = device.compile(script)
        assert again.plan is not None, again.diagnostics
        assert again.plan.is_empty


@few
@given(programs(updates=True), st.integers(1, 4))
def test_a_saved_plan_does_what_it_did_unsaved(
    devices: Iterator[Device], program: list[str], parallel: int
) -> None:
    """A plan written to a file, read and made again: the same steps and the same end; then it is stale."""
    device = next(devices)
    folder = device.folder / device.name
    folder.mkdir()
    for number, script in enumerate(program):
        direct = device.compile(script)
        source, saved = folder / f"{number}.cfg", folder / f"{number}.json"
        source.write_text(script)
        request = Request((str(source),), (), device.name, True, False, (), Variables(), Policy())
        planned = make_plan(request, device.location)
        plan = planned.plan
        assert plan is not None
        saved.write_text(planfile.dump(request, planned, plan))

        loaded = planfile.load(str(saved), Variables())
        assert loaded is not None
        again = make_plan(loaded[0], device.location).plan
        assert again == plan
        planfile.check_current(loaded[1], again)
        device.carry_out(again, parallel=parallel)

        assert direct.prediction is not None
        matches(direct.prediction, device.state())
        stale = make_plan(loaded[0], device.location).plan
        if stale is not None and not plan.is_empty:
            with pytest.raises(Failure) as refused:
                planfile.check_current(loaded[1], stale)
            assert refused.value.code == REFUSED

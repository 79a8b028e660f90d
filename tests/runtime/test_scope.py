"""Laws of plans of a part of a script, carried out: what was predicted comes, and the rest comes later."""

import itertools
from collections.abc import Generator, Iterator

import pytest
from csc.compiler.configuration import Configuration, FileValue
from csc.compiler.plan import CmpOperation, ObjectChange
from csc.compiler.selection import Selection
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.state.location import in_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import programs
from support.device import FINISH, PREREQUISITES, Device, bind, certificate, initiate, prepare_vault
from support.states import matches

few = settings(
    deadline=None,
    max_examples=settings().max_examples // 5,
    suppress_health_check=[HealthCheck.too_slow],
)
NAMES = ("cmp", "cmp/a", "Certificate cmp/b", "vpn", "vpn/?", "ca", "ra", "main", "host*", "User *")


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    only = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
    skip = draw(st.lists(st.sampled_from(NAMES), min_size=not only, max_size=2, unique=True))
    return Selection(tuple(only), tuple(skip))


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Generator[Iterator[Device]]:
    folder = tmp_path_factory.mktemp("devices")
    with SandboxCA.open(in_file(folder / "state.db").sandbox) as ca:
        ca.add_secret(b"ref", b"psk")
        prepare_vault(in_file(folder / "state.db"))
        yield (Device(folder, ca, name=f"device{number}") for number in itertools.count())


@few
@given(programs(updates=True), selections())
def test_what_was_predicted_of_a_part_comes(
    devices: Iterator[Device], program: list[str], selection: Selection
) -> None:
    """Each part that is not refused leaves the state that was predicted, and no step without its needs."""
    device = next(devices)
    for script in program:
        whole = device.compile(script)
        part = device.compile(script, selection)
        assert whole.plan is not None
        if part.plan is None:
            assert {d.rule.code for d in part.diagnostics} & {"CSC501", "CSC502", "CSC503"}
        else:
            assert part.prediction is not None
            kept = {step.id for step in part.plan.steps}
            told = {item.step.id for item in part.plan.left_out}
            assert not kept & told
            assert kept | told == {step.id for step in whole.plan.steps}
            for step in part.plan.steps:
                assert set(step.depends_on) <= kept
            device.carry_out(part.plan)
            matches(part.prediction, device.state())
        rest = device.compile(script)
        if rest.plan is None:  # what was left out of an earlier script is missed here
            return
        device.carry_out(rest.plan)


def shape(configuration: Configuration) -> object:
    """A configuration with every file alike: two enrolments never give the same one."""
    return {
        address: {n: "file" if isinstance(v, FileValue) else v for n, v in properties.items()}
        for address, properties in configuration.items()
    }


WHOLE = (
    PREREQUISITES
    + "".join(certificate(name) for name in "abc")
    + "add Address IPAddress lan Address=10.0.0.0/8\n"
    + "cc RoutingTable main\nadd Route Interface=if1 Network=lan\ncc\n"
    + "add User ann Password=secret\nactivate\n"
    + "".join(initiate(name) + bind(name) for name in "abc")
    + "set CMPServer ca Comments=done\n"
    + FINISH
)
PARTS = ("cmp", "cmp/a", "cmp/[", "cmp/c", "ca", "lan", "main", "ann", "Route main/*", "*")


@few
@given(
    st.lists(st.sampled_from(PARTS), max_size=2, unique=True),
    st.lists(st.sampled_from(PARTS), max_size=2, unique=True),
)
def test_after_a_part_the_whole_does_the_rest(
    devices: Iterator[Device], only: list[str], skip: list[str]
) -> None:
    """And does nothing again: no object is changed twice, no certificate obtained twice."""
    device, other = next(devices), next(devices)
    other.apply(WHOLE)
    part = device.compile(WHOLE, Selection(tuple(only), tuple(skip)))
    if part.plan is None:
        assert "cmp/[" in (*only, *skip)
        return
    device.carry_out(part.plan)
    rest = device.compile(WHOLE)
    assert rest.plan is not None
    operations = [
        step.action.target
        for plan in (part.plan, rest.plan)
        for step in plan.steps
        if isinstance(step.action, CmpOperation)
    ]
    assert len(operations) == len(set(operations)) == 3
    kept = [s.action for s in part.plan.steps if isinstance(s.action, ObjectChange)]
    left = [i.step.action for i in part.plan.left_out if isinstance(i.step.action, ObjectChange)]
    later = {s.action.address for s in rest.plan.steps if isinstance(s.action, ObjectChange)}
    assert later == {change.address for change in left}
    assert not {c.address for c in kept} & later - {c.address for c in left}
    device.carry_out(rest.plan)
    state, reference = device.state(), other.state()
    for name in ("committed", "active", "candidate"):
        assert shape(getattr(state, name)) == shape(getattr(reference, name))
    again = device.compile(WHOLE)
    assert again.plan is not None
    assert again.plan.is_empty


def test_a_replacement_is_obtained_once(devices: Iterator[Device]) -> None:
    device = next(devices)
    device.apply(WHOLE)
    before = device.state()
    part = device.compile(WHOLE, Selection(replace=("cmp/a",)))
    assert part.plan is not None
    device.carry_out(part.plan)
    after = device.state()
    matches(part.prediction, after)
    changed = {a for a in after.certificates if after.certificates[a] != before.certificates[a]}
    assert {a.reference for a in changed} == {"cmp/a"}
    assert not any(record.is_revoked for record in after.certificates.values())
    again = device.compile(WHOLE)
    assert again.plan is not None
    assert again.plan.is_empty

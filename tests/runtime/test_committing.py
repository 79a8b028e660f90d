"""Runs whose `commit` does not come: what CMP obtained is kept, and the next apply binds it."""

from collections.abc import Generator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click import unstyle
from csc.cli.views import apply_text
from csc.compiler.address import Address
from csc.compiler.lifecycle import State
from csc.compiler.plan import CmpOperation, Operation
from csc.runtime.activation import COMMIT_TIMEOUT
from csc.runtime.cmp.errors import TimedOut
from csc.runtime.errors import CommitTooLate, StepsFailed
from csc.runtime.progress import ProgressEvent, StepDone
from csc.runtime.state import activations
from csc.runtime.state.errors import StateError
from csc.runtime.state.opening import open_store
from csc.runtime.state.overview import overviews
from csc.runtime.status import DeviceStatus, status_of
from support.command import SEEDS
from support.device import (
    FINISH,
    PREREQUISITES,
    Device,
    Killed,
    bind,
    certificate,
    fuse,
    initiate,
    mend,
    new_device,
    revoke,
    update,
    utc_now,
)
from support.holdings import nothing_is_lost

GW = Address.parse("/CertificateStore/cmp/Certificate/gw")
SETUP = PREREQUISITES + certificate("gw") + initiate("gw") + bind("gw")
UPDATE = update("gw") + bind("gw")


@dataclass
class Clock:
    """Real time, and what a test adds to it."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> object:
        return utc_now() + self.ahead

    def passes(self, time: timedelta) -> None:
        self.ahead += time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def device(tmp_path: Path, clock: Clock) -> Generator[Device]:
    with new_device(tmp_path, clock=clock) as made:
        made.commit_timeout = COMMIT_TIMEOUT
        yield made


def status(device: Device) -> DeviceStatus:
    with closing(open_store(device.location)) as store:
        (overview,) = overviews(store, device.name)
    return status_of(overview, device.clock())


def state_of_gw(device: Device) -> State:
    return {c.address: c.state for c in status(device).certificates}[GW]


def operations(device: Device, script: str) -> list[Operation]:
    plan = device.compile(script).plan
    assert plan is not None
    return [s.action.operation for s in plan.steps if isinstance(s.action, CmpOperation)]


def lose(device: Device, number: int) -> None:
    """Let the answer to message `number` of the next run be lost."""
    sent: list[bytes] = []

    def send(url: str, message: bytes, tls: object = None) -> bytes:
        sent.append(message)
        answer = device.post(url, message)
        if len(sent) == number:
            raise TimedOut("no answer")
        return answer

    device.send = send


@pytest.mark.parametrize(
    ("before", "script"), [("", SETUP), (SETUP + FINISH, UPDATE)], ids=["initiate", "update"]
)
def test_not_committed_in_time(device: Device, clock: Clock, before: str, script: str) -> None:
    """The certificate stays, is told of, and is bound by the same script, with nothing asked again."""
    if before:
        device.apply(before)
    device.apply(script + "activate\n")
    assert state_of_gw(device) is State.ACTIVE
    clock.passes(COMMIT_TIMEOUT)
    assert state_of_gw(device) is State.OBTAINED
    obtained = device.state().certificates[GW].certificate
    # The deadline is read from the state: plan and apply agree, whoever writes it down.
    predicted = device.compile(script + FINISH)
    assert device.roll_back() is not None
    assert device.compile(script + FINISH).plan == predicted.plan
    assert state_of_gw(device) is State.OBTAINED
    assert operations(device, script + FINISH) == []
    device.apply(script + FINISH)
    assert state_of_gw(device) is State.COMMITTED
    assert device.state().committed[GW]["CertificateData"].content == obtained
    assert len(device.ca.ledger()) == (2 if before else 1)
    nothing_is_lost(device)


def test_given_up_is_not_told_of(device: Device) -> None:
    """A script that deletes the object means it: nothing waits to be bound any more."""
    device.apply(SETUP + "cc CertificateStore cmp\ndelete Certificate gw\ncc\n" + FINISH)
    assert status(device).certificates == ()


def test_a_step_that_fails_behind_activate(device: Device) -> None:
    script = SETUP + "activate\n" + certificate("vpn") + initiate("vpn") + bind("vpn") + FINISH
    lose(device, 3)
    with pytest.raises(StepsFailed) as failed:
        device.apply(script)
    state = device.state()
    assert state.active == state.candidate == state.committed
    assert GW not in state.committed
    assert state_of_gw(device) is State.OBTAINED
    text = unstyle(apply_text.failure(failed.value))
    assert "was not committed: rolled back at 20" in text
    assert "the device is back to what a new device has" in text
    assert "obtained, not bound: cmp/gw; the script finds it as done, and binds it" in text
    device.send = None
    assert operations(device, script) == [Operation.INITIATE]
    device.apply(script)
    assert state_of_gw(device) is State.COMMITTED
    assert len(device.ca.ledger()) == 2
    nothing_is_lost(device)


def test_a_step_that_fails_behind_commit(device: Device) -> None:
    """What is committed stays, and a failure before any activate takes nothing back either."""
    script = SETUP + FINISH + certificate("vpn") + initiate("vpn") + bind("vpn") + FINISH
    lose(device, 3)
    with pytest.raises(StepsFailed) as failed:
        device.apply(script)
    assert state_of_gw(device) is State.COMMITTED
    text = unstyle(apply_text.failure(failed.value))
    assert "rolled back" not in text
    assert "what CMP obtained stays" in text


def test_an_activate_that_fails_takes_no_earlier_one_back(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier run has activated keeps its own time."""
    device.apply("add IPAddress a Address=10.0.0.1\nactivate\n")
    before = device.state()
    assert before.active != before.committed

    put, failures = activations.put, [StateError("the disk is full", "make room")]

    def fail_once(*args: Any) -> None:
        if failures:
            raise failures.pop()
        put(*args)

    with monkeypatch.context() as patch:
        patch.setattr("csc.runtime.committing.activations.put", fail_once)
        with pytest.raises(StepsFailed) as failed:
            device.apply("add IPAddress b Address=10.0.0.2\nactivate\n")
    assert "rolled back" not in unstyle(apply_text.failure(failed.value))
    assert device.state().active == before.active
    assert status(device).activation is not None


def test_a_commit_that_comes_too_late(device: Device, clock: Clock) -> None:
    """Between `activate` and `commit` another operation takes longer than a device waits."""
    script = SETUP + "activate\n" + certificate("vpn") + initiate("vpn") + "commit\n"

    def wait(event: ProgressEvent) -> None:
        if isinstance(event, StepDone) and isinstance(event.step.action, CmpOperation):
            clock.passes(timedelta(seconds=40))

    with pytest.raises(StepsFailed) as failed:
        device.apply(script, watch=wait)
    ((_, error),) = failed.value.failures
    assert isinstance(error, CommitTooLate)
    assert "--commit-timeout" in error.way_out
    remains = failed.value.remains
    assert remains is not None
    assert remains.rolled_back is not None
    assert remains.rolled_back.rolled_back_at == remains.rolled_back.deadline
    assert device.state().active == device.state().committed
    device.commit_timeout = timedelta(seconds=60)
    device.apply(script, watch=wait)
    assert state_of_gw(device) is State.COMMITTED
    assert len(device.ca.ledger()) == 2


def test_killed_about_the_barriers_and_found_too_late(device: Device) -> None:
    """What a dead run has activated is gone by then; nothing that the CA has issued is."""
    script = SETUP + FINISH
    device.apply(script)  # what devices share is there from here on
    points = _killed(replace(device, name="whole"), Clock(), script, None)
    # Activate, commit, and the end of the run: each just before it is written, and just after.
    for point in range(points - 6, points):
        clock = Clock()
        one = replace(device, name=str(point), clock=clock)
        _killed(one, clock, script, point)
        one.apply(script)
        assert state_of_gw(one) is State.COMMITTED
    nothing_is_lost(device)


def _killed(device: Device, clock: Clock, script: str, point: int | None) -> int:
    """Have a run die at a point, and look at what it left when its time is over; how many it passed."""
    fused = fuse(device, point)
    with nullcontext() if point is None else pytest.raises(Killed):
        device.apply(script)
    mend(device)
    clock.passes(COMMIT_TIMEOUT)
    device.roll_back()
    state = device.state()
    assert state.active == state.committed
    return fused.passed


def test_killed_before_the_commit_and_found_in_time(device: Device) -> None:
    """The next apply goes on where the dead one was: only the commit is left."""
    device.apply(SETUP + "activate\n")
    plan = device.compile(SETUP + FINISH).plan
    assert plan is not None
    assert [type(step.action).__name__ for step in plan.steps] == ["Commit"]


def test_seed_examples_a_day_apart(device: Device, clock: Clock) -> None:
    """The manual's examples follow each other as slowly as somebody reads: no candidate runs out."""
    device.ca.add_secret(b"my_reference", b"my_secret")
    device.apply(
        "add CertificateStore cmp\ncc CertificateStore cmp\n"
        "add Certificate cacert Type=Remote CertificateData=file://root.der\n"
    )
    for seed in sorted(SEEDS.glob("*.cfg")):
        clock.passes(timedelta(days=1))
        assert device.roll_back() is None
        device.apply(seed.read_text(encoding="utf-8"))
    clock.passes(timedelta(days=1))
    (clcert,) = status(device).certificates
    assert clcert.state is State.COMMITTED
    device.apply(revoke("clcert"))

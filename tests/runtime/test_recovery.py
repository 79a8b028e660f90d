"""Nothing is lost: a run is killed at every point, run again, and compared with the CA's ledger."""

from collections.abc import Callable
from pathlib import Path

import pytest
from csc.runtime.cmp.errors import ConnectFailed, TimedOut
from csc.runtime.errors import StepsFailed
from csc.runtime.sandbox.ledger import Status
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
)
from support.holdings import nothing_is_lost

SETUP = PREREQUISITES + certificate("gw") + initiate("gw") + bind("gw") + FINISH
RUNS: dict[str, tuple[str, str]] = {
    "initiate": ("", SETUP),
    "update": (SETUP, update("gw") + bind("gw") + FINISH),
    "revoke": (SETUP, revoke("gw")),
}


def committed_is_old_or_new(device: Device, old: object, new: object) -> None:
    """A configuration is never half of two."""
    committed = {a: set(p) for a, p in device.state().committed.items()}
    assert committed in (old, new)


@pytest.mark.parametrize("kind", RUNS)
def test_killed_at_every_point(kind: str, tmp_path: Path) -> None:
    before, script = RUNS[kind]
    points = _count_points(tmp_path / "count", before, script)
    assert points >= {"initiate": 12, "update": 12, "revoke": 6}[kind]
    for point in range(points):
        with new_device(tmp_path / str(point)) as device:
            if before:
                device.apply(before)
            old = {a: set(p) for a, p in device.state().committed.items()}
            fuse(device, point)
            with pytest.raises(Killed):
                device.apply(script)
            mend(device)
            # The dead process left a state that can be read, and no half configuration.
            middle = {a: set(p) for a, p in device.state().committed.items()}
            device.apply(script)
            new = {a: set(p) for a, p in device.state().committed.items()}
            assert middle in (old, new)
            nothing_is_lost(device)
            if kind != "update":  # -update renews at each apply
                compilation = device.compile(script)
                assert compilation.plan is not None
                assert compilation.plan.is_empty
            if kind == "revoke":
                assert device.ca.ledger()[0].status is Status.REVOKED


def _count_points(folder: Path, before: str, script: str) -> int:
    with new_device(folder) as device:
        if before:
            device.apply(before)
        counted = fuse(device, None)
        device.apply(script)
        return counted.passed


def test_server_gone_before_the_confirmation(tmp_path: Path) -> None:
    """What was issued but could not be confirmed is confirmed by the next apply."""
    with new_device(tmp_path) as device:
        sent: list[bytes] = []

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            sent.append(message)
            if len(sent) == 2:
                raise ConnectFailed("nobody is there")
            return device.post(url, message)

        device.send = send
        with pytest.raises(StepsFailed):
            device.apply(SETUP)
        assert [entry.status for entry in device.ca.ledger()] == [Status.ISSUED]
        device.apply(SETUP)
        assert sent[2] == sent[0]
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(device)


def test_revocation_whose_answer_was_lost(tmp_path: Path) -> None:
    """A CA that has forgotten the request says certRevoked to its repetition: that is what was wanted."""
    with new_device(tmp_path) as device:
        device.apply(SETUP)
        asked: list[str] = []

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            answer = device.post(url, message)
            asked.append(url)
            if len(asked) == 1:
                with device.ca._ledger.transaction():
                    device.ca._ledger._execute("DELETE FROM answer")
                raise TimedOut("no answer")
            return answer

        device.send = send
        with pytest.raises(StepsFailed):
            device.apply(revoke("gw"))
        device.apply(revoke("gw"))
        assert next(iter(device.state().certificates.values())).is_revoked
        assert [entry.status for entry in device.ca.ledger()] == [Status.REVOKED]


LOSSES: dict[str, Callable[[int], bool]] = {
    "first answer": lambda n: n == 0,
    "second answer": lambda n: n == 1,
    "both answers": lambda n: n in (0, 1),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_answer_lost(loss: str, tmp_path: Path) -> None:
    """An answer that never arrives: the next apply sends the same bytes, and gets the same certificate."""
    with new_device(tmp_path) as device:
        sent: list[bytes] = []

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            sent.append(message)
            answer = device.post(url, message)
            if LOSSES[loss](len(sent) - 1):
                raise TimedOut("no answer")
            return answer

        device.send = send
        with pytest.raises(StepsFailed):
            device.apply(SETUP)
        lost = len(sent)
        for _ in range(3):
            try:
                device.apply(SETUP)
                break
            except StepsFailed:
                continue
        assert sent[lost] == sent[0]
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(device)

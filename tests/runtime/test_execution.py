"""A plan carried out: the state is what was predicted, at once where it can be, and once only."""

import threading
from pathlib import Path

import pytest
from csc.compiler.device import DeviceState
from csc.compiler.plan import CmpOperation
from csc.runtime.errors import StepsFailed
from csc.runtime.progress import ProgressEvent, StepDone, StepFailed, StepStarted
from support.device import (
    FINISH,
    PREREQUISITES,
    bind,
    certificate,
    initiate,
    new_device,
    revoke,
    update,
)

TWO = (
    PREREQUISITES + certificate("a") + certificate("b")
    + initiate("a") + bind("a") + initiate("b") + bind("b") + FINISH
)  # fmt: skip


def test_independent_enrolments_run_at_once(tmp_path: Path) -> None:
    """Two enrolments of one script are under way together, though their files have the same names."""
    with new_device(tmp_path) as device:
        both = threading.Barrier(2)
        first_messages = set()

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            thread = threading.get_ident()
            if thread not in first_messages:
                first_messages.add(thread)
                both.wait(20)  # breaks unless the other one is under way, too
            return device.post(url, message)

        device.send = send
        device.apply(TWO)
        state = device.state()
        keys = set()
        for address, record in state.certificates.items():
            held = state.committed[address]
            assert held["CertificateData"].content == record.certificate
            assert held["PrivateKey"].content == record.key
            keys.add(record.key)
        assert len(keys) == 2


def test_parallel_one_is_one_at_a_time(tmp_path: Path) -> None:
    with new_device(tmp_path) as device:
        under_way: list[str] = []

        def watch(event: ProgressEvent) -> None:
            if isinstance(event.step.action, CmpOperation):
                if isinstance(event, StepStarted):
                    assert not under_way
                    under_way.append(event.step.id)
                elif isinstance(event, StepDone):
                    under_way.remove(event.step.id)

        device.apply(TWO, parallel=1, watch=watch)


def test_failure_keeps_what_was_obtained(tmp_path: Path) -> None:
    """If one of two enrolments fails, the other's result is kept and used by the next apply."""
    with new_device(tmp_path) as device:
        secret = "psk"
        wrong = TWO.replace('-password=psk -subject="CN=b"', '-password=no -subject="CN=b"')
        assert wrong.count(secret) == 1
        events: list[ProgressEvent] = []
        with pytest.raises(StepsFailed) as failed:
            device.apply(wrong, parallel=1, watch=events.append)
        assert [step.action.target.name for step, _ in failed.value.failures] == ["b"]
        assert any(isinstance(event, StepFailed) for event in events)
        state = device.state()
        assert [address.name for address in state.certificates] == ["a"]
        assert state.committed == DeviceState().committed
        assert state.candidate == DeviceState().candidate
        device.apply(TWO)
        assert [entry.subject for entry in device.ca.ledger()] == ["CN=a", "CN=b"]


def test_update_uses_a_new_key_each_time(tmp_path: Path) -> None:
    with new_device(tmp_path) as device:
        device.apply(PREREQUISITES + certificate("a") + initiate("a") + bind("a") + FINISH)
        keys = {record.key for record in device.state().certificates.values()}
        for _ in range(2):
            device.apply(update("a") + bind("a") + FINISH)
            keys |= {record.key for record in device.state().certificates.values()}
        assert len(keys) == 3
        device.apply(revoke("a"))
        assert next(iter(device.state().certificates.values())).is_revoked

"""Nothing is lost: a run is killed at every point, run again, and compared with the CA's ledger."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from csc.runtime.certificates import key_id, load_key
from csc.runtime.cmp.errors import ConnectFailed, TimedOut
from csc.runtime.errors import StepsFailed
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ledger import Status
from csc.runtime.state.store import open_store
from csc.runtime.state.vault import open_vault
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

SETUP = PREREQUISITES + certificate("gw") + initiate("gw") + bind("gw") + FINISH
RUNS: dict[str, tuple[str, str]] = {
    "initiate": ("", SETUP),
    "update": (SETUP, update("gw") + bind("gw") + FINISH),
    "revoke": (SETUP, revoke("gw")),
}


def held_certificates(device: Device) -> dict[str, bool]:
    """Serial numbers of all certificates that the state holds, and whether their keys are there."""
    store = open_store(device.location.database)
    vault = open_vault(device.location.vault_key)
    held = {}
    try:
        with store.transaction() as connection:
            rows = connection.execute("SELECT serial_number, certificate, key FROM certificate")
            for serial_number, content, key in rows.fetchall():
                issued = x509.load_der_x509_certificate(store.content(content) or b"")
                sealed = store.secret(key)
                private_key = load_key(vault.decrypt(key, sealed)) if sealed else None
                held[serial_number] = private_key is not None and key_id(
                    private_key.public_key()
                ) == key_id(issued.public_key())
    finally:
        store.close()
    return held


def nothing_is_lost(device: Device) -> None:
    """Every certificate at the CA is held here with its key, or is of no use any more there."""
    held = held_certificates(device)
    for entry in device.ca.ledger():
        if entry.status in (Status.ISSUED, Status.CONFIRMED):
            assert held.get(entry.serial_number), f"{entry.serial_number} is {entry.status}"
    assert all(held.values())


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


def test_a_server_that_goes_while_it_decides_is_asked_again(tmp_path: Path) -> None:
    """What waits at the CA is not forgotten because a later connection fails."""
    with new_device(tmp_path, Behaviour(polls=1, check_after=5)) as device:
        sent: list[bytes] = []

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            sent.append(message)
            if len(sent) == 2:
                raise ConnectFailed("nobody is there")
            return device.post(url, message)

        device.send = send
        device.pause = lambda seconds: None
        with pytest.raises(StepsFailed):
            device.apply(SETUP)
        device.apply(SETUP)
        assert sent[2] == sent[1]  # the pollReq, byte for byte
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(device)


def _garbage(answer: bytes) -> bytes:
    return answer[:-1] + bytes([answer[-1] ^ 1])


@pytest.mark.parametrize("forge", [lambda answer: b"<html>", _garbage], ids=["html", "mac"])
def test_nobody_in_between_makes_a_certificate_forgotten(forge, tmp_path: Path) -> None:
    """An answer that is not the CA's leaves the operation open, when it is taken up again, too."""
    with new_device(tmp_path) as device:
        honest = device.post
        device.send = lambda url, message, tls=None: forge(honest(url, message))
        for _ in range(3):
            with pytest.raises(StepsFailed):
                device.apply(SETUP)
        device.send = None
        device.apply(SETUP)
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(device)


def test_a_request_with_a_wrong_secret_is_not_sent_again(tmp_path: Path) -> None:
    """The CA's refusal proves nothing to who has another secret; the corrected one starts afresh."""
    with new_device(tmp_path) as device:
        with pytest.raises(StepsFailed):
            device.apply(SETUP.replace("-password=psk", "-password=wrong"))
        assert device.ca.ledger() == ()
        device.apply(SETUP)
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]

"""Nothing is lost: a run is killed at every point, run again, and compared with the CA's ledger."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import ConnectFailed, ConnectionBroken, TimedOut
from csc.runtime.errors import StepsFailed
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ledger.ledger import Status
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
        assert sent[2] == sent[1]
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
        assert sent[lost] == sent[lost - 1]
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
    mac = decode(answer).protection
    assert mac is not None
    return answer.replace(mac, mac[:-1] + bytes([mac[-1] ^ 1]))


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


def _cut_off(device: Device, at: int, script: str = SETUP) -> list[bytes]:
    """Apply `script`, and lose the connection at a message; all that are sent, from now on, too."""
    sent: list[bytes] = []

    def send(url: str, message: bytes, tls: object = None) -> bytes:
        sent.append(message)
        if len(sent) == at:
            raise ConnectionBroken("cut")
        return device.post(url, message)

    device.send = send
    with pytest.raises(StepsFailed):
        device.apply(script)
    return sent


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(polls=1, check_after=1), Behaviour(confirm_wait=2 * 24 * 3600)],
)
def test_what_is_taken_up_a_day_later_has_the_time_of_that_day(
    behaviour: Behaviour, tmp_path: Path
) -> None:
    """A CA refuses messages of yesterday: pollReq and certConf are made anew, in the same transaction."""
    now = [utc_now()]
    with new_device(tmp_path, behaviour, lambda: now[0]) as device:
        device.pause = lambda seconds: None
        sent = _cut_off(device, 2)
        now[0] += timedelta(days=1)
        device.apply(SETUP)
        old, new = decode(sent[1]), decode(sent[2])
        assert new.body == old.body
        assert new.header.transaction_id == old.header.transaction_id
        assert new.header.recip_nonce == old.header.recip_nonce
        assert new.header.message_time == now[0].replace(microsecond=0)
        assert new.header.sender_nonce != old.header.sender_nonce
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(device)


def test_a_ca_that_has_forgotten_the_transaction_leaves_its_certificate(tmp_path: Path) -> None:
    """The certificate is here with its key, and the CA has no objection to it: another one would be lost."""
    with new_device(tmp_path) as device:
        _cut_off(device, 2)
        with device.ca._ledger.transaction():
            device.ca._ledger._execute("DELETE FROM answer")
            device.ca._ledger._execute("UPDATE certificate SET transaction_id = ''")
        device.apply(SETUP)
        assert len(device.ca.ledger()) == 1
        nothing_is_lost(device)


def test_an_ended_certificate_is_not_kept(tmp_path: Path) -> None:
    """The CA revoked what was not confirmed in time: the next apply obtains another one."""
    with new_device(tmp_path) as device:
        _cut_off(device, 2)
        (entry,) = device.ca.ledger()
        with device.ca._ledger.transaction():
            device.ca._ledger.change(entry.serial_number, Status.REVOKED, "", utc_now())
        device.apply(SETUP)
        assert [e.status for e in device.ca.ledger()] == [Status.REVOKED, Status.CONFIRMED]
        nothing_is_lost(device)


def test_a_certificate_that_needs_no_confirmation_is_taken_over(tmp_path: Path) -> None:
    """Killed between the certificate and its record: nothing is asked of the CA again."""
    script = SETUP.replace("FQDN=ca.example.com", "FQDN=ca.example.com Confirmation=Implicit")
    with new_device(tmp_path, Behaviour(grants_implicit_confirm=True)) as device:
        counted = fuse(device, None)
        device.apply(script)
        points = counted.passed
    for point in range(points):
        with new_device(tmp_path / str(point), Behaviour(grants_implicit_confirm=True)) as device:
            fuse(device, point)
            with pytest.raises(Killed):
                device.apply(script)
            mend(device)
            device.apply(script)
            assert [e.status for e in device.ca.ledger()] == [Status.CONFIRMED]
            nothing_is_lost(device)

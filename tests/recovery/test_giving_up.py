"""Giving up, changed scripts and wrong clocks: nothing is left hanging at the CA, wherever a run dies."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import TimedOut, WrongCertificate
from csc.runtime.cmp.model import BodyType
from csc.runtime.errors import StepsFailed
from csc.runtime.recovery.phases import OPEN, Phase
from csc.runtime.recovery.resume import End
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.state.audit_chain import entries
from csc.runtime.state.opening import open_store
from support.command import database
from support.device import FusedStore, Killed, fuse, mend
from support.holdings import nothing_is_lost
from support.old_state import carry_out_again
from support.recovery import IMPLICIT, REVOKE, SETUP, Scene, bring_into, scene, unfit

BEGUN = (Phase.REQUESTED, Phase.WAITING, Phase.RECEIVED, Phase.GRANTED, Phase.CONFIRMED)
OTHER = SETUP.replace('"CN=gw"', '"CN=other"')
OF_NO_USE = (Status.REJECTED, Status.REVOKED)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSK", "psk")


def statuses(at: Scene) -> list[Status]:
    return [entry.status for entry in at.device.ca.ledger()]


def with_fuse(at: Scene, point: int | None) -> object:
    """Have the next resume die at a point."""
    the_fuse = fuse(at.device, point)

    class Fused(FusedStore):
        fuse = the_fuse

    def open_fused(location):
        store = open_store(location)
        store.__class__ = Fused
        return store

    return the_fuse, open_fused


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.RECEIVED, Phase.CONFIRMED])
def test_killed_at_every_point_of_giving_up(
    phase: Phase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being given up is given up by the next resume, whether that is told so or not."""
    points = 1
    point = 0
    while point < points:
        with scene(tmp_path / str(point)) as at, monkeypatch.context() as patch:
            bring_into(at, phase)
            the_fuse, open_fused = with_fuse(at, point)
            patch.setattr("support.recovery.open_store", open_fused)
            try:
                at.resume(gives_up=True)
                assert the_fuse.passed <= point
            except Killed:
                points = point + 2
            patch.undo()
            monkeypatch.setenv("PSK", "psk")
            mend(at.device)
            was_given_up = not set(at.phases()) & set(BEGUN)
            at.resume(gives_up=not was_given_up)
            assert not set(at.phases()) & OPEN
            assert at.device.state().certificates == {}
            assert set(statuses(at)) <= set(OF_NO_USE)
            with at.around() as around:
                told = [e.what for e in entries(around.store, "default")]
            assert told.count("revoked") == statuses(at).count(Status.REVOKED)
            assert told[-1] == "given-up"
        point += 1
    assert points > (8 if phase is Phase.WAITING else 4)


@pytest.mark.parametrize("phase", BEGUN)
def test_a_script_that_means_something_else_ends_what_was_begun(
    phase: Phase, tmp_path: Path
) -> None:
    with scene(tmp_path) as at:
        bring_into(at, phase)
        at.device.ca.change_behaviour({"polls": 0})
        at.device.apply(OTHER)
        assert not set(at.phases()) & OPEN
        *earlier, last = statuses(at)
        assert last is Status.CONFIRMED
        assert len(earlier) == 1
        assert earlier[0] in OF_NO_USE
        nothing_is_lost(at.device)


def test_what_cannot_be_ended_now_holds_nothing_up(tmp_path: Path) -> None:
    """It is told, stays given up, and the next resume ends it."""
    told: list[str] = []
    with scene(tmp_path) as at:
        bring_into(at, Phase.RECEIVED)
        sent: list[bytes] = []

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            sent.append(message)
            if len(sent) == 1:
                raise TimedOut("no answer")
            return at.device.post(url, message)

        at.device.send = send
        at.device.apply(OTHER, watch=lambda event: told.append(str(getattr(event, "text", ""))))
        assert any("something else" in text for text in told)
        assert any("`csc resume` tries again" in text for text in told)
        assert Phase.REJECTING in at.phases()
        (done,) = at.resume()
        assert done.end is End.CLOSED
        assert statuses(at) == [Status.REJECTED, Status.CONFIRMED]
        nothing_is_lost(at.device)


def test_a_confirmation_that_had_arrived_is_taken_back_by_a_revocation(tmp_path: Path) -> None:
    """The certConf was taken and its answer lost: a rejection comes too late."""
    with scene(tmp_path) as at:
        honest = at.device.post

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            answer = honest(url, message)
            if decode(message).body.type is BodyType.CERT_CONF:
                raise TimedOut("no answer")
            return answer

        at.device.send = send
        with pytest.raises(StepsFailed):
            at.device.apply(SETUP)
        assert statuses(at) == [Status.CONFIRMED]
        at.device.send = None
        (done,) = at.resume(gives_up=True)
        assert done.end is End.GIVEN_UP
        assert statuses(at) == [Status.REVOKED]
        assert at.phases() == [Phase.CLOSED, Phase.RECORDED]


def test_secrets_of_a_script_are_encrypted_and_go_with_the_operation(tmp_path: Path) -> None:
    in_clear = SETUP.replace("${env:PSK}", "psk")
    with scene(tmp_path) as at:
        at.apply_until(Phase.REQUESTED, in_clear)
        path = at.device.location.database
        assert path is not None
        kept = b"".join(file.read_bytes() for file in path.parent.glob("state.db*"))
        assert b"CN=gw" in kept
        assert b'"psk"' not in kept
        with database(path) as connection:
            names = "SELECT count(*) FROM secret WHERE id LIKE 'journal:%'"
            assert connection.execute(names).fetchone() == (1,)
            (done,) = at.resume()
            assert done.end is End.DONE
            assert connection.execute(names).fetchone() == (0,)
        at.device.apply(in_clear)
        assert statuses(at) == [Status.CONFIRMED]


def test_a_secret_that_is_not_at_hand_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scene(tmp_path) as at:
        bring_into(at, Phase.REQUESTED)
        monkeypatch.delenv("PSK")
        (left,) = at.resume()
        assert left.end is End.OPEN
        assert "PSK" in left.said
        assert at.phases() == [Phase.REQUESTED]


JUMPS: dict[str, Callable[[Scene], None]] = {
    "a day back": lambda at: at.later(timedelta(days=-1)),
    "a year back": lambda at: at.later(timedelta(days=-365)),
}


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("phase", [Phase.REQUESTED, Phase.WAITING, Phase.RECEIVED])
def test_a_clock_that_is_wrong_here_loses_nothing(phase: Phase, jump: str, tmp_path: Path) -> None:
    """The CA's clock goes on; what is taken up meanwhile stays open, or is done, and is never rejected."""
    with scene(tmp_path) as at:
        bring_into(at, phase)
        true = at.now[0]
        at.device.ca._clock = lambda: true
        JUMPS[jump](at)
        at.resume()
        assert statuses(at) in ([], [Status.ISSUED], [Status.CONFIRMED])
        at.now[0] = true
        at.device.ca.change_behaviour({"polls": 0})
        at.device.apply(SETUP)
        assert statuses(at).count(Status.CONFIRMED) == 1
        nothing_is_lost(at.device)


def test_an_answer_that_comes_twice_is_one_certificate(tmp_path: Path) -> None:
    """The answer was lost, and comes again; and what is sent next is answered with the old answer once."""
    with scene(tmp_path) as at:
        bring_into(at, Phase.REQUESTED)
        answers: list[bytes] = []

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            answers.append(at.device.post(url, message))
            return answers[0] if len(answers) == 2 else answers[-1]

        at.device.send = send
        (left,) = at.resume()
        assert left.end is End.OPEN
        (done,) = at.resume()
        assert done.end is End.DONE
        assert statuses(at) == [Status.CONFIRMED]
        nothing_is_lost(at.device)


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.GRANTED, Phase.REVOKING])
def test_what_an_older_csc_left_open_is_taken_up_by_its_script(
    phase: Phase, tmp_path: Path
) -> None:
    """It did not keep what was asked for, and told phases apart by what else is there."""
    with scene(tmp_path) as at:
        bring_into(at, phase)
        path = at.device.location.database
        assert path is not None
        with database(path) as connection:
            older = "received" if phase is Phase.GRANTED else "requested"
            connection.execute("UPDATE journal SET phase = ? WHERE ended_at IS NULL", (older,))
            connection.execute("DROP TABLE asked")
        carry_out_again(path, 6)
        (left,) = at.resume()
        assert (left.end, left.said) == (End.OPEN, "an older csc began it")
        assert at.phases()[-1] is phase
        script = {Phase.GRANTED: IMPLICIT, Phase.REVOKING: REVOKE}.get(phase, SETUP)
        at.device.apply(script)
        assert not set(at.phases()) & OPEN
        ended = Status.REVOKED if phase is Phase.REVOKING else Status.CONFIRMED
        assert statuses(at) == [ended]


def test_what_was_not_asked_for_and_needs_no_confirmation_is_revoked(tmp_path: Path) -> None:
    """In the run that asked: it says what is wrong, and leaves nothing valid at the CA."""
    with scene(tmp_path) as at:
        at.device.ca.change_behaviour({"grants_implicit_confirm": True})
        with unfit(), pytest.raises(StepsFailed) as failed:
            at.device.apply(IMPLICIT)
        ((_, error),) = failed.value.failures
        assert isinstance(error, WrongCertificate)
        assert statuses(at) == [Status.REVOKED]
        assert not set(at.phases()) & OPEN
        at.device.apply(IMPLICIT)
        assert statuses(at) == [Status.REVOKED, Status.CONFIRMED]
        nothing_is_lost(at.device)


def test_what_cannot_be_revoked_is_named_for_the_operator_of_the_ca(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key cannot sign: issuer and serial number are what the operator needs."""

    def cannot_sign(*args: object, **more: object) -> object:
        raise ValueError("this key cannot sign")

    with scene(tmp_path) as at:
        bring_into(at, Phase.UNWANTED)
        (issued,) = at.device.ca.ledger()
        monkeypatch.setattr("csc.runtime.recovery.conduct.begin", cannot_sign)
        (left,) = at.resume()
        assert left.end is End.OPEN
        assert f"serial number {issued.serial_number} of " in left.said
        assert at.phases() == [Phase.UNWANTED]


def test_what_was_issued_for_another_key_is_named_for_the_operator_of_the_ca(
    tmp_path: Path,
) -> None:
    """Nothing of ours can revoke it: the error and the journal say what the operator has to."""
    with scene(tmp_path) as at:
        at.device.ca.change_behaviour({"grants_implicit_confirm": True})
        with unfit(is_foreign=True), pytest.raises(StepsFailed) as failed:
            at.device.apply(IMPLICIT)
        (issued,) = at.device.ca.ledger()
        ((_, error),) = failed.value.failures
        named = f"has to revoke serial number {issued.serial_number} of "
        assert isinstance(error, WrongCertificate)
        assert named in error.way_out
        with at.around() as around:
            ((outcome,),) = around.store.database.execute("SELECT outcome FROM journal")
        assert named in outcome

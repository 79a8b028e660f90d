"""Every row of the transition table: its phase is built with a real CA, it happens, and nothing is lost."""

from contextlib import nullcontext, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from csc.runtime.errors import StepsFailed
from csc.runtime.recovery import transitions
from csc.runtime.recovery.phases import OPEN, Act, Event, Phase
from csc.runtime.recovery.resume import End
from csc.runtime.recovery.unbound import unbound_on
from csc.runtime.sandbox.ledger.ledger import Status
from support.holdings import nothing_is_lost
from support.recovery import (
    IMPLICIT,
    OF_REVOCATION,
    REVOKE,
    SAYINGS,
    SETUP,
    Scene,
    bring_into,
    let_say,
    scene,
    unfit,
)

TABLE = dict(transitions.TABLE)
FINAL = (Event.CERTIFICATE_FINAL, Event.UNFIT_FINAL, Event.UNFIT_FOREIGN)
UNFIT = (Event.UNFIT, Event.UNFIT_FINAL, Event.UNFIT_FOREIGN)
# What follows without a phase that another process could find, or is the script's to do: tests of their own.
ELSEWHERE = {
    (Phase.NOTHING, Event.RESUMED): "test_nothing_is_known_before_it_is_written_down",
    (Phase.RECORDED, Event.BOUND): "test_what_was_not_bound_is_bound_by_the_next_apply",
    (Phase.BOUND, Event.RESUMED): "test_what_was_not_bound_is_bound_by_the_next_apply",
}


class Recording(dict):
    """The table, with what is looked up in it."""

    def __init__(self) -> None:
        super().__init__(TABLE)
        self.looked_up: list = []

    def __getitem__(self, key: tuple[Phase, Event]) -> transitions.Row:
        self.looked_up.append(key)
        return super().__getitem__(key)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Recording:
    recording = Recording()
    monkeypatch.setattr(transitions, "TABLE", recording)
    monkeypatch.setenv("PSK", "psk")
    return recording


CONFIRMING = (Phase.RECEIVED, Phase.REJECTING, Phase.UNFIT)


def happen(at: Scene, phase: Phase, event: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it happen to an operation that was cut off in a phase, or that begins."""
    match event:
        case Event.BEGIN:
            at.device.apply(SETUP)
        case Event.BEGIN_REVOCATION:
            at.device.apply(SETUP)
            at.device.apply(REVOKE)
        case Event.NEVER_SENT | Event.REFUSED if phase in (Phase.REQUESTED, Phase.REVOKING) and (
            event is Event.NEVER_SENT
        ):
            script = SETUP
            if phase is Phase.REVOKING:
                at.device.apply(SETUP)
                script = REVOKE
            let_say(at, event)
            with pytest.raises(StepsFailed):
                at.device.apply(script)
        case Event.REFUSED if phase is Phase.RECEIVED:  # of the run that got the certificate
            honest = at.device.post
            let_say(at, event)
            refusing, sent = at.device.send, []

            def send(url: str, message: bytes, tls: object = None) -> bytes:
                sent.append(message)
                return (honest if len(sent) == 1 else refusing)(url, message)

            at.device.send = send
            with pytest.raises(StepsFailed):
                at.device.apply(SETUP)
        case Event.OTHER_SECRET:
            monkeypatch.setenv("PSK", "another")
            with suppress(StepsFailed):
                at.device.apply(SETUP)
            at.resume(gives_up=True)
            monkeypatch.setenv("PSK", "psk")
        case Event.UNSURE_SECRET:
            monkeypatch.setenv("PSK", "another")
            (left,) = at.resume()
            assert left.end is End.OPEN
            assert "${env:PSK}" in left.said
            monkeypatch.setenv("PSK", "psk")
        case Event.GIVEN_UP:
            at.resume(gives_up=True)
        case Event.RESUMED_LATER:
            at.later(timedelta(days=1))
            at.resume()
        case Event.WAITS if phase in (Phase.REQUESTED, Phase.ENDING, Phase.REVOKING):
            at.device.ca.change_behaviour({"polls": 1, "waits_by_error": True})
            at.resume()
        case Event.TIME_LIMIT if phase not in CONFIRMING:
            at.resume()
        case Event.WAITS if phase in (Phase.WAITING, Phase.ENDING_WAITING, Phase.REVOKING_WAITING):
            at.resume()
        case _ if event in SAYINGS:
            let_say(at, event)
            at.resume()
        case _:
            is_foreign = event is Event.UNFIT_FOREIGN
            with unfit(is_foreign=is_foreign) if event in UNFIT else nullcontext():
                at.resume()


ROWS = [key for key in TABLE if key not in ELSEWHERE]


@pytest.mark.parametrize(("phase", "event"), ROWS, ids=lambda word: word.name.lower())
def test_row(
    phase: Phase,
    event: Event,
    table: Recording,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scene(tmp_path) as at:
        begins = phase is Phase.NOTHING or event is Event.NEVER_SENT
        begins = begins or (phase, event) == (Phase.RECEIVED, Event.REFUSED)
        if phase is Phase.RECORDED:
            at.apply_until(phase, SETUP)
            with at.around() as around:
                (found,) = unbound_on(around.store, "default")
            assert found.act == TABLE[phase, event].act
        elif not begins:
            polls = 4 if event is Event.TIME_LIMIT else 1
            if event is Event.TIME_LIMIT:
                at.device.ca.change_behaviour({"check_after": 15})
            bring_into(at, phase, is_implicit=event in FINAL, polls=polls)
        table.looked_up.clear()
        if phase is not Phase.RECORDED:
            happen(at, phase, event, monkeypatch)
        else:
            with at.around() as around:
                unbound_on(around.store, "default")
        assert (phase, event) in table.looked_up
        row = TABLE[phase, event]
        if row.act is Act.LEAVE:
            assert at.phases()[-1] is phase
        if row.next is Phase.CLOSED and phase is not Phase.UNWANTED:
            assert Phase.CLOSED in at.phases()
        at.finish()
        assert not set(at.phases()) & OPEN
        if event is not Event.UNFIT_FOREIGN:  # the CA's operator has to revoke it, and is told so
            nothing_is_lost(at.device)


def test_every_row_is_tested() -> None:
    tests = {*globals()}
    assert set(ELSEWHERE.values()) <= tests
    assert {*ROWS, *ELSEWHERE} == set(TABLE)


def test_each_open_phase_knows_what_to_do() -> None:
    """Whoever finds an operation finds a row; each leads on from a phase that something leads to."""
    for phase in OPEN:
        assert transitions.knows(phase, Event.RESUMED), phase
        assert transitions.knows(phase, Event.GIVEN_UP), phase
    reached = {row.next for row in TABLE.values()} | {Phase.NOTHING}
    assert {phase for phase, _ in TABLE} <= reached


def test_nothing_is_known_before_it_is_written_down(
    table: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What dies before the journal has it never was: the script asks as for the first time."""
    with scene(tmp_path) as at, monkeypatch.context() as patch:

        def die(*args: object, **more: object) -> int:
            raise KeyboardInterrupt

        patch.setattr("csc.runtime.recovery.conduct.journal.begin", die)
        with pytest.raises(KeyboardInterrupt):
            at.device.apply(SETUP)
        patch.undo()
        monkeypatch.setenv("PSK", "psk")
        assert at.phases() == []
        assert at.device.ca.ledger() == ()
        at.device.apply(SETUP)
        assert len(at.device.ca.ledger()) == 1


@pytest.mark.parametrize("script", [SETUP, IMPLICIT], ids=["explicit", "implicit"])
def test_what_was_not_bound_is_bound_by_the_next_apply(
    script: str, table: Recording, tmp_path: Path
) -> None:
    """Obtained by one run, or by a resume, and bound by the next: the CA is asked once."""
    with scene(tmp_path) as at:
        at.device.ca.change_behaviour({"grants_implicit_confirm": script is IMPLICIT})
        at.apply_until(Phase.REQUESTED, script)
        (done,) = at.resume()
        assert done.end is End.DONE
        assert at.device.state().committed == {} or not any(
            "gw" in str(address) for address in at.device.state().committed
        )
        at.device.apply(script)
        assert [entry.status for entry in at.device.ca.ledger()] == [Status.CONFIRMED]
        assert any("gw" in str(address) for address in at.device.state().committed)
        assert at.resume() == []
        nothing_is_lost(at.device)
        compilation = at.device.compile(script)
        assert compilation.plan is not None
        assert compilation.plan.is_empty


@pytest.mark.parametrize("phase", OF_REVOCATION)
def test_a_revocation_is_finished_without_its_script(
    phase: Phase, table: Recording, tmp_path: Path
) -> None:
    with scene(tmp_path) as at:
        bring_into(at, phase)
        (done,) = at.resume()
        assert done.end is End.DONE
        assert [entry.status for entry in at.device.ca.ledger()] == [Status.REVOKED]
        assert next(iter(at.device.state().certificates.values())).is_revoked
        compilation = at.device.compile(REVOKE)
        assert compilation.plan is not None
        assert compilation.plan.is_empty

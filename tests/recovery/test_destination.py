"""What was begun at the sandbox CA is not gone on with at a real one, nor the other way round."""

from dataclasses import replace
from pathlib import Path

import pytest
from csc.runtime.errors import OtherDestination, StepsFailed
from csc.runtime.execution import execute as run_plan
from csc.runtime.recovery import destination
from csc.runtime.recovery.phases import Phase
from csc.runtime.recovery.resume import End, resume
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.state import journal
from support import device as support
from support.recovery import SETUP, Scene, bring_into, scene

OTHER = SETUP.replace('"CN=gw"', '"CN=other"')


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSK", "psk")


@pytest.fixture
def go_to(monkeypatch: pytest.MonkeyPatch):
    """Where the runs of a device go from now on."""

    def go(is_sandbox: bool) -> None:
        def execute(plan, around, *others, **terms):
            return run_plan(plan, replace(around, is_sandbox=is_sandbox), *others, **terms)

        monkeypatch.setattr(support, "execute", execute)

    return go


def resumed(at: Scene, is_sandbox: bool, *, gives_up: bool = False):
    with at.around() as around:
        around = replace(around, is_sandbox=is_sandbox)
        return resume(around, lambda entry: gives_up, lambda entry, text: None)


def refuse(url: str, message: bytes, tls: object = None) -> bytes:
    raise AssertionError("nothing may be sent")


@pytest.mark.parametrize("begun_there", [True, False])
def test_resumed_only_where_it_was_begun(begun_there: bool, tmp_path: Path, go_to) -> None:
    go_to(begun_there)
    with scene(tmp_path) as at:
        bring_into(at, Phase.RECEIVED)
        at.device.send = refuse
        way_out = "`csc resume --sandbox`" if begun_there else "without --sandbox"
        for gives_up in (False, True):
            (told,) = resumed(at, not begun_there, gives_up=gives_up)
            assert told.end is End.OPEN
            assert way_out in told.way_out
            assert at.phases() == [Phase.RECEIVED]
        # The script itself refuses, too; one that means something else leaves it alone.
        go_to(not begun_there)
        with pytest.raises(StepsFailed) as failed:
            at.device.apply(SETUP)
        ((_, error),) = failed.value.report.failures
        assert isinstance(error, OtherDestination)
        assert way_out in error.way_out
        at.device.send = None
        at.device.apply(OTHER)
        assert at.phases() == [Phase.RECEIVED, Phase.RECORDED]
        (told,) = resumed(at, begun_there, gives_up=True)
        assert told.end is End.GIVEN_UP
        assert [entry.status for entry in at.device.ca.ledger()] == [
            Status.REJECTED,
            Status.CONFIRMED,
        ]


def test_what_an_older_csc_began_goes_on_anywhere(tmp_path: Path) -> None:
    with scene(tmp_path) as at:
        bring_into(at, Phase.REQUESTED)
        with at.around() as around, around.store.transaction():
            around.store.database.execute(
                "UPDATE asked SET document = replace(document, '\"sandbox\":false,', '')"
            )
            (entry,) = journal.open_operations(around.store, around.device)
            assert '"sandbox"' not in (entry.document or "")
            assert destination.fits(entry, is_sandbox=True)
            assert destination.fits(entry, is_sandbox=False)
        (told,) = resumed(at, is_sandbox=True)
        assert told.end is End.DONE

"""What a terminal shows of a run while it goes on."""

import errno
import io
import os
import re

import pytest
from csc.cli.settings import Settings
from csc.cli.views.apply_json import EventStream
from csc.cli.views.progress import Counts, displayed
from csc.compiler.plan import Plan
from csc.runtime.errors import LeftOpen
from csc.runtime.progress import StepDone, StepFailed, StepMessage, StepProgress, StepStarted
from support.device import utc_now
from support.fake_steps import Fails, step

PLAN = Plan((step(0), step(1, [], "ca"), step(2, [], "ca"), step(3, [], "ca")), (), "", "", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, *, is_quiet: bool = False) -> str:
    change, first, second, third = PLAN.steps
    settings = Settings("", "default", is_quiet=is_quiet, is_verbose=False)
    with displayed(PLAN, settings, stream, {"TERM": "xterm"}) as display:
        for event in (
            *(StepStarted(change), StepDone(change)),
            *(StepStarted(first), StepStarted(second), StepStarted(third)),
            *(StepProgress(first, "sending ir [bold]"), StepMessage(first, True, "ir")),
            *(StepDone(first, "serial 1"), StepFailed(second, Fails())),
            StepFailed(third, LeftOpen("it waits", "apply again")),
        ):
            display.watch(event)
        display.say("Interrupted: [nothing] new begins.")
        display.close()
    return stream.getvalue()


def test_a_terminal_has_a_line_for_each_end() -> None:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown(Terminal()))
    for line in (
        "done   s1 initiate cmp/cacert: serial 1",
        "failed s2 initiate cmp/cacert",
        "open   s3 initiate cmp/cacert",
        "Interrupted: [nothing] new begins.",
    ):
        assert line in text


def test_elsewhere_are_plain_lines() -> None:
    assert shown(io.StringIO()).splitlines() == [
        "s1 initiate cmp/cacert: sending ir [bold]",
        "s1 initiate cmp/cacert: done, serial 1",
        "s2 initiate cmp/cacert: failed",
        "s3 initiate cmp/cacert: left open",
        "Interrupted: [nothing] new begins.",
    ]


def test_quietly_only_what_has_to_be_said() -> None:
    assert shown(Terminal(), is_quiet=True) == "Interrupted: [nothing] new begins.\n"


def test_counts() -> None:
    assert str(Counts(9, done=3, running=2)) == "applying: 3 of 9 steps done, 2 running, 4 waiting"
    assert str(Counts(9, 3, 2, 1)).endswith("2 running, 3 waiting, 1 failed")


@pytest.mark.parametrize("error", [BrokenPipeError(errno.EPIPE, ""), OSError(errno.ENOSPC, "full")])
@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_output_that_cannot_be_written_ends_nothing(
    kind: type[io.StringIO], error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who goes away, a log whose disk is full, a terminal that is gone."""

    class Gone(kind):
        is_gone = False

        def write(self, text: str) -> int:
            if self.is_gone:
                raise error
            return len(text)

    stream = Gone()
    change, first, *_ = PLAN.steps
    settings = Settings("", "default", is_quiet=False, is_verbose=False)
    monkeypatch.setattr(os, "dup2", lambda *_: None)  # rich lets a broken pipe's output go nowhere
    with displayed(PLAN, settings, stream, {"TERM": "xterm"}) as display:
        stream.is_gone = True
        for event in (StepDone(change), StepStarted(first), StepDone(first, "serial 1")):
            display.watch(event)
        display.say("Interrupted")
        stream.is_gone = False
    stream.is_gone = True
    EventStream(stream, utc_now).interrupted(PLAN.steps)

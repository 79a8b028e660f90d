"""What a run says that did not do everything: to people, and to machines."""

import io
import json
from pathlib import Path

import click
import pytest
from csc.cli.views import apply_json, apply_text
from csc.cli.views.apply_json import EventStream
from csc.runtime.errors import Interrupted, StepsFailed
from csc.runtime.execution import OnError, Stop
from csc.runtime.report import Messages
from support.device import (
    FINISH,
    PREREQUISITES,
    Device,
    bind,
    certificate,
    initiate,
    new_device,
    utc_now,
)
from support.schemas import check, validator

APPLY = validator("apply")
# s1..s3 are the prerequisites, s4 and s5 the certificates; s6 and s8 enrol, s7 and s9 bind.
TWO = (
    PREREQUISITES + certificate("a") + certificate("b")
    + initiate("a") + bind("a") + initiate("b") + bind("b") + FINISH
)  # fmt: skip
WRONG = TWO.replace('-password=psk -subject="CN=a"', '-password=no -subject="CN=a"')


def failing(device: Device, script: str, **terms: object) -> StepsFailed:
    with pytest.raises(StepsFailed) as failed:
        device.apply(script, **terms)
    return failed.value


def test_what_does_not_depend_on_a_failure_is_done(tmp_path: Path) -> None:
    with new_device(tmp_path) as device:
        failed = failing(device, WRONG)
        report = failed.report
        assert [step.id for step, _ in report.failures] == ["s6"]
        assert [step.id for step in report.done] == ["s1", "s2", "s3", "s4", "s5", "s8", "s9"]
        assert [(n.step.id, n.waited_for.id) for n in report.not_tried] == [
            ("s7", "s6"),
            ("s10", "s6"),
            ("s11", "s6"),
        ]
        assert [step.id for step in report.dropped] == ["s1", "s2", "s3", "s4", "s5", "s9"]
        assert report.messages == Messages(
            planned=8, sent=6
        )  # ir, error; ir, ip, certConf, pkiconf
        text = click.unstyle(apply_text.failure(failed))
        assert "error: s6 initiate cmp/a failed: " in text
        assert (
            "not tried, waited for s6: s7 change Certificate cmp/a, s10 activate, s11 commit\n"
            in text
        )
        assert "  = note: not kept, for no activate followed: s1 add CertificateStore cmp" in text
        assert "of the plan's steps 7 done, 1 failed, 3 not tried" in text
        assert "CMP: planned 8 messages, sent 6." in text
        assert [address.name for address in device.state().certificates] == ["b"]


def test_stop_does_nothing_after_a_failure(tmp_path: Path) -> None:
    with new_device(tmp_path) as device:
        failed = failing(device, WRONG, parallel=1, on_error=OnError.STOP)
        assert not device.ca.ledger()
        assert [n.step.id for n in failed.report.not_tried if n.waited_for is None] == ["s8", "s9"]
        assert "not tried, the run was to end: s8 initiate cmp/b" in apply_text.failure(failed)


def test_events_of_a_failure(tmp_path: Path) -> None:
    out = io.StringIO()
    events = EventStream(out, utc_now)
    with new_device(tmp_path) as device:
        failed = failing(device, WRONG, watch=events.watch)
    events.interrupted(())
    events.ended(failed.report)
    written = [json.loads(line) for line in out.getvalue().splitlines()]
    for event in written:
        check(APPLY, event)
    (told,) = [event for event in written if event["event"] == "step-failed"]
    summary = written[-1]
    assert summary["status"] == "failed"
    assert [{"step": told["step"], "error": told["error"]}] == [
        {"step": fact["step"], "error": fact["error"]} for fact in summary["failed"]
    ]
    assert summary["not_tried"] == [
        {"step": "s7", "waited_for": "s6"},
        {"step": "s10", "waited_for": "s6"},
        {"step": "s11", "waited_for": "s6"},
    ]
    assert summary["not_kept"] == ["s1", "s2", "s3", "s4", "s5", "s9"]


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    """The stop comes when the first operation has ended: the second never begins."""
    stop = Stop()
    with new_device(tmp_path) as device:
        post = device.post

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            stop.request()
            return post(url, message)

        device.send = send
        failed = failing(device, TWO, parallel=1, stop=stop)
    assert isinstance(failed, Interrupted)
    assert [step.id for step in failed.report.done] == ["s1", "s2", "s3", "s4", "s5", "s6"]
    assert "error: interrupted before every step was done" in click.unstyle(
        apply_text.failure(failed)
    )
    assert apply_json.summary(failed.report)["status"] == "interrupted"

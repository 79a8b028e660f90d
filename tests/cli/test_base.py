"""`--base FILE` and `--at DATE`: checking without a state, and as of another day."""

import json
from pathlib import Path

import pytest
from support.command import SAMPLES, Csc

GATEWAY, UPDATE = SAMPLES / "gateway.cfg", SAMPLES / "update.cfg"


@pytest.fixture(params=["text", "json"])
def base(csc: Csc, request: pytest.FixtureRequest) -> Path:
    """What a device holds after samples/gateway.cfg; its state is gone."""
    csc("apply", "--sandbox", "--yes", GATEWAY)
    text = csc.ok("show", *(["--json"] if request.param == "json" else []))
    path = csc.write(f"base.{request.param}", text)
    (csc.folder / ".csc").rename(csc.folder / "elsewhere")
    return path


def test_nothing_to_do_on_its_own_snapshot(csc: Csc, base: Path) -> None:
    """But for the root of the sandbox CA, which is made anew with each state."""
    planned = csc.ok("plan", "--sandbox", "--base", base, GATEWAY)
    assert "certmgr -initiate cmp/clcert  obtained already, valid until " in planned
    assert planned.endswith("Plan: 1 to change, activate, commit.\n")
    assert not (csc.folder / ".csc").exists()


def test_an_update_works_until_the_certificate_expires(csc: Csc, base: Path) -> None:
    csc.ok("validate", "--base", base, UPDATE)
    late = csc("validate", "--base", base, "--at", "2099-01-01", UPDATE)
    assert late.returncode == 1
    assert "CSC307 certificate-expired" in late.stderr
    idle = csc.write("idle.cfg", "add IPAddress dns Address=10.0.0.1\nactivate\ncommit\n")
    assert (
        "CSC317 expired-in-use"
        in csc("validate", "--base", base, "--at", "2099-01-01", idle).stderr
    )


def test_no_plan_to_save(csc: Csc, base: Path) -> None:
    result = csc("plan", "--sandbox", "--base", base, "--out", "plan.json", GATEWAY)
    assert result.returncode == 64
    assert "exclude each other" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": "csc/snapshot/9"}', "has the schema 'csc/snapshot/9'"),
        ("{", "is no snapshot of csc"),
        ("[" * 100_000, "has an error at base:1:1"),
        ('{"schema": ' + "[" * 100_000, "is no snapshot of csc"),
        ('{"schema": "csc/snapshot/1"}', "is no snapshot of csc"),
        ("ad CertificateStore cmp", "has an error at base:1:1: there is no command `ad`"),
        ("\udce9", "is no text"),
        (None, "cannot be read"),
    ],
)
def test_a_base_that_is_none(csc: Csc, text: str | None, message: str) -> None:
    if text is not None:
        (csc.folder / "base").write_bytes(text.encode(errors="surrogateescape"))
    result = csc("validate", "--base", "base", UPDATE)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_any_json_is_refused_by_name(csc: Csc) -> None:
    document = {"schema": "csc/snapshot/1", "certificates": {}, "configuration": [{"path": 5}]}
    for configuration in (
        5,
        None,
        [5],
        [{"path": "/A"}],
        [{"path": "/A/b", "properties": {"C": 5}}],
    ):
        csc.write("base", json.dumps({**document, "configuration": configuration}))
        result = csc("validate", "--base", "base", UPDATE)
        assert (result.returncode, "is no snapshot of csc" in result.stderr) == (1, True)

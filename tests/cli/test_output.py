"""Where output goes that cannot be written."""

import subprocess

import pytest
from support.command import SAMPLES, Csc

APPLY = ("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")


def run(csc: Csc, *arguments: object, redirected: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *csc.command(*arguments)],
        capture_output=True,
        text=True,
        cwd=csc.folder,
        env=csc.variables(),
        timeout=60,
        check=False,
    )


def test_closed_streams_hinder_nothing(csc: Csc) -> None:
    """No file of the state is opened as one of them."""
    assert run(csc, *APPLY, redirected="<&- >&- 2>&-").returncode == 0
    assert len((csc.folder / ".csc" / "vault.key").read_bytes()) == 32
    assert "5010869c004c" in csc.ok("history")


@pytest.mark.parametrize("command", [("lock",), APPLY])
def test_a_full_disk_behind_the_output_is_told(csc: Csc, command: tuple[object, ...]) -> None:
    result = run(csc, *command, redirected=">/dev/full")
    assert result.returncode == 1
    assert "output" in result.stderr
    assert "No space left on device" in result.stderr
    assert "csc's own" not in result.stderr


def test_a_path_that_no_system_takes_is_told(csc: Csc) -> None:
    result = csc("--state", f"sqlite:///{'y' * 300}", "status")
    assert result.returncode == 1
    assert "File name too long" in result.stderr
    assert "csc's own" not in result.stderr

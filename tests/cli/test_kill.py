"""A process killed in earnest, each time at another line of its progress; the next one goes on."""

import signal
import subprocess

import pytest
from support.command import SAMPLES, Csc, database

MOMENTS = ("generating a key", "sending ir", "received certificate", "confirmed by the CA", "done")


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_when_it_says(csc: Csc, moment: str) -> None:
    apply = ("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    with subprocess.Popen(
        csc.command(*apply),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=csc.folder,
        env=csc.variables(),
    ) as process:
        assert process.stderr is not None
        assert any(moment in line for line in process.stderr)
        process.send_signal(signal.SIGKILL)
    csc.ok(*apply)
    with database(csc.folder / ".csc" / "sandbox" / "ledger.db") as ledger:
        issued = ledger.execute("SELECT serial_number, status FROM certificate").fetchall()
    with database(csc.folder / ".csc" / "state.db") as state:
        held = {row[0] for row in state.execute("SELECT serial_number FROM certificate")}
    assert {serial for serial, status in issued if status != "rejected"} == held
    assert {status for _, status in issued} == {"confirmed"}
    assert len(held) == 1
    assert next(iter(held)) in csc.ok("show")

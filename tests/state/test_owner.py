"""Whether a process lives: only what is certain is said."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from csc.runtime.state.owner import Life, Owner, life_of, this_process

HERE = this_process()
needs_proc = pytest.mark.skipif(not HERE.boot, reason="this system does not tell")


@needs_proc
@pytest.mark.parametrize(
    ("changes", "life"),
    [
        ({}, Life.RUNS),
        ({"started": "1"}, Life.GONE),  # the number is another process's by now
        ({"started": ""}, Life.UNKNOWN),
        ({"boot": "earlier", "machine": "m"}, Life.GONE),
        ({"boot": "earlier", "machine": "m", "host": "twin"}, Life.UNKNOWN),
        ({"boot": "earlier", "machine": "another"}, Life.UNKNOWN),
        ({"boot": ""}, Life.UNKNOWN),
        ({"namespace": "pid:[1]"}, Life.UNKNOWN),  # a container of this machine
    ],
)
def test_life(changes: dict[str, str], life: Life) -> None:
    here = replace(HERE, machine="m")
    owner = replace(here, **changes)
    assert life_of(owner, here) == life


@needs_proc
def test_dead() -> None:
    """A process that has ended is gone, also while its parent has not taken note."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        started = this_process_of(process.pid)
        assert life_of(started, HERE) == Life.RUNS
        process.kill()
        while life_of(started, HERE) == Life.RUNS:
            pass
        assert process.returncode is None
        assert life_of(started, HERE) == Life.GONE
    assert life_of(started, HERE) == Life.GONE


def this_process_of(pid: int) -> Owner:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    started = stat.rpartition(")")[2].split()[19]
    return replace(HERE, pid=pid, started=started)

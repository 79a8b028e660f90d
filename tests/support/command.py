"""`csc` as its users run it: a process of its own, in a folder of its own.

What is waited for is forked from a process that has loaded csc (see `forked`), so that starting Python is not
paid for again and again; what is started by `command` starts Python.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .forked import Server, can_fork

REPOSITORY = Path(__file__).parent.parent.parent
SAMPLES = REPOSITORY / "samples"
SEEDS = REPOSITORY / "tests" / "seed-examples"
TIMEOUT = 120
SERVER = Server()


@dataclass
class Csc:
    """Runs `csc` in `folder`, with nothing of the caller's environment but what is given."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        if not options and can_fork(self.environment) and SERVER.busy.acquire(blocking=False):
            try:
                words = list(map(str, arguments))
                return SERVER.run(words, self.folder, self.variables(), TIMEOUT)
            finally:
                SERVER.busy.release()
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
            **options,
        )

    def ok(self, *arguments: object) -> str:
        """What it prints, where it has to succeed."""
        result = self(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def command(self, *arguments: object) -> list[str]:
        start = "from csc.cli.main import main; main()"
        return [sys.executable, "-c", start, *map(str, arguments)]

    def variables(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.environment}

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


@contextmanager
def database(path: Path) -> Generator[sqlite3.Connection]:
    """An SQLite database, its changes committed and closed again."""
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection

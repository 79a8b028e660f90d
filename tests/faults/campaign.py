"""Workers in, every case and what came of it out."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

from .catalogue import FAULTS
from .disk import can_mount
from .trial import Case, Result

HERE = Path(__file__).parent


class Worker:
    """A process that carries cases out."""

    def __init__(self, folder: Path, cluster: str | None) -> None:
        command = [sys.executable, "-m", "faults.worker", str(folder)]
        self._process = subprocess.Popen(
            [*command, cluster] if cluster else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE.parent,
            start_new_session=True,  # Ctrl-C is the campaign's affair
        )

    def points(self, kind: str, store: str, many: int) -> tuple[list[str], int]:
        """The points of an operation, and how many messages it sends."""
        answer = self._ask(["points", kind, store, many])
        return answer["points"], answer["messages"]

    def run(self, case: Case) -> Result:
        """What comes of a case."""
        answer = self._ask(astuple(case))
        return Result(**{**answer, "broken": tuple(answer["broken"])})

    def _ask(self, document: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(document) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the worker has ended"
        return json.loads(line)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def working(folder: Path, cluster: str | None) -> Generator[Worker]:
    """A worker for the length of the block."""
    worker = Worker(folder, cluster)
    try:
        yield worker
    finally:
        worker.close()


def cases_of(
    worker: Worker, kind: str, store: str, many: int, faults: Iterable[str] = tuple(FAULTS)
) -> Iterator[tuple[Case, str]]:
    """Every case of an operation, with the kind of its point."""
    points, messages = worker.points(kind, store, many)
    for name in faults:
        fault = FAULTS[name]
        if store not in fault.stores:
            continue
        if fault.pages:
            for number in range(fault.pages if can_mount() else 0):
                yield Case(kind, store, many, name, number), f"{number} pages"
            continue
        if fault.mishap is not None:
            for number in range(messages):
                yield Case(kind, store, many, name, number), f"message {number}"
            continue
        for number, label in enumerate(points):
            if fault.where(label):
                yield Case(kind, store, many, name, number), label


def one_of_each(
    cases: Iterable[tuple[Case, str]], kind: Callable[[str], str | None] = lambda label: label
) -> Iterator[Case]:
    """For each fault and `kind` of point that it is tried at, one case: the last, where most is at stake."""
    found: dict[tuple[str, str], Case] = {}
    for case, label in cases:
        name = kind(label)
        if name is not None:
            found[case.fault, name] = case
    return iter(found.values())


def as_seen_from_outside(label: str) -> str | None:
    """The kinds of points that leave something different behind; None where it is as at another point.

    Nothing leaves the process between the end of one act and the beginning of the next one, and what a
    transaction has written is nothing to anybody until it commits.
    """
    where, _, rest = label.partition(" ")
    what, _, moment = rest.rpartition(": ")
    if where == "net":
        begins = moment in ("before", "unsent")
        heard = "heard" if moment in ("begun", "read") else moment  # nothing is kept of it yet
        return None if begins or what == "head" else f"net {what}: {heard}"
    if where == "disk":
        return f"disk {what}: {moment}" if moment == "half" else _unless("before", "disk", moment)
    if where == "file":
        is_seen = what.partition(" ")[0] in ("write", "rename", "mkdir")
        name = what.partition(" ")[0] if is_seen else "other"
        return _unless("before", f"file {name}", moment)
    if what.startswith("COMMIT"):
        name = "COMMIT of schema" if "schema" in what else what
        return _unless("before", f"store {name}", moment)
    return None if moment == "before" or what == "BEGIN" else "store statement"


def _unless(not_seen: str, what: str, moment: str) -> str | None:
    return None if moment == not_seen else f"{what}: {moment}"

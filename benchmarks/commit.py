"""What committing version 1,000 costs, as a ratio to committing version 10 of a configuration as large.

    .venv/bin/python benchmarks/commit.py [VERSION]

Two states are filled with so many versions, each of which changes one object. Then the next versions are
committed in both, in turn, so that whatever else the machine does hits both: by whole processes of
`csc apply`, and by the transactions of the state alone. The medians are compared.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from csc.compiler.address import ROOT
from csc.compiler.configuration import Configuration, empty_device
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_store
from csc.runtime.state.store import Store

EARLY = 10
LATE = 1_000
OBJECTS = 1_000
ROUNDS = 15
BUDGET = 1.2
CSC = str(Path(sys.executable).with_name("csc"))
SCRIPT = "set IPAddress a0 Comments={}\nactivate\ncommit\n"


def configuration(number: int) -> Configuration:
    found = dict(empty_device())
    for n in range(OBJECTS):
        comment = f"state {number:06}" if n == 0 else f"number {n}"
        address = ROOT.child("IPAddress", f"a{n}")
        found[address] = {"Address": f"10.0.{n >> 8}.{n & 255}", "Comments": comment}
    return found


def commit(store: Store, number: int) -> None:
    store.activate("default", configuration(number))
    version = store.commit("default", f"{number:064x}", datetime.now(UTC), "ann@north")
    assert version == number


def fill(path: Path, versions: int) -> None:
    """A state before it commits the version of that number."""
    store = open_store(in_file(path))
    store.ensure_device("default")
    for number in range(1, versions):
        commit(store, number)
    store.close()


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def apply(folder: Path, round_: int) -> None:
    (folder / "script.cfg").write_text(SCRIPT.format(f"round{round_:06}"))
    command = [CSC, "--state", "sqlite:///state.db", "apply", "--yes", "script.cfg"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def by_process(early: Path, late: Path) -> list[tuple[float, float]]:
    return [
        (seconds(lambda n=n: apply(early, n)), seconds(lambda n=n: apply(late, n)))
        for n in range(ROUNDS)
    ]


def by_transaction(early: Path, late: Path, version: int) -> list[tuple[float, float]]:
    stores = [open_store(in_file(folder / "state.db")) for folder in (early, late)]
    numbers = [number + ROUNDS for number in (EARLY, version)]
    found: list[tuple[float, float]] = []
    for round_ in range(ROUNDS):
        first, second = (
            seconds(lambda s=store, n=number + round_: commit(s, n))
            for store, number in zip(stores, numbers, strict=True)
        )
        found.append((first, second))
    for store in stores:
        store.close()
    return found


def judge(what: str, version: int, rounds: list[tuple[float, float]]) -> None:
    early, late = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = late / early
    print(
        f"{what}: version {version} {late * 1000:.1f} ms to version {EARLY} {early * 1000:.1f} ms,"
        f" {ratio:.2f}, budget {BUDGET}: {'ok' if ratio <= BUDGET else 'over'}"
    )


def main() -> None:
    version = int(sys.argv[1]) if len(sys.argv) > 1 else LATE
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        early, late = Path(first), Path(second)
        fill(early / "state.db", EARLY)
        fill(late / "state.db", version)
        judge("csc apply", version, by_process(early, late))
        judge("the state alone", version, by_transaction(early, late, version))


if __name__ == "__main__":
    main()

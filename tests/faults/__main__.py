"""Options in, every fault at every point out: a table of what came of it.

    cd tests && ../.venv/bin/python -m faults [--jobs 2] [--operation update] [--store sqlite] [--many 6]
                                              [--fault killed] [--every 1] [--again] [--report FILE]

Ends with 1 if something was lost, doubled or left. Each such case is printed with what repeats it.
"""

import argparse
import json
import signal
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

from peers import postgresql

from . import operations, stores
from .campaign import Worker, cases_of, one_of_each, working
from .catalogue import FAULTS
from .stores import MEMORY, as_fast_as_can_be
from .trial import Case, Result

_SECOND = 13  # a run that is killed is killed again, at points that far apart


def main() -> int:
    """Run the cases that the options ask for."""
    options = _options()
    tempfile.tempdir = MEMORY
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # what was begun is brought to an end
        signal.signal(number, lambda number, frame: stopped.set())
    with ExitStack() as stack:
        cluster = None
        if "postgresql" in options.store and postgresql.PROGRAMS is not None:
            cluster = stack.enter_context(postgresql.running()).administration
            as_fast_as_can_be(cluster)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = [
            stack.enter_context(working(folder / f"w{number}", cluster))
            for number in range(options.jobs)
        ]
        cases = _cases(workers[0], options)
        print(f"{len(cases)} cases", flush=True)
        begun = time.monotonic()
        results = _run(workers, cases, options, stopped)
        seconds = time.monotonic() - begun
    _print_table(results)
    broken = sum(bool(result.broken) for _, result in results)
    print(
        f"{len(results)} cases in {seconds:.0f} seconds, {len(results) / seconds:.1f} a second;"
        f" {broken} broken"
    )
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes that work at once")
    parser.add_argument("--operation", nargs="+", default=operations.KINDS)
    parser.add_argument("--store", nargs="+", default=stores.KINDS)
    parser.add_argument("--many", nargs="+", type=int, default=(1, 6), help="certificates at once")
    parser.add_argument("--fault", nargs="+", default=tuple(FAULTS), choices=tuple(FAULTS))
    parser.add_argument("--point", default="", help="only points whose label begins so")
    parser.add_argument("--at", nargs="+", type=int, help="only at these points, or messages")
    parser.add_argument("--again", action="store_true", help="kill the run that takes up, too")
    parser.add_argument("--sample", action="store_true", help="one point of each kind")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth case")
    parser.add_argument("--report", type=Path, help="write all results there, a line of JSON each")
    return parser.parse_args()


def _cases(worker: Worker, options: argparse.Namespace) -> list[Case]:
    found: list[Case] = []
    for kind, store, many in product(options.operation, options.store, options.many):
        if kind == "mixed" and many == 1:  # it takes three
            continue
        all_of_them = cases_of(worker, kind, store, many, options.fault)
        cases = [(case, label) for case, label in all_of_them if label.startswith(options.point)]
        found += one_of_each(cases) if options.sample else (case for case, _ in cases)
    if options.at is not None:
        found = [case for case in found if case.at in options.at]
    if options.again:
        found = [
            replace(case, again=second)
            for case in found
            for second in range(case.at % _SECOND, 400, _SECOND * options.every)
        ]
    return found[:: options.every]


def _run(
    workers: list[Worker], cases: list[Case], options: argparse.Namespace, stopped: threading.Event
) -> list[tuple[Case, Result]]:
    results: list[tuple[Case, Result]] = []
    left = iter(cases)
    lock = threading.Lock()

    def work(worker: Worker) -> None:
        while not stopped.is_set():
            with lock:
                case = next(left, None)
            if case is None:
                return
            result = worker.run(case)
            with lock:
                results.append((case, result))
                _tell(case, result, options)

    with ThreadPoolExecutor(len(workers)) as pool:
        for future in [pool.submit(work, worker) for worker in workers]:
            future.result()
    return results


def _tell(case: Case, result: Result, options: argparse.Namespace) -> None:
    for what in result.broken:
        print(f"{case} ({result.point}): {what}", flush=True)
    if options.report is not None:
        with options.report.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**asdict(case), **asdict(result)}) + "\n")


def _print_table(results: list[tuple[Case, Result]]) -> None:
    counted: dict[tuple[str, str, str, int], Counter[str]] = {}
    for case, result in results:
        row = counted.setdefault((case.fault, case.operation, case.store, case.many), Counter())
        row["cases"] += 1
        if result.point is None:
            row["not reached"] += 1
        row[{0: "done", 1: "failed", 3: "refused", -9: "killed"}.get(result.ended, "other")] += 1
        row["broken"] += bool(result.broken)
    columns = ("cases", "not reached", "killed", "failed", "refused", "done", "other", "broken")
    heads = ("fault", "operation", "store", "at once")
    rows = [(*map(str, key), *(str(row[c]) for c in columns)) for key, row in counted.items()]
    print("| " + " | ".join((*heads, *columns)) + " |")
    print("|" + "---|" * (len(heads) + len(columns)))
    for row in sorted(rows):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    raise SystemExit(main())

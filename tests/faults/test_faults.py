"""Nothing is lost, doubled or left hanging, whatever goes wrong where: a sample of all that can.

`python -m faults` tries every fault at every point (CONTRIBUTING.md). Here, each kind of point has its kill,
for every operation and store, and every other fault one.
"""

import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest
from peers import postgresql

from faults.campaign import Worker, as_seen_from_outside, cases_of, one_of_each, working
from faults.catalogue import FAULTS
from faults.stores import MEMORY, as_fast_as_can_be
from faults.trial import Case

STORES = ("sqlite", pytest.param("postgresql", marks=postgresql.needs_postgresql))
OTHERS = tuple(name for name in FAULTS if name != "killed")
# Which operation a fault is tried with; over all faults, each has its turn.
TURNS = ("update", "initiate", "revoke")


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> Generator[Worker]:
    cluster = None
    if postgresql.PROGRAMS is not None:
        cluster = request.getfixturevalue("cluster").administration
        as_fast_as_can_be(cluster)
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        working(Path(folder) / "worker", cluster) as running,
    ):
        yield running


def holds(worker: Worker, cases: Iterable[Case]) -> None:
    """Every case comes to its point, and everything is true after it that has to be."""
    broken: list[str] = []
    for case in cases:
        result = worker.run(case)
        broken += [f"{case} ({result.point}): {what}" for what in result.broken]
        if result.point is None and case.many == 1 and not FAULTS[case.fault].pages:
            broken.append(f"{case}: the run did not come to it")
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("kind", ["initiate", "update", "revoke"])
def test_killed(worker: Worker, kind: str, store: str) -> None:
    cases = list(one_of_each(cases_of(worker, kind, store, 1, ["killed"]), as_seen_from_outside))
    assert len(cases) >= {"initiate": 28, "update": 20, "revoke": 13}[kind]
    holds(worker, cases)


@pytest.mark.parametrize("store", STORES)
def test_killed_with_six_at_once(worker: Worker, store: str) -> None:
    """Two of each operation; where six are under way, the points between them have no order."""
    holds(worker, every(cases_of(worker, "mixed", store, 6, ["killed"]), 5))


@pytest.mark.parametrize("store", STORES)
def test_killed_again_while_it_takes_up(worker: Worker, store: str) -> None:
    first = every(cases_of(worker, "update", store, 1, ["killed"]), 3)
    last = max(case.at for case in first)
    holds(
        worker,
        (Case("update", store, 1, "killed", case.at, again=last - case.at // 2) for case in first),
    )


@pytest.mark.parametrize("store", STORES)
def test_other_faults(worker: Worker, store: str) -> None:
    """What happens to messages is no affair of the store's: it is tried with one."""
    faults = [name for name in OTHERS if store == "sqlite" or not FAULTS[name].mishap]
    for number, fault in enumerate(faults):
        kind = TURNS[number % len(TURNS)]
        holds(worker, every(cases_of(worker, kind, store, 1, [fault]), 1))


def every(cases: Iterable[tuple[Case, str]], many: int) -> list[Case]:
    """So many of the cases, evenly apart."""
    found = [case for case, _ in cases]
    if not found:  # the fault is none of this store's
        return []
    return [found[len(found) * (2 * number + 1) // (2 * many)] for number in range(many)]

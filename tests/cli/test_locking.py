"""Many processes, one state: one writer for each device, nothing is lost, the dead are in nobody's way."""

import json
import os
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest
from csc.runtime.state.location import Location, parse_url
from csc.runtime.state.opening import load_device, open_to_read
from jsonschema import Draft202012Validator
from peers import postgresql
from support.command import REPOSITORY, Csc
from support.slow_ca import SlowCA, slow_ca

CROWD = 20
FEW = 8
SCHEMA = json.loads((REPOSITORY / "docs" / "schemas" / "lock.schema.json").read_text())


@pytest.fixture
def shared(csc: Csc, location: Location) -> Csc:
    """`csc` with the state in each kind of database."""
    csc.environment["CSC_STATE"] = location.url
    return csc


@pytest.fixture
def slow(shared: Csc, tmp_path_factory: pytest.TempPathFactory):
    with slow_ca(shared, tmp_path_factory.mktemp("ca")) as slow:
        yield slow


def start(csc: Csc, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        csc.command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=csc.folder,
        env=csc.variables(),
    )


def crowd(csc: Csc, *options: object, size: int = CROWD, devices: int = 1) -> list[tuple[int, str]]:
    """Exit code and stderr of many processes at once; each adds a store of its own to one of the devices."""
    processes: list[subprocess.Popen[str]] = []
    for n in range(size):
        script = csc.write(f"{n}.cfg", f"add CertificateStore s{n}\nactivate\ncommit\n")
        device = f"d{n % devices}"
        processes.append(start(csc, "--device", device, "apply", "--yes", *options, script))
    return [(process.wait(), process.communicate()[1]) for process in processes]


def committed(location: Location, device: str) -> tuple[int, set[str]]:
    """The newest version, after a look at whether all are there, and the stores in it."""
    store = open_to_read(location)
    assert store is not None
    try:
        newest = store.version(device)
        sizes = [len(store.version(device, n).configuration) for n in range(newest.number + 1)]
        assert sizes == list(range(sizes[0], sizes[0] + newest.number + 1))
        return newest.number, {a.name for a in newest.configuration if a.name.startswith("s")}
    finally:
        store.close()


def test_all_in_turn(shared: Csc, location: Location) -> None:
    """Also the state itself is made by one of them."""
    assert [said for code, said in crowd(shared, "--lock-timeout", 100) if code] == []
    number, stores = committed(location, "d0")
    assert (number, stores) == (CROWD, {f"s{n}" for n in range(CROWD)})
    assert "No device is locked" in shared.ok("lock")


def test_each_or_refused(shared: Csc, location: Location) -> None:
    ended = crowd(shared)
    done = {f"s{n}" for n, (code, _) in enumerate(ended) if code == 0}
    for code, said in ended:
        assert code in (0, 3), said
        if code:
            assert "device d0 is locked by " in said
            assert f" on {os.uname().nodename} (process " in said
            assert " since 20" in said
    assert committed(location, "d0") == (len(done), done)


def test_devices_do_not_wait_for_each_other(shared: Csc, location: Location) -> None:
    """Nobody is refused where each has a device of its own, also on a state that is new."""
    assert [said for code, said in crowd(shared, size=FEW, devices=FEW) if code] == []
    for n in range(FEW):
        assert committed(location, f"d{n}") == (1, {f"s{n}"})


def test_meanwhile(shared: Csc, slow: SlowCA) -> None:
    """While one writes: another is refused and hears who, readers go on, `lock` tells, `unlock` refuses."""
    script = shared.write("a.cfg", "add CertificateStore a\nactivate\ncommit\n")
    with start(shared, *slow.apply()) as process:
        assert slow.asked.wait(60)
        refused = shared("apply", "--yes", script)
        assert refused.returncode == 3
        assert f"(process {process.pid}) since" in refused.stderr
        for reader in (("plan", script), ("validate", script), ("show",)):
            shared.ok(*reader)
        assert f"(process {process.pid}) since" in shared.ok("lock")
        assert "it runs" in shared.ok("lock")
        document = json.loads(shared.ok("lock", "--json"))
        Draft202012Validator(SCHEMA).validate(document)
        (told,) = document["leases"]
        assert (told["device"], told["process"], told["owner"]) == ("default", process.pid, "runs")
        refused = shared("unlock", "default")
        assert refused.returncode == 3
        assert "may be alive" in refused.stderr
        slow.answers.set()
        _, said = process.communicate()
        assert process.returncode == 0, said
    shared.ok("apply", "--yes", script)
    assert shared("unlock", "default").returncode == 1


def test_killed(shared: Csc, slow: SlowCA) -> None:
    """The next one takes over without a wait, and takes up what the dead one had begun."""
    with start(shared, *slow.apply()) as process:
        assert slow.asked.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
    slow.answers.set()
    shared.ok(*slow.apply())
    assert [entry.status for entry in slow.ca.ledger()] == ["confirmed"]
    assert json.loads(shared.ok("lock", "--json"))["leases"] == []


def test_taken_away(shared: Csc, slow: SlowCA, location: Location) -> None:
    """A live owner that is unlocked by force says so, has written nothing since, and the next goes on."""
    with start(shared, *slow.apply()) as process:
        assert slow.asked.wait(60)
        shared.ok("unlock", "--force", "default")
        slow.answers.set()
        _, said = process.communicate()
    assert process.returncode == 1
    assert "the lease on device default was removed" in said or "is lost" in said
    assert "help:" in said
    assert "Traceback" not in said
    assert load_device(location, "default").certificates == {}
    shared.ok(*slow.apply())
    assert [entry.status for entry in slow.ca.ledger()] == ["confirmed"]


@postgresql.needs_postgresql
def test_connection_is_cut(
    csc: Csc, cluster: postgresql.Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In the middle of a run: a named error with a way out, nothing half written, and the next goes on."""
    url = csc.environment["CSC_STATE"] = cluster.new_database()
    with slow_ca(csc, tmp_path_factory.mktemp("ca")) as slow:
        with start(csc, *slow.apply()) as process:
            assert slow.asked.wait(60)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'csc' AND datname = current_database()"
                )
            slow.answers.set()
            _, said = process.communicate()
        assert process.returncode == 1
        assert "the connection to the state at postgresql://" in said
        assert "apply the same again" in said
        assert "Traceback" not in said
        assert load_device(parse_url(url), "default").certificates == {}
        csc.ok(*slow.apply())
        assert [entry.status for entry in slow.ca.ledger()] == ["confirmed"]
        assert "clcert" in csc.ok("show")


def test_unlocking_nothing_makes_nothing(csc: Csc, tmp_path: Path) -> None:
    result = csc("unlock", "default")
    assert result.returncode == 1
    assert "is not locked" in result.stderr
    assert "No device is locked" in csc.ok("lock")
    assert list(tmp_path.iterdir()) == []

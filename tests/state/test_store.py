"""The state database: whole transactions or none, every version kept, readers that change nothing."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from csc.compiler.address import ROOT
from csc.compiler.configuration import FileValue, empty_device
from csc.compiler.device import DeviceState
from csc.runtime.state.errors import StateError
from csc.runtime.state.location import Location, parse_url
from csc.runtime.state.opening import load_device, open_store, open_to_read
from csc.runtime.state.store import Store

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CONFIGURATION = {
    **empty_device(),
    ROOT.child("CertificateStore", 'odd "name'): {"Comments": "a\nb"},
    ROOT.child("CertificateStore", "ipsec").child("Certificate", "a"): {
        "CertificateData": FileValue("a.der", "sha256:00")
    },
}


@pytest.fixture
def store(location: Location) -> Generator[Store]:
    opened = open_store(location)
    opened.ensure_device("default")
    yield opened
    opened.close()


def test_new_device(location: Location, tmp_path: Path) -> None:
    """What is not there is a new device, and looking does not make it."""
    assert load_device(location, "default") == DeviceState()
    assert open_to_read(location) is None
    assert list(tmp_path.iterdir()) == []


def test_configurations_come_back(store: Store) -> None:
    store.end_run("default", CONFIGURATION, "inputs")
    state = store.load("default")
    assert state.candidate == CONFIGURATION
    assert (state.active, state.committed) == (empty_device(), empty_device())
    assert state.left_by == "inputs"
    store.activate("default", CONFIGURATION)
    assert store.load("default").active == CONFIGURATION
    assert store.load("default").left_by == ""


def test_every_version_is_kept(store: Store) -> None:
    store.activate("default", CONFIGURATION)
    assert store.commit("default", "first", NOW) == 1
    store.activate("default", empty_device())
    assert store.commit("default", "second", NOW) == 2
    assert store.version("default", 0).configuration == empty_device()
    assert store.version("default", 1).configuration == CONFIGURATION
    assert store.version("default").number == 2
    with pytest.raises(StateError, match="no committed version 3"):
        store.version("default", 3)


def test_transaction_is_whole_or_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.activate("default", CONFIGURATION)
            store.commit("default", "script", NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.load("default") == DeviceState()
    store.commit("default", "script", NOW)  # and the store goes on working


def test_reader_cannot_write(store: Store, location: Location) -> None:
    reader = open_to_read(location)
    assert reader is not None
    with pytest.raises(StateError, match=r"read-?only"):
        reader.activate("default", CONFIGURATION)
    reader.close()


def test_reader_does_not_wait_for_a_writer(store: Store, location: Location) -> None:
    with store.transaction():
        store.activate("default", CONFIGURATION)
        assert load_device(location, "default") == DeviceState()
    assert load_device(location, "default").active == CONFIGURATION


@pytest.mark.parametrize("url", ["", "sqlite:///", "/tmp/x.db", "mysql://h/db"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(StateError, match="cannot lie at"):
        parse_url(url)


def test_made_by_many_at_once(location: Location) -> None:
    """One of them makes the tables, and the others find them."""
    if location.database is not None:
        pytest.skip("a file is made in turn")
    with ThreadPoolExecutor(20) as pool:
        for store in pool.map(open_store, [location] * 20):
            store.close()

"""What readers see of many devices at once: newest certificates, open operations, who committed what."""

from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from csc.compiler.address import ROOT
from csc.compiler.configuration import FileValue, empty_device
from csc.compiler.device import CertificateRecord
from csc.compiler.differences import differences
from csc.compiler.lifecycle import State
from csc.compiler.plan import Change
from csc.runtime.recovery.phases import Phase
from csc.runtime.state import journal
from csc.runtime.state.location import Location
from csc.runtime.state.opening import open_store, open_to_read
from csc.runtime.state.overview import Overview, overviews
from csc.runtime.state.store import Store
from csc.runtime.state.versions import versions
from csc.runtime.status import DeviceStatus, status_of

NOW = datetime(2026, 12, 1, tzinfo=UTC)
STORE = ROOT.child("CertificateStore", "cmp")
ADDRESS = STORE.child("Certificate", "a")
RECORD = CertificateRecord(
    "sha256:1",
    "key:1",
    "request",
    "CN=a",
    "script",
    1,
    not_before=NOW - timedelta(days=10),
    not_after=NOW + timedelta(days=80),
    issuer="CN=ca",
    serial_number="a1",
)
EMPTY = {**empty_device(), STORE: {}, ADDRESS: {"Type": "CMPv2"}}
BOUND = {
    **EMPTY,
    ADDRESS: {
        "Type": "CMPv2",
        "CertificateData": FileValue("c", "sha256:1"),
        "PrivateKey": FileValue("k", "key:1", is_secret=True),
    },
}


@pytest.fixture
def store(location: Location) -> Generator[Store]:
    opened = open_store(location)
    opened.ensure_device("b")
    opened.ensure_device("a")
    yield opened
    opened.close()


def begin(store: Store, device: str, operation: str = "update") -> int:
    return journal.begin(
        store,
        device=device,
        path=ADDRESS.path,
        operation=operation,
        intent="intent",
        transaction_id=b"1",
        key=None,
        request=b"request",
        at=NOW,
    )


def look(location: Location, device: str | None = None) -> list[Overview]:
    reader = open_to_read(location)
    assert reader is not None
    try:
        return overviews(reader, device)
    finally:
        reader.close()


def status(location: Location, now: datetime = NOW) -> DeviceStatus:
    (overview,) = look(location, "a")
    return status_of(overview, now)


def state(location: Location, now: datetime = NOW) -> State:
    (certificate,) = status(location, now).certificates
    return certificate.state


def test_devices_are_told_apart(store: Store, location: Location) -> None:
    store.add_certificate("a", ADDRESS, RECORD)
    store.add_certificate("a", ADDRESS, replace(RECORD, serial_number="a2"))
    store.add_certificate("b", ADDRESS, replace(RECORD, serial_number="b1"))
    store.activate("b", BOUND)
    store.commit("b", "script", NOW)
    store.end_run("b", EMPTY, "")
    begin(store, "b")
    first, second = look(location)
    assert (first.device, second.device) == ("a", "b")
    assert first.certificates[ADDRESS].serial_number == "a2"
    assert second.certificates == {ADDRESS: replace(RECORD, serial_number="b1")}
    assert (first.version, first.committed, first.left_open) == (0, empty_device(), ())
    assert (second.version, second.committed, second.active) == (1, BOUND, BOUND)
    assert second.candidate == EMPTY
    assert [entry.address for entry in second.left_open] == [ADDRESS]
    assert look(location, "b") == [second]
    assert look(location, "c") == []


def test_how_far_an_open_operation_came(store: Store, location: Location) -> None:
    ended, requested, waiting, issued = (begin(store, "a") for _ in range(4))
    journal.end(store, ended, is_done=False, outcome="", at=NOW)
    journal.note(store, waiting, Phase.WAITING, b"poll")
    journal.note(store, issued, Phase.WAITING, b"poll")
    journal.received(store, issued, Phase.RECEIVED, "sha256:1", "key:1", b"confirmation")
    assert requested
    (overview,) = look(location, "a")
    came_to = [(entry.is_issued, entry.is_waiting) for entry in overview.left_open]
    assert came_to == [(False, False), (False, True), (True, False)]
    assert {entry.started_at for entry in overview.left_open} == {NOW}
    assert status(location).needs_care


def test_life_of_a_certificate(store: Store, location: Location) -> None:
    """Each state as it is reached; nothing of it needs care."""
    store.end_run("a", EMPTY, "")
    assert state(location) is State.EMPTY
    store.add_certificate("a", ADDRESS, RECORD)
    assert state(location) is State.OBTAINED
    store.end_run("a", BOUND, "")
    assert state(location) is State.BOUND
    assert status(location).uncommitted == Counter({Change.ADD: 2})
    store.activate("a", BOUND)
    assert state(location) is State.ACTIVE
    assert not status(location).is_active_committed
    store.commit("a", "script", NOW)
    assert state(location) is State.COMMITTED
    shown = status(location)
    assert (shown.uncommitted, shown.is_active_committed) == (Counter(), True)
    assert not shown.needs_care
    store.mark_revoked("a", ADDRESS, "script", 2)
    assert state(location) is State.REVOKED
    assert not status(location).needs_care


def test_what_is_due_and_what_is_expired(store: Store, location: Location) -> None:
    """The window is the last third of 90 days: it begins after 60, which are 50 from now."""
    store.add_certificate("a", ADDRESS, RECORD)
    store.activate("a", BOUND)
    store.commit("a", "script", NOW)
    for days, seconds, is_due, needs_care in (
        (50, -1, False, False),
        (50, 0, True, True),
        (80, 0, True, True),
        (80, 1, False, True),
    ):
        shown = status(location, NOW + timedelta(days=days, seconds=seconds))
        (certificate,) = shown.certificates
        assert (certificate.is_due, shown.needs_care) == (is_due, needs_care), days
    assert certificate.state is State.EXPIRED
    store.mark_revoked("a", ADDRESS, "script", 2)
    assert not status(location, NOW + timedelta(days=60)).needs_care


def test_a_deleted_object(store: Store, location: Location) -> None:
    """Deleted in the candidate alone it is still committed; in no configuration, it waits or is given up."""
    store.add_certificate("a", ADDRESS, RECORD)
    store.activate("a", BOUND)
    store.commit("a", "script", NOW)
    store.end_run("a", empty_device(), "")
    assert state(location) is State.COMMITTED
    assert status(location).uncommitted == Counter({Change.DELETE: 2})
    store.activate("a", empty_device())
    assert state(location) is State.COMMITTED
    store.commit("a", "script", NOW)
    assert state(location) is State.OBTAINED
    assert status(location, NOW + timedelta(days=90)).certificates == ()
    store.give_up("a", ADDRESS)
    assert status(location).certificates == ()
    assert not status(location, NOW + timedelta(days=90)).needs_care


def test_versions_newest_first_with_who_committed(store: Store) -> None:
    store.commit("a", "first", NOW)
    store.commit("a", "second", NOW + timedelta(hours=1), "ann@host")
    store.commit("b", "other", NOW)
    found = [(v.number, v.script, v.committed_by, v.committed_at) for v in versions(store, "a")]
    later = NOW + timedelta(hours=1)
    assert found == [(2, "second", "ann@host", later), (1, "first", "", NOW)]
    assert versions(store, "c") == []


def test_versions_are_compared_at_one_moment(store: Store, location: Location) -> None:
    """As `csc diff` reads them: what is committed meanwhile is not seen."""
    store.activate("a", EMPTY)
    store.commit("a", "first", NOW)
    reader = open_to_read(location)
    assert reader is not None
    try:
        with reader.database.snapshot():
            before = reader.load("a").committed
            store.activate("a", BOUND)
            store.commit("a", "second", NOW)
            assert reader.version("a").number == 1
        (change,) = differences(before, reader.load("a").committed)
    finally:
        reader.close()
    assert (change.change, change.address) == (Change.UPDATE, ADDRESS)
    assert (change.before, change.after) == (EMPTY[ADDRESS], BOUND[ADDRESS])

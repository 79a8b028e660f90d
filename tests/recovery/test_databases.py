"""What recovery asks of the state, in each kind of database."""

from collections.abc import Generator
from datetime import UTC, datetime

import pytest
from csc.compiler.address import Address
from csc.compiler.configuration import FileValue
from csc.compiler.device import CertificateRecord
from csc.runtime.recovery.phases import Phase
from csc.runtime.recovery.unbound import unbound_on
from csc.runtime.state import journal
from csc.runtime.state.location import Location
from csc.runtime.state.opening import open_store
from csc.runtime.state.store import Store

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ADDRESS = Address.parse("/CertificateStore/cmp/Certificate/gw")
RECORD = CertificateRecord(
    "sha256:1", "key:1", "", "CN=gw", "", 1, not_before=NOW, not_after=NOW, serial_number="a"
)


@pytest.fixture
def store(location: Location) -> Generator[Store]:
    store = open_store(location)
    store.ensure_device("a")
    yield store
    store.close()


def begin(store: Store, **more: object) -> int:
    return journal.begin(
        store,
        device="a",
        path=ADDRESS.path,
        operation="initiate",
        intent="",
        transaction_id=b"id",
        key=None,
        request=b"request",
        at=NOW,
        **more,  # pyright: ignore
    )


def test_what_is_open(store: Store) -> None:
    first = begin(store, document="{}")
    second = begin(store, document="{}", ends=first)
    old = begin(store)
    journal.note(store, first, Phase.REJECTING, b"certConf")
    found = journal.open_operations(store, "a")
    assert [(each.id, each.phase, each.last, each.ends, each.document) for each in found] == [
        (first, Phase.REJECTING, b"certConf", None, "{}"),
        (second, Phase.REQUESTED, None, first, "{}"),
        (old, Phase.REQUESTED, None, None, None),
    ]
    assert journal.find_open(
        store, device="a", path=ADDRESS.path, operation="initiate", intent=""
    ) == journal.find(store, old)
    store.put_secret(journal.secrets_of(b"id".hex()), b"sealed")
    for each in (first, second, old):
        journal.end(store, each, is_done=False, outcome="", at=NOW)
    assert journal.open_operations(store, "a", ADDRESS.path) == []
    assert not store.has_secrets()
    assert journal.find(store, first).phase is Phase.CLOSED


def test_what_is_not_bound(store: Store) -> None:
    """A certificate counts until a configuration has it; one that was bound once never again."""
    assert unbound_on(store, "a") == []
    store.add_certificate("a", ADDRESS, RECORD)
    assert [each.address for each in unbound_on(store, "a")] == [ADDRESS]
    bound = {
        ADDRESS: {
            "CertificateData": FileValue("cl_newcert.der", "sha256:1"),
            "PrivateKey": FileValue("cl_newkey.pem", "key:1"),
        }
    }
    store.end_run("a", bound, "")
    assert unbound_on(store, "a") == []
    store.end_run("a", {}, "")
    assert len(unbound_on(store, "a")) == 1
    store.activate("a", bound)
    store.commit("a", "script", NOW)
    store.activate("a", {})
    assert unbound_on(store, "a") == []
    store.mark_revoked("a", ADDRESS, "", 2)
    assert unbound_on(store, "a") == []

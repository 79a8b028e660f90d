"""Rekeying: every key is another one afterwards, nothing that was stored is, and death loses nothing."""

import base64
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc.runtime.certificates import load_key
from csc.runtime.state import every_device
from csc.runtime.state.errors import Locked, StateError
from csc.runtime.state.holding import hold
from csc.runtime.state.location import Location, in_file
from csc.runtime.state.opening import open_store, open_to_read
from csc.runtime.state.store import Store
from csc.runtime.state.vault import Vault, key_file, table
from csc.runtime.state.vault.errors import KeysReplaced, MasterKeyWrong
from csc.runtime.state.vault.opening import (
    make_keys,
    open_keys,
    open_vault,
    read_fingerprint_key,
    read_vault,
)
from csc.runtime.state.vault.overview import look
from csc.runtime.state.vault.rekeying import rekey
from csc.runtime.state.vault.sources import Source
from support.device import (
    FINISH,
    PREREQUISITES,
    Killed,
    bind,
    certificate,
    initiate,
    new_device,
    update,
)
from support.holdings import nothing_is_lost
from support.vaults import SOURCES, Keyrings, prepare, renew, seal_as_before

SECRETS = {f"key:{n}": f"-----BEGIN PRIVATE KEY-----\n{n}".encode() * 20 for n in range(3)}


@contextmanager
def opened(location: Location) -> Generator[Store]:
    store = open_store(location)
    try:
        yield store
    finally:
        store.close()


def fill(location: Location, source: Source = Source.FILE) -> bytes:
    """A state with secrets and a device; its fingerprint key."""
    with opened(location) as store:
        store.ensure_device("north")
        keys = make_keys(store, location, source)
        for name, secret in SECRETS.items():
            store.put_secret(name, Vault(keys).encrypt(name, secret))
        return keys.fingerprint


def held(location: Location) -> dict[str, bytes]:
    """Every secret, decrypted, as a reader finds them."""
    store = open_to_read(location)
    assert store is not None
    try:
        vault = read_vault(store, location)
        names = [row[0] for row in store.database.execute("SELECT id FROM secret")]
        return {name: vault.decrypt(name, store.secret(name) or b"") for name in names}
    finally:
        store.close()


def raw(location: Location) -> bytes:
    """All that the database holds, as bytes; of a file also what no query finds any more."""
    with opened(location) as store:
        rows = [
            *store.database.execute("SELECT id, data FROM secret"),
            *store.database.execute("SELECT key_id, data_key, fingerprint_key FROM vault"),
        ]
        found = b"\0".join(v.encode() if isinstance(v, str) else bytes(v) for r in rows for v in r)
    if location.database is not None:
        found += b"".join(p.read_bytes() for p in location.folder.glob("state.db*"))
    return found


@pytest.mark.parametrize("to", SOURCES)
@pytest.mark.parametrize("source", SOURCES)
def test_from_everywhere_to_everywhere(
    tmp_path: Path, keyrings: Keyrings, source: Source, to: Source
) -> None:
    location = in_file(tmp_path / "state.db")
    prepare(source, keyrings)
    fingerprint = fill(location, source)
    renew(to, keyrings)
    done = rekey(location, to)
    assert (done.old.source, done.new.place.source) == (source, to)
    assert done.secrets == len(SECRETS)
    # And then the new key is all that is at hand.
    for name in ("CSC_MASTER_KEY", "CSC_PASSPHRASE"):
        keyrings.patch.delenv(name, raising=False)
    assert held(location) == SECRETS
    assert read_fingerprint_key(location) == fingerprint


def test_no_key_and_no_ciphertext_stays(location: Location) -> None:
    fingerprint = fill(location)
    with opened(location) as store:
        before, old = open_keys(store, location), table.find(store.database)
        sealed = {name: store.secret(name) or b"" for name in SECRETS}
    assert old is not None
    rekey(location)
    with opened(location) as store:
        after, new = open_keys(store, location), table.find(store.database)
    assert new is not None
    assert not new.is_master(before.master)
    assert not {before.id, before.data, before.master} & {after.id, after.data, after.master}
    assert after.fingerprint == fingerprint
    everything = raw(location)
    for gone in (*sealed.values(), old.data, old.fingerprint, old.id.encode()):
        assert gone not in everything
    for secret in (*SECRETS.values(), after.data, after.fingerprint, after.master):
        assert secret not in everything
    assert held(location) == SECRETS


def test_an_older_state_is_brought_up(location: Location) -> None:
    with opened(location) as store:
        master = seal_as_before(store, location, SECRETS)
    rekey(location)
    assert held(location) == SECRETS
    assert read_fingerprint_key(location) == master
    with opened(location) as store:
        seen = look(store, location, tries=True)
        assert not table.find(store.database).is_master(master)  # type: ignore[union-attr]
    assert (seen.secrets, seen.old_secrets, seen.damaged) == (len(SECRETS), 0, ())


def test_the_earlier_key_stays(tmp_path: Path) -> None:
    """For a backup of before, and for another state whose key lies in the same folder."""
    first, second = in_file(tmp_path / "state.db"), in_file(tmp_path / "other.db")
    fill(first)
    fill(second)
    backup = (tmp_path / "state.db").read_bytes()
    rekey(first)
    assert held(second) == SECRETS
    rekey(second)
    rekey(second)
    assert held(first) == held(second) == SECRETS
    (tmp_path / "state.db").write_bytes(backup)
    assert held(first) == SECRETS
    for path in tmp_path.glob("vault.key*"):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("source", [Source.ENV, Source.PASSPHRASE])
def test_a_key_in_the_environment_needs_another_one(
    tmp_path: Path, keyrings: Keyrings, source: Source
) -> None:
    location = in_file(tmp_path / "state.db")
    prepare(source, keyrings)
    fill(location, source)
    with pytest.raises(StateError, match="there is no new") as error:
        rekey(location)
    assert "CSC_NEW_" in error.value.way_out
    if source is Source.ENV:
        keyrings.patch.setenv("CSC_NEW_MASTER_KEY", "ab" * 32)
        with pytest.raises(StateError, match="is the old one"):
            rekey(location)
    assert held(location) == SECRETS


def test_a_damaged_secret_stops_it(location: Location) -> None:
    """It is named, and all stays as it was."""
    fill(location)
    with opened(location) as store, store.transaction():
        sealed = store.secret("key:1") or b""
        store.database.execute("UPDATE secret SET data = ? WHERE id = 'key:1'", sealed[:-1])
    key = location.vault_key.read_bytes()
    with pytest.raises(StateError, match="key:1 cannot be decrypted"):
        rekey(location)
    assert location.vault_key.read_bytes() == key
    assert not key_file.has_following(location.vault_key)
    with opened(location) as store:
        assert look(store, location, tries=True).damaged == ("key:1",)


def test_the_wrong_key_makes_no_other(location: Location) -> None:
    fill(location)
    with opened(location) as store:
        sealed, keys = {name: store.secret(name) for name in SECRETS}, table.find(store.database)
    location.vault_key.write_bytes(os.urandom(32))
    with pytest.raises(MasterKeyWrong):
        rekey(location)
    with opened(location) as store:
        assert {name: store.secret(name) for name in SECRETS} == sealed
        assert table.find(store.database) == keys
    assert [p.name for p in location.folder.glob("vault.key*")] == ["vault.key"]


def test_there_has_to_be_a_state(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no state yet"):
        rekey(in_file(tmp_path / "state.db"))
    assert list(tmp_path.iterdir()) == []


# -- beside runs -----------------------------------------------------------------------------------


def test_who_holds_a_device_is_not_disturbed(location: Location) -> None:
    """Of a device that is known, and of one that is not yet; afterwards nobody is in the way."""
    fill(location)
    for device in ("north", "new"):
        with hold(location, device) as mine:
            vault = open_vault(mine.store, location)
            told: list[Locked] = []
            with pytest.raises(Locked, match=f"device {device} is locked by "):
                rekey(location, None, 0.2, told.append)
            assert len(told) == 1
            mine.store.put_secret("late", vault.encrypt("late", b"late"))
    rekey(location)
    assert held(location) == {**SECRETS, "late": b"late"}
    with hold(location, "north"):
        pass


def test_nobody_gets_a_device_meanwhile(location: Location) -> None:
    fill(location)
    with (
        every_device.hold_every(location),
        pytest.raises(Locked, match=r"device north is locked by .* \(process "),
        hold(location, "north"),
    ):
        pass


def test_a_run_that_nobody_saw_loses_nothing(location: Location) -> None:
    """It had the old keys before the rekey: what it seals with them is refused, not lost."""
    fill(location)
    with opened(location) as store:
        vault = open_vault(store, location)
        rekey(location)
        with pytest.raises(KeysReplaced) as refused:
            store.put_secret("late", vault.encrypt("late", b"late"))
        assert "run the same again" in refused.value.way_out
        with pytest.raises(KeysReplaced):
            vault.decrypt("key:0", store.secret("key:0") or b"")
    assert held(location) == SECRETS


def test_a_crowd_of_writers_beside_rekeys(location: Location) -> None:
    """Whatever was taken is there afterwards; who is stopped by a rekey comes through when it tries again."""
    fill(location)
    is_over = threading.Event()

    def write(number: int) -> dict[str, bytes]:
        written: dict[str, bytes] = {}
        while not is_over.is_set():
            # Every time a device that no rekey can know of before it is held.
            device = f"d{number}-{len(written)}"
            with suppress(KeysReplaced), hold(location, device, 60) as mine:
                vault = open_vault(mine.store, location)
                mine.store.put_secret(device, vault.encrypt(device, device.encode()))
                written[device] = device.encode()
        return written

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        try:
            done = [rekey(location, None, 60).secrets for _ in range(3)]
        finally:
            is_over.set()
        written = {name: s for writer in writers for name, s in writer.result().items()}
    assert done == sorted(done)
    assert held(location) == {**SECRETS, **written}


def test_two_at_once(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one, whose keys are old by then, changes nothing; here of a state without a device."""
    with opened(location) as store:
        open_keys(store, location)
    from csc.runtime.state.vault import rekeying

    real = rekeying.open_keys

    def overtaken(store: Store, where: Location) -> object:
        keys = real(store, where)
        monkeypatch.setattr(rekeying, "open_keys", real)
        rekey(location)
        return keys

    monkeypatch.setattr(rekeying, "open_keys", overtaken)
    with pytest.raises(KeysReplaced):
        rekey(location)
    with opened(location) as store:
        open_keys(store, location)


# -- death -----------------------------------------------------------------------------------------

# What a rekey does one after the other, of which each can be the last that it does.
STEPS = ("make_following", "put", "commit", "link", "replace", "settle")


def deadly(monkeypatch: pytest.MonkeyPatch, step: str, *, before: bool) -> None:
    """Let the process die just before a step, or just behind it."""

    def around(act: Callable[..., object]) -> Callable[..., object]:
        def dying(*arguments: object, **options: object) -> object:
            if before:
                raise Killed
            act(*arguments, **options)
            raise Killed

        return dying

    if step == "commit":
        real = Store.transaction

        @contextmanager
        def transaction(self: Store) -> Generator[None]:
            is_it = bool(self.database.execute("SELECT 1 FROM lease"))
            with real(self):
                yield
                replaced = is_it and bool(_PUT)
                if replaced and before:
                    raise Killed
            if replaced:
                raise Killed

        put = table.put
        _PUT.clear()
        monkeypatch.setattr(table, "put", lambda *a: (put(*a), _PUT.append(1)))
        monkeypatch.setattr(Store, "transaction", transaction)
        return
    owner = {"put": table, "link": os, "replace": Path}.get(step, key_file)
    if step == "replace":
        real_replace = Path.replace

        def replace_key(path: Path, target: Path) -> Path:
            if path.name != "vault.key.new":
                return real_replace(path, target)
            if not before:
                real_replace(path, target)
            raise Killed

        monkeypatch.setattr(Path, "replace", replace_key)
        return
    monkeypatch.setattr(owner, step, around(getattr(owner, step)))


_PUT: list[int] = []


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("before", [True, False])
def test_death_anywhere(location: Location, step: str, before: bool) -> None:
    """The state opens, for readers and for writers; all secrets are there; the next rekey does its work."""
    fingerprint = fill(location)
    with pytest.MonkeyPatch.context() as monkeypatch:
        deadly(monkeypatch, step, before=before)
        with pytest.raises(Killed):
            rekey(location)
    assert held(location) == SECRETS
    with hold(location, "north") as mine:
        vault = open_vault(mine.store, location)
        mine.store.put_secret("late", vault.encrypt("late", b"late"))
        current = table.find(mine.store.database)
    assert current is not None
    assert current.is_master(location.vault_key.read_bytes())  # what was left undone is done
    assert held(location) == {**SECRETS, "late": b"late"}
    rekey(location)
    assert held(location) == {**SECRETS, "late": b"late"}
    assert read_fingerprint_key(location) == fingerprint
    assert not key_file.has_following(location.vault_key)


@pytest.mark.parametrize("is_stopped", [False, True])
def test_death_beside_another_state_of_the_folder(tmp_path: Path, is_stopped: bool) -> None:
    """One state's only master key waits to be put in its place, and the other one is rekeyed, or nearly."""
    first, second = in_file(tmp_path / "first.db"), in_file(tmp_path / "second.db")
    fill(first)
    fill(second)
    with pytest.MonkeyPatch.context() as monkeypatch:
        deadly(monkeypatch, "commit", before=False)
        with pytest.raises(Killed):
            rekey(first)
    if is_stopped:
        with opened(second) as store:
            store.database.execute("UPDATE secret SET data = ? WHERE id = 'key:1'", b"damaged")
        with pytest.raises(StateError):
            rekey(second)
    else:
        rekey(second)
        assert held(second) == SECRETS
    assert held(first) == SECRETS
    rekey(first)
    assert held(first) == SECRETS


KILLED = """
import os, signal, sys
from csc.runtime.state.location import in_file
from csc.runtime.state.vault import {module}
from csc.runtime.state.vault.rekeying import rekey
from pathlib import Path

real = {module}.{name}
def dying(*arguments):
    if {before}:
        os.kill(os.getpid(), signal.SIGKILL)
    real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{name} = dying
rekey(in_file(Path(sys.argv[1])))
"""


@pytest.mark.parametrize(
    ("module", "name", "before"), [("table", "put", False), ("sources", "settle", True)]
)
def test_killed(tmp_path: Path, module: str, name: str, before: bool) -> None:
    """A real death, before the commit and behind it: nobody tidies up."""
    location = in_file(tmp_path / "state.db")
    fill(location)
    code = KILLED.format(module=module, name=name, before=before)
    killed = subprocess.run([sys.executable, "-c", code, str(location.database)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert key_file.has_following(location.vault_key)
    assert held(location) == SECRETS
    rekey(location)
    assert held(location) == SECRETS


def test_a_rekey_that_cannot_be_told_the_outcome_keeps_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection ends with the commit: the state has the new keys, and its master key is not dropped."""
    location = in_file(tmp_path / "state.db")
    fill(location)
    real = Store.transaction

    def cut_off(*statement: object) -> None:
        raise StateError("the connection is lost", "try again")

    @contextmanager
    def transaction(self: Store) -> Generator[None]:
        with real(self):
            yield
        if table.find(self.database).id != first:  # type: ignore[union-attr]
            self.database.execute = cut_off  # type: ignore[method-assign]
            cut_off()

    with opened(location) as store:
        first = open_keys(store, location).id
    with monkeypatch.context() as patch:
        patch.setattr(Store, "transaction", transaction)
        with pytest.raises(StateError, match="is lost"):
            rekey(location)
    assert held(location) == SECRETS


# -- laws of plans ---------------------------------------------------------------------------------


def test_a_rekey_changes_no_plan(tmp_path: Path) -> None:
    """Whatever is planned before it is planned after it; and goes on with what was sealed before."""
    with new_device(tmp_path) as device:
        device.apply(
            PREREQUISITES
            + certificate("a")
            + "add User ann Password=secret\n"
            + initiate("a")
            + bind("a")
            + FINISH
        )
        scripts = (
            "add User ann Password=secret\n" + FINISH,
            "add User ann Password=another\n" + FINISH,
            update("a") + bind("a") + FINISH,
        )
        state, before = device.state(), [device.compile(script) for script in scripts]
        rekey(device.location)
        after = [device.compile(script) for script in scripts]
        assert device.state() == state
        assert [c.plan for c in after] == [c.plan for c in before]
        assert [c.prediction for c in after] == [c.prediction for c in before]
        assert before[0].plan is not None
        assert before[0].plan.is_empty
        device.apply(scripts[2])  # with a key that was sealed before
        nothing_is_lost(device)
        # No key is anywhere in the files, in any form: not as it was before the rekey, nor since.
        left = b"".join(p.read_bytes() for p in tmp_path.glob("state.db*"))
        for pem in held(device.location).values():
            key = load_key(pem)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            number = key.private_numbers().private_value.to_bytes(32)
            der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            for mark in (number, der, base64.b64encode(der)[:60], pem, b"PRIVATE KEY"):
                assert mark not in left
        assert len(held(device.location)) == 2


def test_another_machine_has_to_get_the_new_key(location: Location, tmp_path: Path) -> None:
    """With its old one it is refused, by name, and makes nothing."""
    fill(location)
    there = replace(location, folder=tmp_path / "there")
    there.folder.mkdir()
    there.vault_key.touch(0o600)
    there.vault_key.write_bytes(location.vault_key.read_bytes())
    assert held(there) == SECRETS
    rekey(location)
    with opened(there) as store, pytest.raises(MasterKeyWrong, match="is not the master key"):
        open_keys(store, there)
    there.vault_key.write_bytes(location.vault_key.read_bytes())
    assert held(there) == SECRETS

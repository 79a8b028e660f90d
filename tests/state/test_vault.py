"""Keys at rest: encrypted, bound to their name, and useless without the master key, wherever that lies."""

import base64
import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from csc.runtime.state.errors import StateError
from csc.runtime.state.location import Location, in_file
from csc.runtime.state.opening import open_store, open_to_read
from csc.runtime.state.store import Store
from csc.runtime.state.vault import Vault, passphrase, table
from csc.runtime.state.vault.errors import KeysReplaced, MasterKeyMissing, MasterKeyWrong
from csc.runtime.state.vault.keys import new_keys
from csc.runtime.state.vault.opening import (
    make_keys,
    open_keys,
    open_vault,
    read_fingerprint_key,
    read_vault,
)
from csc.runtime.state.vault.sources import Source
from hypothesis import given
from hypothesis import strategies as st
from support.vaults import SOURCES, Keyrings, prepare, seal_as_before

SECRET = b"-----BEGIN PRIVATE KEY-----\nwhatever"


@pytest.fixture
def store(location: Location) -> Generator[Store]:
    opened = open_store(location)
    yield opened
    opened.close()


def elsewhere(location: Location, folder: Path) -> Location:
    """The same state, seen from a machine that has nothing beside it."""
    folder.mkdir()
    return replace(location, folder=folder)


@given(secret=st.binary(max_size=500), name=st.text(max_size=50))
def test_what_goes_in_comes_out(secret: bytes, name: str) -> None:
    vault = Vault(new_keys(os.urandom(32)))
    sealed = vault.encrypt(name, secret)
    assert vault.decrypt(name, sealed) == secret
    assert len(secret) < 8 or secret not in sealed[12:]  # behind the magic number
    assert vault.encrypt(name, secret) != sealed


@pytest.mark.parametrize("damage", ["name", "byte", "end", "header", "nothing left"])
def test_damage_is_found(damage: str) -> None:
    vault, name = Vault(new_keys(os.urandom(32))), "a"
    sealed = vault.encrypt(name, b"secret")
    match damage:
        case "name":
            name = "b"
        case "byte":
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        case "end":
            sealed = sealed[:-1]
        case "header":
            sealed = sealed[:22]
        case _:
            sealed = b""
    with pytest.raises(StateError, match="cannot be decrypted") as error:
        vault.decrypt(name, sealed)
    assert "secret" not in str(error.value)


def test_another_data_key_is_told_of(location: Location) -> None:
    del location
    sealed = Vault(new_keys(os.urandom(32))).encrypt("a", SECRET)
    with pytest.raises(KeysReplaced):
        Vault(new_keys(os.urandom(32))).decrypt("a", sealed)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source(
    store: Store, location: Location, tmp_path: Path, keyrings: Keyrings, source: Source
) -> None:
    """The key comes from where the state says, on every machine; missing and wrong ones are told by name."""
    prepare(source, keyrings)
    keys = make_keys(store, location, source)
    sealed = open_vault(store, location).encrypt("a", SECRET)
    assert open_keys(store, location) == keys
    reader = open_to_read(location)
    assert reader is not None
    assert read_vault(reader, location).decrypt("a", sealed) == SECRET
    reader.close()
    assert location.vault_key.exists() == (source is Source.FILE)

    there = elsewhere(location, tmp_path / "there")
    prepare(None, keyrings)
    with pytest.raises(MasterKeyMissing) as missing:
        open_keys(store, there)
    assert missing.value.way_out
    assert not there.vault_key.exists()
    prepare(source, keyrings)
    if source is Source.FILE:
        there.vault_key.write_bytes(os.urandom(32))
        there.vault_key.chmod(0o600)
    keyrings.spoil()
    with pytest.raises(MasterKeyWrong) as wrong:
        open_keys(store, there)
    assert wrong.value.way_out
    assert table.find(store.database) is not None


def test_nothing_of_a_secret_is_in_the_database(
    store: Store, location: Location, keyrings: Keyrings
) -> None:
    prepare(Source.PASSPHRASE, keyrings)
    keys = make_keys(store, location, Source.PASSPHRASE)
    store.put_secret("a", Vault(keys).encrypt("a", SECRET))
    rows = store.database.execute("SELECT * FROM vault") + store.database.execute(
        "SELECT * FROM secret"
    )
    held = b"\0".join(
        v.encode() if isinstance(v, str) else bytes(v) for r in rows for v in r if v != 1
    )
    if location.database is not None:
        held += b"".join(p.read_bytes() for p in location.folder.iterdir() if p.is_file())
    for mark in (SECRET, keys.data, keys.fingerprint, keys.master, b"correct horse"):
        assert mark not in held
        assert mark.hex().encode() not in held
        assert base64.b64encode(mark)[:-4] not in held
    assert repr(keys).count("b'") == 0


def test_master_key_is_private_and_stays(store: Store, location: Location) -> None:
    sealed = open_vault(store, location).encrypt("a", SECRET)
    assert location.vault_key.stat().st_mode & 0o777 == 0o600
    assert open_vault(store, location).decrypt("a", sealed) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_master_key_that_others_may_read_is_refused(
    store: Store, location: Location, mode: int
) -> None:
    open_keys(store, location)
    location.vault_key.chmod(mode)
    with pytest.raises(StateError, match=f"mode is 0{mode:o}") as error:
        open_keys(store, location)
    assert f"chmod 600 {location.vault_key}" in error.value.way_out


def test_master_key_of_another_length_is_refused(store: Store, location: Location) -> None:
    location.folder.mkdir(exist_ok=True)
    location.vault_key.write_bytes(b"short")
    location.vault_key.chmod(0o600)
    with pytest.raises(StateError, match="not a master key"):
        make_keys(store, location, Source.FILE)
    assert location.vault_key.read_bytes() == b"short"


@pytest.mark.parametrize(
    "text", ["", "x", "00" * 31, base64.b64encode(b"1" * 31).decode(), "é" * 32]
)
def test_master_keys_that_are_none(
    store: Store, location: Location, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("CSC_MASTER_KEY", text)
    with pytest.raises(StateError, match=r"no master key|not a master key") as error:
        make_keys(store, location, Source.ENV)
    assert "openssl rand -base64 32" in error.value.way_out
    assert not text or text not in str(error.value)
    assert table.find(store.database) is None


@pytest.mark.parametrize("write", [bytes.hex, lambda k: base64.urlsafe_b64encode(k).decode()])
def test_forms_of_a_master_key(
    store: Store, location: Location, monkeypatch: pytest.MonkeyPatch, write: object
) -> None:
    key = bytes(range(224, 256))
    monkeypatch.setenv("CSC_MASTER_KEY", write(key))  # type: ignore[operator]
    assert make_keys(store, location, Source.ENV).master == key


def test_a_key_in_the_environment_is_taken_for_a_new_state(
    store: Store, location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container's own file would be gone with it."""
    monkeypatch.setenv("CSC_MASTER_KEY", "00" * 32)
    open_keys(store, location)
    found = table.find(store.database)
    assert found is not None
    assert found.place.source is Source.ENV
    assert not location.vault_key.exists()


@pytest.mark.parametrize("n", ["2", "0", "1099511627776", "131073", '"x"'])
def test_a_cost_that_somebody_has_changed(n: str) -> None:
    with pytest.raises(StateError, match="damaged") if n != "2" else pytest.raises(AssertionError):
        passphrase.read_cost(f'{{"salt": "00", "n": {n}, "r": 8, "p": 1}}')
        raise AssertionError


def test_passphrases_that_are_typed(monkeypatch: pytest.MonkeyPatch, keyrings: Keyrings) -> None:
    """Once for each process; a new one twice, the same, and not empty."""
    del keyrings
    monkeypatch.setattr(passphrase, "is_typed", lambda: True)
    typed = iter(["one", "one", "one", "two", "", "one"])
    monkeypatch.setattr(passphrase.getpass, "getpass", lambda prompt: next(typed))
    assert passphrase.choose(replaces=False) == "one"
    for said in ("differ", "is empty"):
        with pytest.raises(StateError, match=said):
            passphrase.choose(replaces=True)
    cost = passphrase.new_cost()
    passphrase._ask.cache_clear()
    assert [*passphrase.candidates(cost), *passphrase.candidates(cost)] == [
        passphrase.stretch("one", cost)
    ] * 2
    passphrase._ask.cache_clear()


def test_what_looks_the_same_is_the_same_passphrase(keyrings: Keyrings) -> None:
    del keyrings
    cost = passphrase.new_cost()
    assert passphrase.stretch("\u00e9", cost) == passphrase.stretch("e\u0301", cost)
    assert passphrase.stretch("e", cost) != passphrase.stretch("\u00e9", cost)


def test_one_of_many_makes_the_keys(location: Location, tmp_path: Path) -> None:
    """Of a crowd on one machine, and of two machines; the loser of these is told so, and makes none."""
    open_store(location).close()
    shared = location.database is None

    def make(number: int) -> str:
        here = location
        if shared and number % 2:
            here = replace(location, folder=tmp_path / "other")
        opened = open_store(here)
        try:
            return open_keys(opened, here).id
        except MasterKeyMissing:
            return "missing"
        finally:
            opened.close()

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(make, range(16)))
    assert len(made - {"missing"}) == 1
    assert ("missing" in made) == shared
    folders = [location.folder, tmp_path / "other"]
    assert sum((folder / "vault.key").exists() for folder in folders) == 1


# -- states of older versions ----------------------------------------------------------------------


def test_an_older_state_goes_on_working(store: Store, location: Location) -> None:
    """Its secrets are read, its master key stays, and is what fingerprints are made with."""
    master = seal_as_before(store, location, {"a": SECRET})
    assert read_vault(store, location).decrypt("a", store.secret("a") or b"") == SECRET
    assert read_fingerprint_key(location) == master
    keys = open_keys(store, location)
    assert (keys.master, keys.fingerprint) == (master, master)
    assert location.vault_key.read_bytes() == master
    assert Vault(keys).decrypt("a", store.secret("a") or b"") == SECRET
    store.put_secret("b", Vault(keys).encrypt("b", SECRET))
    assert read_fingerprint_key(location) == master


def test_an_older_state_refuses_another_master_key(store: Store, location: Location) -> None:
    """And none: no data key is made under it."""
    seal_as_before(store, location, {"a": SECRET})
    key = location.vault_key.read_bytes()
    location.vault_key.write_bytes(os.urandom(32))
    with pytest.raises(MasterKeyWrong):
        open_keys(store, location)
    location.vault_key.unlink()
    with pytest.raises(MasterKeyMissing):
        open_keys(store, location)
    assert table.find(store.database) is None
    location.vault_key.write_bytes(key)
    location.vault_key.chmod(0o600)
    with pytest.raises(StateError, match="has its master key in") as refused:
        make_keys(store, location, Source.ENV)
    assert "csc vault rekey --key-source" in refused.value.way_out


def test_an_older_state_without_secrets_keeps_its_fingerprints(
    store: Store, location: Location
) -> None:
    master = seal_as_before(store, location, {})
    store.ensure_device("default")
    assert read_fingerprint_key(location) == master
    assert open_keys(store, location).fingerprint == master


def test_nothing_is_read_where_nothing_is(tmp_path: Path) -> None:
    assert read_fingerprint_key(in_file(tmp_path / "state.db")) is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_sealed_with_another_key_is_not_stored(store: Store, location: Location) -> None:
    """Nobody could decrypt it: a run that still has the keys of before a rekey is stopped."""
    open_keys(store, location)
    with pytest.raises(KeysReplaced):
        store.put_secret("a", Vault(new_keys(os.urandom(32))).encrypt("a", SECRET))
    assert store.secret("a") is None

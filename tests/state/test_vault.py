"""Keys at rest: encrypted, bound to their name, and useless without the master key."""

import os
from pathlib import Path

import pytest
from csc.runtime.state.errors import StateError
from csc.runtime.state.vault import open_vault
from hypothesis import given
from hypothesis import strategies as st


@given(secret=st.binary(max_size=500), name=st.text(max_size=50))
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, secret: bytes, name: str
) -> None:
    vault = open_vault(tmp_path_factory.getbasetemp() / "vault.key")
    sealed = vault.encrypt(name, secret)
    assert vault.decrypt(name, sealed) == secret
    assert len(secret) < 8 or secret not in sealed[12:]  # behind the magic number
    assert vault.encrypt(name, secret) != sealed


def test_master_key_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    sealed = open_vault(path).encrypt("a", b"secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_vault(path).decrypt("a", sealed) == b"secret"


@pytest.mark.parametrize("damage", ["name", "byte", "end", "key", "nothing left"])
def test_damage_is_found(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "vault.key"
    vault, name = open_vault(path), "a"
    sealed = vault.encrypt(name, b"secret")
    match damage:
        case "name":
            name = "b"
        case "byte":
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        case "end":
            sealed = sealed[:-1]
        case "nothing left":
            sealed = b""
        case _:
            path.write_bytes(os.urandom(32))
            vault = open_vault(path)
    with pytest.raises(StateError, match="cannot be decrypted") as error:
        vault.decrypt(name, sealed)
    assert "secret" not in str(error.value)


def test_master_key_of_another_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vault.key").write_bytes(b"short")
    with pytest.raises(StateError, match="not a master key"):
        open_vault(tmp_path / "vault.key")
    assert (tmp_path / "vault.key").read_bytes() == b"short"

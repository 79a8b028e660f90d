"""`csc vault`, and what other commands say where the master key is not, or is another one."""

import json
import os
from pathlib import Path

import pytest
from csc.runtime.state.holding import hold
from csc.runtime.state.location import Location, parse_url
from csc.runtime.state.opening import open_store
from support.command import database
from support.inside import run
from support.old_state import carry_out_again
from support.schemas import check, validator
from support.vaults import SOURCES, Keyrings, prepare, renew, seal_as_before

PASSWORD = "correct-horse-battery-staple"
USER = f"add User ann Password={PASSWORD}\nactivate\ncommit\n"
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def here(
    location: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyrings: Keyrings
) -> Location:
    """A folder with a script, in which commands find the state without being told."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CSC_STATE", location.url)
    (tmp_path / "user.cfg").write_text(USER)
    return location


def status(capsys: Printed, *options: str) -> dict[str, object]:
    capsys.readouterr()
    run("vault", "status", "--json", *options)
    document = json.loads(capsys.readouterr().out)
    check(validator("vault"), document)
    return document


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.value)
def test_from_init_to_rekey(
    here: Location, keyrings: Keyrings, capsys: Printed, source: object
) -> None:
    """With every source: plans are the same before and after, and no output holds a key."""
    prepare(source, keyrings)  # type: ignore[arg-type]
    assert run("vault", "init", "--key-source", source.value) == 0  # type: ignore[attr-defined]
    assert "keep a copy of it apart" in capsys.readouterr().out
    assert run("vault", "init") == 1
    assert "csc vault rekey" in capsys.readouterr().err
    assert run("apply", "--yes", "user.cfg") == 0
    before = status(capsys)
    assert before["master_key"]["source"] == source.value  # type: ignore[index,attr-defined]
    assert before["check"] is None
    assert run("plan", "--json", "user.cfg") == 0
    plan = capsys.readouterr().out
    assert json.loads(plan)["steps"] == []
    renew(source, keyrings)  # type: ignore[arg-type]
    assert run("vault", "rekey") == 0
    printed = capsys.readouterr()
    assert status(capsys, "--check")["key_id"] != before["key_id"]
    assert run("plan", "--json", "user.cfg") == 0
    assert capsys.readouterr().out == plan
    keys = [os.environ.get(n, "") for n in ("CSC_MASTER_KEY", "CSC_NEW_MASTER_KEY")]
    for secret in (*keys, *keyrings.entries.values(), "correct horse", "battery staple"):
        assert not secret or secret not in printed.out + printed.err


def test_status(here: Location, capsys: Printed) -> None:
    """Of no state, of an older one, of one that was brought up, and of damage."""
    assert run("vault", "status") == 1
    assert "there is no state yet" in capsys.readouterr().err
    store = open_store(here)
    seal_as_before(store, here, {"a": b"1", "b": b"2"})
    assert run("vault", "status", "--check") == 0
    printed = capsys.readouterr().out
    assert "2 as older versions kept them" in printed
    assert "every one decrypts" in printed
    assert status(capsys)["key_id"] is None
    assert run("vault", "rekey") == 0
    assert "2 secrets encrypted with new keys" in capsys.readouterr().out
    assert status(capsys, "--check") == {
        **status(capsys),
        "old_secrets": 0,
        "check": {"damaged": []},
    }
    with store.transaction():
        store.database.execute("UPDATE secret SET data = ? WHERE id = 'b'", b"gone")
    store.close()
    assert status(capsys, "--check")["check"] == {"damaged": ["b"]}
    assert run("vault", "status", "--check") == 1
    assert "1 cannot be decrypted" in capsys.readouterr().out


def test_rekey_waits_for_its_turn(here: Location, capsys: Printed) -> None:
    assert run("apply", "--yes", "user.cfg") == 0
    capsys.readouterr()
    with hold(here, "default"):
        assert run("vault", "rekey", "--lock-timeout", "0.2") == 3
    said = capsys.readouterr().err
    assert "Waiting: device default is locked by" in said
    assert "error: device default is locked by" in said
    assert run("vault", "rekey") == 0


def test_the_wrong_key_is_refused_before_anything(here: Location, capsys: Printed) -> None:
    """By apply, which then makes no other, and by whoever compares secrets."""
    assert run("apply", "--yes", "user.cfg") == 0
    before = status(capsys)
    here.vault_key.write_bytes(os.urandom(32))
    for command in (("apply", "--yes"), ("plan",), ("validate",)):
        assert run(*command, "user.cfg") == 1
        printed = capsys.readouterr()
        assert "is not the master key of this state" in printed.err
        assert "help: copy vault.key from the machine" in printed.err
        assert printed.out == ""
    assert status(capsys) == before


def test_where_the_key_is_not(here: Location, capsys: Printed) -> None:
    """Who only reads goes on, and says what that means; apply does not, and makes no other key."""
    assert run("apply", "--yes", "user.cfg") == 0
    here.vault_key.unlink()
    capsys.readouterr()
    assert run("plan", "user.cfg") == 0
    printed = capsys.readouterr()
    assert "(secret) -> (secret)" in printed.out
    assert "warning: secrets of the script count as changed" in printed.err
    assert "vault.key is missing" in printed.err
    assert run("apply", "--yes", "user.cfg") == 1
    assert "vault.key is missing" in capsys.readouterr().err
    assert not here.vault_key.exists()


def test_a_script_without_secrets_needs_no_key_to_be_planned(
    here: Location, capsys: Printed
) -> None:
    assert run("apply", "--yes", "user.cfg") == 0
    here.vault_key.unlink()
    Path("lan.cfg").write_text("add IPAddress lan Address=10.0.0.0/8\nactivate\ncommit\n")
    capsys.readouterr()
    assert run("plan", "lan.cfg") == 0
    assert "warning: secrets" not in capsys.readouterr().err


def test_a_state_of_format_4_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyrings: Keyrings, capsys: Printed
) -> None:
    """Its fingerprints were made with the master key itself: nothing to do before, between and after."""
    monkeypatch.chdir(tmp_path)
    Path("user.cfg").write_text(USER)
    location = parse_url("sqlite:///.csc/state.db")
    assert run("apply", "--yes", "user.cfg") == 0
    store = open_store(location)
    from csc.runtime.fingerprint import fingerprint_of
    from csc.runtime.state.vault.opening import open_keys

    now = fingerprint_of(lambda: open_keys(store, location).fingerprint)(PASSWORD)
    store.close()
    was = fingerprint_of(location.vault_key.read_bytes)(PASSWORD)
    with database(Path(".csc/state.db")) as opened:
        for table, column in (
            ("version", "configuration"),
            ("device", "active"),
            ("device", "candidate"),
        ):
            opened.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (now, was))
        opened.execute("DROP TABLE vault")
    carry_out_again(Path(".csc/state.db"), 5)

    def has_nothing_to_do() -> bool:
        capsys.readouterr()
        return run("plan", "user.cfg") == 0 and "Nothing to do" in capsys.readouterr().out

    assert has_nothing_to_do()
    assert run("apply", "--yes", "user.cfg") == 0
    assert has_nothing_to_do()
    assert run("vault", "rekey") == 0
    assert has_nothing_to_do()
    assert run("vault", "rekey") == 0
    assert has_nothing_to_do()

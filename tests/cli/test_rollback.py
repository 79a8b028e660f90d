"""`csc rollback`, `csc discard`, and what commands say of an activation that was not committed in time."""

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from csc.cli.exits import REFUSED, Failure
from csc.cli.holding import refuse_if_run_out
from csc.cli.main import cli
from csc.cli.settings import Settings
from csc.runtime.state.holding import hold
from csc.runtime.state.location import Location
from csc.runtime.state.opening import load_device, open_store
from support.command import SAMPLES
from support.schemas import check, validator

GATEWAY, UPDATE = SAMPLES / "gateway.cfg", SAMPLES / "update.cfg"
FINISH = "activate\ncommit\n"
LAN = "add IPAddress lan Address=10.0.0.0/8\n"
USER = "add LocalUserDatabase db\ncc LocalUserDatabase db\n{} User ann Password={}\ncc\n"
NOT_IN_TIME = "was not committed within 30 s: rolled back at 2026-01-01 00:00:30 UTC"


@dataclass
class Result:
    out: str
    err: str
    code: int
    failure: Failure | None

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass
class Csc:
    """`csc` within this process, on a state of its own."""

    location: Location
    folder: Path

    def __call__(self, *arguments: object) -> Result:
        words = ["--state", self.location.url, *map(str, arguments)]
        result = CliRunner().invoke(cli, words, standalone_mode=False)
        error = result.exception
        if error is not None and not isinstance(error, Failure):
            raise error
        code = error.code if isinstance(error, Failure) else result.return_value
        return Result(result.stdout, result.stderr, code, error)

    def ok(self, *arguments: object) -> Result:
        result = self(*arguments)
        assert result.code == 0, result
        return result

    def apply(self, text: str, *options: object) -> Result:
        script = self.folder / "script.cfg"
        script.write_text(text)
        return self.ok("apply", "--yes", *options, script)

    def sql(self, statement: str, *values: object) -> list[Any]:
        with closing(open_store(self.location)) as store, store.transaction():
            return store.database.execute(statement, *values)

    def run_out(self) -> None:
        """Let what is active have been activated long ago."""
        begun = datetime(2026, 1, 1, tzinfo=UTC)
        self.sql(
            "UPDATE activation SET activated_at = ?, deadline = ?",
            begun.isoformat(),
            (begun + timedelta(seconds=30)).isoformat(),
        )


@pytest.fixture
def csc(location: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Csc:
    monkeypatch.chdir(tmp_path)
    return Csc(location, tmp_path)


def test_not_committed_in_time(csc: Csc) -> None:
    """Who reads sees the roll-back and writes nothing; the next who writes says it once."""
    csc.apply(LAN + FINISH)
    script = "set IPAddress lan Address=10.0.0.0/16\nactivate\n"
    said = csc.apply(script, "--commit-timeout", 3600).out
    assert "waits for `commit`: without one, the device goes back to version 1 at 20" in said
    assert "waits for `commit`" in csc.ok("status").out
    assert "Nothing to do" in csc.ok("plan", csc.folder / "script.cfg").out
    csc.run_out()
    stored = load_device(csc.location, "default")
    for command in (("show",), ("history",), ("diff", "--candidate"), ("diff",)):
        assert NOT_IN_TIME in csc.ok(*command).err
    text = csc.ok("status").out
    assert NOT_IN_TIME in text
    assert "The candidate is not committed" not in text
    document = csc.ok("status", "--json").document
    check(validator("status"), document)
    assert document["devices"][0]["activation"]["rolled_back_at"] == "2026-01-01T00:00:30Z"
    assert document["devices"][0]["is_active_committed"] is True
    planned = csc.ok("plan", "--json", csc.folder / "script.cfg")
    assert NOT_IN_TIME in planned.err
    assert [step["kind"] for step in planned.document["steps"]] == ["change", "activate"]
    csc.ok("plan", "--out", csc.folder / "saved.json", csc.folder / "script.cfg")
    assert load_device(csc.location, "default") == stored

    applied = csc.ok("apply", "--yes", csc.folder / "saved.json")
    assert NOT_IN_TIME in applied.err
    assert "Plan: 1 to change, activate." in applied.out
    again = csc.apply("set IPAddress lan Address=10.0.0.0/16\n" + FINISH)
    assert NOT_IN_TIME not in again.err
    assert "version 2 is committed" in again.out
    assert csc.ok("status", "--json").document["devices"][0]["activation"] is None


def test_what_was_planned_before_the_deadline_is_stale_behind_it(csc: Csc) -> None:
    csc.apply(LAN + "activate\n")
    with hold(csc.location, "default") as held:
        settings = Settings(csc.location.url, "default", is_quiet=True, is_verbose=False)
        refuse_if_run_out(settings, held)
        csc.run_out()
        with pytest.raises(Failure) as refused:
            refuse_if_run_out(settings, held)
        assert refused.value.code == REFUSED
        refuse_if_run_out(settings, held)


# -- rollback --------------------------------------------------------------------------------------


def test_rollback(csc: Csc) -> None:
    csc.apply(LAN + "add IPAddress dmz Address=10.1.0.1\n" + FINISH)
    csc.apply("set IPAddress lan Address=10.0.0.0/16\n" + FINISH)
    csc.apply("delete IPAddress lan\nadd IPAddress wan Address=192.0.2.1\n" + FINISH)
    csc.apply("add IPAddress left Address=10.9.0.1\nactivate\n")
    shown = csc.ok("rollback", 1, "--dry-run", "--json").document
    check(validator("plan"), shown)
    kinds = [(step["kind"], step.get("address")) for step in shown["steps"]]
    assert sorted(kinds[:-2]) == [
        ("add", "/IPAddress/lan"),
        ("delete", "/IPAddress/left"),
        ("delete", "/IPAddress/wan"),
    ]
    assert [kind for kind, _ in kinds[-2:]] == ["activate", "commit"]
    assert len(csc.ok("history", "--json").document["versions"]) == 3

    done = csc.ok("rollback", 1)
    assert "Plan: 1 to add, 2 to delete, activate, commit." in done.out
    assert "Done: version 4 is committed, as version 1 was." in done.out
    assert csc.ok("diff", 1, 4).out == ""
    difference = csc.ok("diff", 1, 4, "--json").document
    assert [difference[name] for name in ("added", "changed", "removed")] == [[], [], []]
    first, last = (csc.ok("show", "--version", n).out.partition("\n")[2] for n in (1, 4))
    assert first == last
    assert csc.ok("diff", "--candidate").out == ""
    history = csc.ok("history", "--json").document
    check(validator("history"), history)
    assert [v["restores"] for v in history["versions"]] == [1, None, None, None]
    assert "as version 1" in csc.ok("history").out
    # Without a number: what was before. Then there and back again.
    assert "as version 3 was" in csc.ok("rollback", "--yes").out
    same = csc.ok("rollback", 3).out
    assert same == "Nothing to do: version 5 is committed, which is as version 3.\n"
    assert "as version 0 was" in csc.ok("rollback", 0, "--json").err
    assert csc.ok("diff", 0).out == ""


def test_rollback_that_cannot_be(csc: Csc) -> None:
    csc.apply(LAN)
    nothing = csc("rollback").failure
    assert nothing is not None
    assert "nothing is committed on device default yet" in nothing.message
    csc.apply(FINISH)
    unknown = csc("rollback", 7).failure
    assert unknown is not None
    assert unknown.way_out == "`csc history` lists the versions"
    csc.apply("add IPAddress wan Address=192.0.2.1\n")
    same = csc.ok("rollback", 1).out
    assert same.splitlines()[1] == "What is not committed stays; `csc discard` drops it."


def test_certificates_of_an_earlier_version(csc: Csc) -> None:
    """What has ended since is warned of; so is what is valid, and no more there."""
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    csc.ok("apply", "--sandbox", "--yes", UPDATE)
    usual = csc.ok("rollback", 1, "--dry-run").err
    assert "warning[CSC301 key-lost-at-restart]: the certificate of cmp/clcert that is bou" in usual
    assert " --> <command line>:1:14\n" in usual
    assert "1 | csc rollback 1\n" in usual
    gone = csc.ok("rollback", 0, "--dry-run").err
    assert "warning[CSC318 deleted-while-valid]: version 0 has no Certificate cmp/clcert" in gone
    first = "id = (SELECT min(id) FROM certificate)"
    csc.sql(f"UPDATE certificate SET is_revoked = 1 WHERE {first}")
    revoked = csc.ok("rollback", 1, "--dry-run").err
    assert "CSC316 revoked-in-use]: the certificate that cmp/clcert has in version 1" in revoked
    csc.sql(
        "UPDATE certificate SET is_revoked = 0, not_after = '2026-01-02T00:00:00+00:00'"
        f" WHERE {first}"
    )
    expired = csc.ok("rollback", 1).err
    assert "CSC317 expired-in-use]: the certificate that cmp/clcert has in version 1" in expired
    assert "has expired on 2026-01-02" in expired
    # The newer one is in the vault: the script that updates finds it as done.
    assert "obtained, not bound" in csc.ok("status").out
    again = csc.ok("apply", "--sandbox", "--yes", UPDATE).out
    assert "the new certificate is there already and waits to be bound" in again
    assert csc.ok("diff", 2).out == ""


def test_rollback_to_a_version_whose_key_is_lost(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    csc.apply("cc CertificateStore cmp\ndelete Certificate clcert\ncc\n" + FINISH)
    csc.sql("DELETE FROM secret")
    lost = csc("rollback", 1).failure
    assert lost is not None
    assert "the state lacks PrivateKey of cmp/clcert" in lost.message
    assert len(csc.ok("history", "--json").document["versions"]) == 2


# -- discard ---------------------------------------------------------------------------------------


def test_discard(csc: Csc) -> None:
    csc.apply(LAN + "add IPAddress dmz Address=10.1.0.1\n" + FINISH)
    assert csc.ok("discard").out == "Nothing to discard: the device is at version 1.\n"
    csc.apply(
        "delete IPAddress dmz\nset IPAddress lan Address=10.0.0.0/16\nactivate\n"
        "add IPAddress wan Address=192.0.2.1\n"
    )
    said = csc.ok("discard", "--yes").out.splitlines()
    assert said[0] == "Not committed:"
    assert sorted(said[1:4]) == [
        "  added    IPAddress wan",
        "  changed  IPAddress lan: Address",
        "  deleted  IPAddress dmz",
    ]
    assert said[4].startswith("  active since 20")
    assert said[5:] == ["Done: the device is at version 1."]
    state = load_device(csc.location, "default")
    assert state.candidate == state.active == state.committed
    assert csc.ok("status", "--json").document["devices"][0]["activation"] is None


def test_discard_keeps_what_cmp_obtained(csc: Csc) -> None:
    text = GATEWAY.read_text().removesuffix("activate\ncommit\n")
    csc.apply(text, "--sandbox")
    said = csc.ok("discard").out
    assert "  added    Certificate cmp/clcert\n" in said
    assert "Done: the device is at what a new device has.\n" in said
    assert "Obtained, not bound: cmp/clcert; a script that asks for it finds it as done." in said
    (certificate,) = csc.ok("status", "--json").document["devices"][0]["certificates"]
    assert certificate["state"] == "obtained"
    again = csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    assert "obtained already" in again.out
    assert "version 1 is committed" in again.out


@pytest.mark.parametrize("command", ["rollback", "discard"])
def test_locked(csc: Csc, command: str) -> None:
    csc.apply(LAN + FINISH)
    with hold(csc.location, "default"):
        refused = csc(command, "--yes").failure
    assert refused is not None
    assert refused.code == REFUSED
    assert "device default is locked by" in refused.message


def test_discard_without_a_state(csc: Csc) -> None:
    result = csc("discard")
    expected = "Nothing to discard: the device is at what a new device has.\n"
    if csc.location.database is not None:
        assert result.failure is not None
        assert result.failure.message == "there is no state yet"
        assert not csc.location.database.exists()
    else:
        assert result.out == expected


# -- secrets ---------------------------------------------------------------------------------------


def test_a_secret_that_changed_shows_as_a_keyed_fingerprint(
    csc: Csc, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In what every command prints: never as its value, nor as a digest that tells short ones."""
    secrets = ("swordfish", "tulips4all")

    def written() -> list[str]:
        csc.apply(USER.format("add", secrets[0]) + FINISH)
        csc.apply(USER.format("set", secrets[1]) + FINISH)
        csc.apply(USER.format("set", secrets[0]) + FINISH)
        changes = csc.ok("diff", 1, 2, "--json").document["changed"][0]["properties"]
        (change,) = [change for change in changes if change["name"] == "Password"]
        assert csc.ok("diff", 1, 3).out == ""
        return [change["before"]["fingerprint"], change["after"]["fingerprint"]]

    prints = written()
    assert prints[0] != prints[1]
    lines = csc.ok("diff", 1, 2).out.splitlines()
    assert f"-add User ann Password=${{secret:{prints[0]}}}" in lines
    assert f"+add User ann Password=${{secret:{prints[1]}}}" in lines
    commands: list[tuple[object, ...]] = [
        *(
            (name, *options)
            for name in ("diff", "history", "show")
            for options in ((), ("--json",))
        ),
        ("plan", csc.folder / "script.cfg"),
        ("plan", "--json", csc.folder / "script.cfg"),
        ("rollback", 2, "--dry-run"),
        ("rollback", 2, "--dry-run", "--json"),
        ("rollback", 2),
        ("diff", 1),
        ("discard",),
    ]
    digests: list[Callable[..., Any]] = [hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.blake2b]
    for command in commands:
        result = csc.ok(*command)
        for secret in secrets:
            for text in (secret, *(digest(secret.encode()).hexdigest() for digest in digests)):
                assert text not in result.out + result.err, command
    # Under another state's key the same secrets have other fingerprints.
    if csc.location.database is not None:
        folder = tmp_path_factory.mktemp("another")
        csc.location = Location(folder / "state.db", folder, f"sqlite:///{folder}/state.db")
        assert not set(prints) & set(written())

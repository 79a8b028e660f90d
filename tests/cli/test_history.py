"""`csc status`, `csc history` and `csc diff`: what they print, their documents, their exit codes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.command import SAMPLES, Csc, database
from support.old_state import old_state
from support.schemas import check, validator

GATEWAY = SAMPLES / "gateway.cfg"
LAN = "add IPAddress lan Address=10.0.0.0/8\nactivate\ncommit\n"


def printed(csc: Csc, name: str, *arguments: object) -> Any:
    """The document that the command prints, which is as its schema says."""
    document = json.loads(csc.ok(name, "--json", *arguments))
    check(validator(name), document)
    return document


def commit(csc: Csc, text: str) -> None:
    csc.ok("apply", "--yes", csc.write("script.cfg", text + "activate\ncommit\n"))


def test_schema_of_every_value(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    for name in ("status", "history", "diff"):
        assert printed(csc, name)["schema"] == f"csc/{name}/1"


@pytest.mark.parametrize("name", ["status", "history", "diff"])
def test_no_state(csc: Csc, name: str) -> None:
    """Looking does not make one."""
    result = csc(name)
    assert result.returncode == 1
    assert "there is no state yet" in result.stderr
    assert "csc apply SCRIPT" in result.stderr
    assert list(csc.folder.iterdir()) == []


def test_reading_leaves_the_state_as_it_is(csc: Csc) -> None:
    commit(csc, LAN)
    path = csc.folder / ".csc" / "state.db"
    before = path.read_bytes()
    for command in (("status",), ("history",), ("diff",), ("diff", "--candidate")):
        csc.ok(*command)
    assert path.read_bytes() == before


def test_readers_do_not_wait_for_a_writer(csc: Csc) -> None:
    commit(csc, LAN)
    with database(csc.folder / ".csc" / "state.db") as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE device SET left_by = 'somebody'")
        for command in ("status", "history", "diff"):
            csc.ok(command)
        connection.rollback()


# -- status ----------------------------------------------------------------------------------------


def test_status_of_a_certificate(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    facts = json.loads(csc.ok("show", "--json"))["certificates"]
    (device,) = printed(csc, "status", "--check")["devices"]
    (certificate,) = device["certificates"]
    of_the_snapshot = facts[certificate["path"]]
    for name in ("subject", "issuer", "serial_number", "not_before", "not_after"):
        assert certificate[name] == of_the_snapshot[name]
    assert (certificate["name"], certificate["state"]) == ("cmp/clcert", "committed")
    text = csc.ok("status")
    for word in ("cmp/clcert", "committed", "CN=seg.example.com", certificate["serial_number"]):
        assert word in text
    assert f"from {certificate['due_from'][:10]}" in text
    assert "\x1b" not in text
    assert "\x1b[1mDevice default" in csc.ok("--color", "always", "status")


def test_check_tells_what_is_due_and_expired(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    path = csc.folder / ".csc" / "state.db"
    now = datetime.now(UTC)
    for not_after, word in ((now - timedelta(1), "expired"), (now + timedelta(1), "due")):
        with database(path) as connection:
            connection.execute(
                "UPDATE certificate SET not_before = '1900-01-01T00:00:00+00:00', not_after = ?",
                (not_after.isoformat(),),
            )
        result = csc("status", "--check")
        assert (result.returncode, word in result.stdout) == (1, True)
        csc.ok("status")
        assert csc("status", "--check", "--json").returncode == 1


def test_check_tells_what_is_left_open(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    with database(csc.folder / ".csc" / "state.db") as connection:
        connection.execute("UPDATE journal SET phase = 'received', ended_at = NULL")
    result = csc("status", "--check")
    assert result.returncode == 1
    assert "Left open: initiate of cmp/clcert since " in result.stdout
    assert "is not confirmed; the next apply takes it up, or `csc resume`." in result.stdout
    (device,) = printed(csc, "status")["devices"]
    assert [entry["stage"] for entry in device["left_open"]] == ["issued"]


def test_status_tells_of_uncommitted_changes(csc: Csc) -> None:
    """They are no reason for `--check`: apply warns of them, and a script may mean them."""
    script = csc.write("half.cfg", "add IPAddress lan Address=10.0.0.0/8\n")
    csc.ok("apply", "--yes", script)
    text = csc.ok("status", "--check")
    assert "nothing is committed" in text
    assert "The candidate is not committed, and a restart loses it: 1 added." in text
    csc.ok("apply", "--yes", csc.write("half.cfg", "activate\n"))
    assert "a restart loses it: 1 added." in csc.ok("status")


def test_status_of_all_devices(csc: Csc) -> None:
    for name in ("north", "south"):
        script = csc.write("lan.cfg", LAN)
        csc.ok("--device", name, "apply", "--yes", script)
    document = printed(csc, "status", "--all-devices")
    assert [device["device"] for device in document["devices"]] == ["north", "south"]
    result = csc("status")
    assert result.returncode == 1
    assert "the state knows no device default" in result.stderr
    assert "--all-devices" in result.stderr


# -- history ---------------------------------------------------------------------------------------


def test_history_newest_first(csc: Csc) -> None:
    commit(csc, LAN)
    commit(csc, "set IPAddress lan Address=10.0.0.0/16\n")
    first, second = printed(csc, "history")["versions"][::-1]
    assert (first["number"], second["number"]) == (1, 2)
    assert first["script"] != second["script"]
    assert "@" in first["committed_by"]
    head, *lines = csc.ok("history").splitlines()
    assert head.split() == ["version", "committed", "script", "by"]
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert first["script"][:12] in lines[1]
    assert first["script"] not in lines[1]
    assert first["committed_by"] in lines[1]


def test_history_of_a_state_of_an_older_format(csc: Csc) -> None:
    """It is read as it is; who committed is not known."""
    path = csc.folder / ".csc" / "state.db"
    old_state(path, 3)
    before = path.read_bytes()
    (version,) = printed(csc, "history")["versions"]
    assert version["committed_by"] is None
    assert "not known" in csc.ok("history")
    assert path.read_bytes() == before
    commit(csc, LAN)
    assert [bool(v["committed_by"]) for v in printed(csc, "history")["versions"]] == [True, False]


def test_nothing_committed(csc: Csc) -> None:
    csc.ok("apply", "--yes", csc.write("half.cfg", "add IPAddress lan Address=10.0.0.0/8\n"))
    assert csc.ok("history") == "Nothing is committed on device default yet.\n"
    assert printed(csc, "history")["versions"] == []
    result = csc("diff")
    assert result.returncode == 1
    assert "nothing is committed on device default yet" in result.stderr
    assert "csc diff --candidate" in result.stderr


# -- diff ------------------------------------------------------------------------------------------


def test_diff_between_versions(csc: Csc) -> None:
    commit(csc, "add IPAddress lan Address=10.0.0.0/8\nadd IPAddress dmz Address=10.1.0.1\n")
    commit(csc, "set IPAddress lan Address=10.0.0.0/16\n")
    commit(csc, "delete IPAddress dmz\nadd IPAddress wan Address=192.0.2.1\n")
    assert csc.ok("diff", 1, 2).splitlines()[:2] == ["--- version 1", "+++ version 2"]
    changed = [line for line in csc.ok("diff", 1, 2).splitlines()[2:] if line[0] in "+-"]
    assert changed == [
        "-add IPAddress lan Address=10.0.0.0/8",
        "+add IPAddress lan Address=10.0.0.0/16",
    ]
    assert csc.ok("diff") == csc.ok("diff", 2, 3) == csc.ok("diff", 2)
    document = printed(csc, "diff", 1)
    assert (document["before"], document["after"]) == (1, 3)
    assert document["added"] == [{"path": "/IPAddress/wan", "properties": {"Address": "192.0.2.1"}}]
    assert document["changed"] == [
        {
            "path": "/IPAddress/lan",
            "properties": [{"name": "Address", "before": "10.0.0.0/8", "after": "10.0.0.0/16"}],
        }
    ]
    assert [item["path"] for item in document["removed"]] == ["/IPAddress/dmz"]
    back = printed(csc, "diff", 3, 1)
    assert (back["added"], back["removed"]) == (document["removed"], document["added"])
    same = csc("diff", 2, 2)
    assert (same.returncode, same.stdout) == (0, "")
    assert same.stderr == "No difference between version 2 and version 2.\n"
    assert "\x1b[32m+add IPAddress lan" in csc.ok("--color", "always", "diff", 1, 2)


def test_diff_with_the_candidate(csc: Csc) -> None:
    commit(csc, LAN)
    assert csc.ok("diff", "--candidate") == ""
    csc.ok("apply", "--yes", csc.write("half.cfg", "set IPAddress lan Address=10.0.0.0/16\n"))
    text = csc.ok("diff", "--candidate")
    assert text.startswith("--- version 1\n+++ candidate\n")
    assert "+add IPAddress lan Address=10.0.0.0/16" in text
    assert printed(csc, "diff", "--candidate")["after"] is None
    assert csc("diff", "--candidate", 1).returncode == 64


def test_diff_of_a_version_that_is_not_there(csc: Csc) -> None:
    commit(csc, LAN)
    for numbers in ((7,), (0, 7), (2**31 - 1,)):
        result = csc("diff", *numbers)
        assert result.returncode == 1
        assert f"no committed version {numbers[-1]}" in result.stderr
        assert "`csc history` lists the versions" in result.stderr
    assert csc("diff", 2**31).returncode == 64


def test_diff_never_shows_a_secret(csc: Csc) -> None:
    commit(csc, "add User ann Password=first-secret\n")
    commit(csc, "set User ann Password=second-secret\n")
    text = csc.ok("diff")
    (change,) = printed(csc, "diff")["changed"]
    (password,) = change["properties"]
    assert password["name"] == "Password"
    assert password["before"] != password["after"]
    assert set(password["before"]) == set(password["after"]) == {"fingerprint"}
    assert password["after"]["fingerprint"] in text
    assert "secret-" not in text + csc.ok("diff", "--json")
    assert "-secret" not in text + csc.ok("diff", "--json")


def test_diff_of_a_file_that_a_snapshot_only_names(csc: Csc) -> None:
    """The same certificate with another key: the snapshots are the same text."""
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "update.cfg")
    with database(csc.folder / ".csc" / "state.db") as connection:
        rows = connection.execute("SELECT number, configuration FROM version ORDER BY number")
        (first, old), (_, new) = rows.fetchall()
        contents = [
            next(
                item["properties"]["CertificateData"]["content"]
                for item in json.loads(text)
                if item["path"].endswith("/clcert")
            )
            for text in (old, new)
        ]
        connection.execute(
            "UPDATE version SET configuration = ? WHERE number = ?",
            (old.replace(*contents), first),
        )
    assert csc.ok("diff") == "# cmp/clcert: PrivateKey is another file\n"


def test_diff_shows_a_renewed_certificate(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "update.cfg")
    text = csc.ok("diff")
    assert text.count("serial ") == 2
    assert "# cmp/clcert: CertificateData is another file" in text


def test_show_a_configuration_in_every_form(csc: Csc) -> None:
    csc.write("a.cfg", "add IPAddress lan Address=10.0.0.0/8\nactivate\ncommit\n")
    csc.write("b.cfg", "set IPAddress lan Comments=later\n")
    csc.ok("apply", "--yes", "a.cfg")
    csc.ok("apply", "--yes", "b.cfg")
    assert csc.ok("show", "--format", "script") == csc.ok("show")
    assert "later" in csc.ok("show", "--candidate")
    assert "later" not in csc.ok("show", "--active")
    assert "- changed `IPAddress lan`: `Comments`\n" in csc.ok("show", "--report")
    check(validator("snapshot"), json.loads(csc.ok("show", "--candidate", "--json")))
    check(validator("snapshot"), json.loads(csc.ok("--device", "new", "show", "--json")))
    csc.write("t.jinja", "{{ device }}\n{{ nope }}\n")
    failed = csc("show", "--template", "t.jinja")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "t.jinja:2: undefined: 'nope' is undefined" in failed.stderr
    for wrong in (
        ("--candidate", "--active"),
        ("--json", "--report"),
        ("--version", "1", "--active"),
    ):
        assert csc("show", *wrong).returncode == 64

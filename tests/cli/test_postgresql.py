"""The main job with a state in PostgreSQL; and the password of its URL, which nothing prints."""

import json
from pathlib import Path
from urllib.parse import quote

import psycopg
from csc.runtime.state.location import parse_url
from csc.runtime.state.opening import load_device
from peers import postgresql
from support.command import SAMPLES, Csc, database

pytestmark = postgresql.needs_postgresql
PASSWORD = "pa/ss@wo:rd?#100%"
MARKS = ("pa/ss", "wo:rd", "wo%3Ard", "#100", "swordfish")


def ledger(folder: Path) -> list[str]:
    with database(folder / ".csc" / "sandbox" / "ledger.db") as opened:
        query = "SELECT status FROM certificate ORDER BY issued_at, rowid"
        return [row[0] for row in opened.execute(query)]


def test_main_job(csc: Csc, cluster: postgresql.Cluster) -> None:
    url = cluster.new_database()
    apply = ("--state", url, "apply", "--sandbox", "--yes")
    assert "version 1 is committed" in csc.ok(*apply, SAMPLES / "gateway.cfg")
    first = csc.ok("--state", url, "show")
    assert "add Certificate clcert Type=CMPv2" in first
    assert "Nothing to do" in csc.ok(*apply, SAMPLES / "gateway.cfg")
    csc.ok(*apply, SAMPLES / "update.cfg")
    assert ledger(csc.folder) == ["confirmed", "confirmed"]
    (record,) = load_device(parse_url(url), "default").certificates.values()
    assert record.serial_number in csc.ok("--state", url, "show")
    assert csc.ok("--state", url, "show", "--version", 1) == first
    csc.ok("--state", url, "validate", SAMPLES / "revoke.cfg")
    csc.ok(*apply, SAMPLES / "revoke.cfg")
    assert "(revoked)" in csc.ok("--state", url, "show")
    assert ledger(csc.folder) == ["confirmed", "revoked"]
    assert json.loads(csc.ok("--state", url, "lock", "--json"))["leases"] == []
    # What stays on this machine is beside it; no state is in a file.
    assert not (csc.folder / ".csc" / "state.db").exists()
    assert (csc.folder / ".csc" / "vault.key").exists()


def test_devices_and_machines(csc: Csc, cluster: postgresql.Cluster) -> None:
    """Devices are apart, and what one machine wrote another one reads."""
    url = cluster.new_database()
    csc.environment["CSC_STATE"] = url
    csc.ok("--device", "north", "apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    elsewhere = csc.folder / "elsewhere"
    elsewhere.mkdir()
    assert "clcert" in Csc(elsewhere, csc.environment).ok("--device", "north", "show")
    assert "clcert" not in csc.ok("--device", "south", "show")


def test_password_is_never_printed(csc: Csc, cluster: postgresql.Cluster) -> None:
    """Of a URL that works, and of ones that are wrong in every place that libpq looks at."""
    url = cluster.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE ann LOGIN SUPERUSER")
    good = url.replace("postgres@", f"ann:{quote(PASSWORD, safe='')}@")
    host = good.partition("@")[2]
    wrong = (
        good + "none",
        good.replace(host, "127.0.0.1:1/x"),
        good.replace("ann:", "nobody:"),
        good + "?sslmode=unheard-of",
        good + "?password=swordfish&sslmode=verify-full&sslrootcert=none",
        f"postgresql://ann:{PASSWORD}@{host}",
        f"postgresql://ann:swordfish%zz@{host}",
        f"postgresql://ann:swordfish/@{host}",
        "postgresql://ann:swordfish",
        f"postgresql://[ann:swordfish@{host}",
        f"postgres://{host}?pass%77ord=swordfish&port=x",
        f"postgresql://{host}?swordfish=1",
        f"postgresq://ann:swordfish@{host}",
    )
    csc.write("a.cfg", "add CertificateStore a\nactivate\ncommit\n")
    printed = ""
    for state in (good, *wrong):
        csc.environment["CSC_STATE"] = state
        results = [
            csc(*command)
            for command in (("-v", "apply", "--yes", "a.cfg"), ("show",), ("lock",), ("--help",))
        ]
        results.append(csc("-v", "unlock", "default"))
        assert results[0].returncode == (0 if state == good else results[0].returncode or 1)
        printed += "".join(result.stdout + result.stderr for result in results)
    assert "Traceback" not in printed
    for mark in MARKS:
        assert mark not in printed

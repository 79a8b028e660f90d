"""`csc impact`: of what is committed or of what a script leaves, text or JSON; and of wrong names."""

import json
import shutil
from datetime import UTC, datetime, timedelta

from support.command import SAMPLES, Csc

GATEWAY = SAMPLES / "gateway.cfg"


def test_of_what_is_committed(csc: Csc) -> None:
    """The ends of certificates come from the state: of the one obtained, and of the uploaded root."""
    result = csc("impact", "cmp/clcert")
    assert result.returncode == 1
    assert "there is no state yet" in result.stderr
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    assert csc.ok("impact", "cmp/clcert") == csc.ok("impact", "Certificate", "cmp/clcert")
    assert csc.ok("impact", "cmp/clcert") == csc.ok("impact", "Certificate cmp/clcert")
    shown = json.loads(csc.ok("show", "--json"))["certificates"]
    for name in ("cacert", "clcert"):
        document = json.loads(csc.ok("impact", "--json", f"cmp/{name}"))
        assert document["schema"] == "csc/impact/1"
        path = f"/CertificateStore/cmp/Certificate/{name}"
        assert document["object"] == path
        (expiry,) = document["expiry"]
        assert expiry["not_after"] == shown[path]["not_after"]
    days = (datetime.fromisoformat(expiry["not_after"]) - datetime.now(UTC)) // timedelta(days=1)
    assert f"in {days} days" in csc.ok("impact", "cmp/clcert")


def test_of_what_a_script_leaves(csc: Csc) -> None:
    script = csc.write("more.cfg", "add IP4Group all Members=lan\nactivate\ncommit\n")
    lan = csc.write("lan.cfg", "add IPAddress lan Address=10.0.0.0/8\n")
    text = csc.ok("impact", "--script", lan, "--script", script, "lan")
    assert "└── IP4Group all (Members)" in text
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    # What the script says nothing of is there as the state has it.
    text = csc.ok("impact", "--script", lan, "cmp/clcert")
    assert "When it expires (" in text
    text = csc.ok("--device", "other", "impact", "--sandbox", "--script", GATEWAY, "cmp/clcert")
    assert "When it expires (no date is known):" in text
    assert not (csc.folder / "plan.json").exists()
    result = csc("impact", "--script", csc.write("bad.cfg", "bad\n"), "lan")
    assert result.returncode == 1
    assert "CSC103" in result.stderr


def test_end_of_an_uploaded_root(csc: Csc) -> None:
    """Before anything is applied, an upload's own bytes tell."""
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    (root,) = (csc.folder / ".csc" / "sandbox").glob("*root*.pem")
    pem = root.read_text()
    csc.write("ca_root.der", pem[pem.index("-----BEGIN CERTIFICATE") :])
    shutil.copy(GATEWAY, csc.folder)
    arguments = ("impact", "--json", "--script", "gateway.cfg", "cmp/cacert")
    document = json.loads(csc.ok("--device", "new", *arguments))
    assert document["expiry"][0]["not_after"] is not None


def test_wrong_names(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    for name, way_out in (
        ("cmp/clcrt", "did you mean `Certificate cmp/clcert`?"),
        ("clcert", "did you mean `Certificate cmp/clcert`?"),
        ("Certficate cmp/clcert", "did you mean `Certificate cmp/clcert`?"),
        ("CMPServer my_server", "did you mean `CMPServer my_cmp_server`?"),
        ("nonsense", "`csc show` lists what is committed"),
        ("main", "say which: IPRuleSet main, RoutingTable main"),
        ("/", "`csc show` lists"),
        ("\x1b[31m", "`csc show` lists"),
    ):
        result = csc("impact", name)
        assert result.returncode == 1, name
        assert result.stdout == ""
        assert way_out in result.stderr
        assert "\x1b" not in result.stderr

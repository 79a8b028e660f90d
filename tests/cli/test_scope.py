"""`--only`, `--skip` and `--replace` as people use them, saved plans and reports with them."""

import json

from support.command import SAMPLES, Csc

TWO = """\
add Address IPAddress lan Address=10.0.0.0/8
add Address IPAddress dmz Address=10.1.0.0/16
activate
commit
"""


def test_only_then_the_rest(csc: Csc) -> None:
    csc.write("a.cfg", TWO)
    assert "1 to add, activate, commit; 1 step left out." in csc.ok(
        "plan", "--only", "lan", "a.cfg"
    )
    csc.ok("apply", "--yes", "--only", "lan", "a.cfg")
    assert "Nothing to do for what" in csc.ok("plan", "--only", "lan", "a.cfg")
    rest = csc.ok("plan", "a.cfg")
    assert "add IPAddress dmz" in rest
    assert "add IPAddress lan  a.cfg" not in rest
    csc.ok("apply", "--yes", "a.cfg")
    assert "Nothing to do: the device is as the script says." in csc.ok("plan", "a.cfg")


def test_a_name_of_nothing(csc: Csc) -> None:
    csc.write("a.cfg", TWO)
    for command in (("plan",), ("apply", "--yes")):
        result = csc(*command, "--skip", "IPAddress dmx", "a.cfg")
        assert result.returncode == 1
        assert "error[CSC501 nothing-selected]" in result.stderr
        assert "--skip 'IPAddress dmx'" in result.stderr
        assert "did you mean `IPAddress dmz`?" in result.stderr
    assert not (csc.folder / ".csc" / "state.db").exists()


def test_the_scope_is_part_of_a_saved_plan(csc: Csc) -> None:
    csc.write("a.cfg", TWO)
    csc.ok("plan", "--out", "p.json", "--skip", "dmz", "a.cfg")
    saved = json.loads((csc.folder / "p.json").read_text())
    assert saved["request"]["skip"] == ["dmz"]
    assert saved["plan"]["scope"] == {"only": [], "skip": ["dmz"]}
    assert [item["why"] for item in saved["plan"]["left_out"]] == ["skipped"]
    assert csc("apply", "--yes", "--only", "lan", "p.json").returncode == 64
    csc.ok("apply", "--yes", "p.json")
    assert csc("apply", "--yes", "p.json").returncode == 3
    assert "dmz" not in csc.ok("show")


def test_replacement(csc: Csc) -> None:
    """A second enrolment, told as such everywhere; afterwards there is nothing to do."""
    gateway = SAMPLES / "gateway.cfg"
    csc.ok("apply", "--sandbox", "--yes", gateway)
    ask = ("plan", "--sandbox", "--replace", "cmp/clcert")
    text = csc.ok(*ask, gateway)
    assert "> replace cmp/clcert" in text
    assert "asked for with --replace" in text
    assert "1 certificate to replace, 2 CMP requests" in text
    comment = csc.ok(*ask, "--format", "markdown", gateway)
    _, _, destructive = comment.partition("### Destructive steps")
    assert "replaces the certificate of <code>cmp/clcert</code>, which its CA" in destructive
    (step,) = [s for s in json.loads(csc.ok(*ask, "--json", gateway))["steps"] if "replaces" in s]
    assert step["kind"] == "initiate"
    assert step["replaces"]["certificate"].startswith("sha256:")
    before = csc.ok("show", "--json")
    csc.ok("apply", "--sandbox", "--yes", "--replace", "cmp/clcert", gateway)
    assert csc.ok("show", "--json") != before
    assert "Nothing to do: " in csc.ok("plan", "--sandbox", gateway)
    result = csc("plan", "--sandbox", "--replace", "cmp/cacert", gateway)
    assert result.returncode == 1
    assert "error[CSC504 nothing-to-replace]" in result.stderr


def test_whether_a_script_is_idempotent(csc: Csc) -> None:
    gateway, update = SAMPLES / "gateway.cfg", SAMPLES / "update.cfg"
    assert "\nIdempotent: applied again" in csc.ok("plan", "--sandbox", gateway)
    csc.ok("apply", "--sandbox", "--yes", gateway)
    text = csc.ok("plan", "--sandbox", update)
    assert f"\nNot idempotent: applied again, {update}:" in text
    assert "renews cmp/clcert." in text
    comment = csc.ok("plan", "--sandbox", "--format", "markdown", update)
    assert "\nNot idempotent: applied again, <code>" in comment
    document = json.loads(csc.ok("plan", "--sandbox", "--json", update))
    assert document["idempotent"] is False
    (renewal,) = document["renewals"]
    assert renewal["address"] == "/CertificateStore/cmp/Certificate/clcert"
    assert "-update" in update.read_text().splitlines()[renewal["at"]["line"] - 1]


def test_a_script_that_is_refused_the_second_time(csc: Csc) -> None:
    """What is updated and then revoked cannot be updated again: the plan says so, and so it is."""
    gateway = (SAMPLES / "gateway.cfg").read_text()
    bind = gateway[gateway.rindex("cc CertificateStore cmp") :]
    csc.write("once.cfg", f"{gateway}\ncertmgr -update -clientcert=cmp/clcert\n{bind}\n"
              "certmgr -revoke -clientcert=cmp/clcert\n")  # fmt: skip
    assert "is refused, for cmp/clcert is revoked by then." in csc.ok(
        "plan", "--sandbox", "once.cfg"
    )
    (renewal,) = json.loads(csc.ok("plan", "--sandbox", "--json", "once.cfg"))["renewals"]
    assert renewal["refused"] is True
    csc.ok("apply", "--sandbox", "--yes", "once.cfg")
    assert "error[CSC306 use-after-revoke]" in csc("plan", "--sandbox", "once.cfg").stderr

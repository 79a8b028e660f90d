"""Silences as users meet them: what is silenced does not stop a plan, and what is of no use is taken out."""

from support.command import SAMPLES, Csc

GATEWAY = (SAMPLES / "gateway.cfg").read_text()
KEYLESS = GATEWAY.replace("PrivateKey=file://cl_newkey.pem", "")


def test_an_error_that_leaves_a_plan_can_be_carried_out(csc: Csc) -> None:
    """A certificate without its key, on purpose: the device gets what the script says."""
    csc.write("a.cfg", KEYLESS)
    result = csc("apply", "--yes", "--sandbox", "a.cfg")
    assert result.returncode == 1
    assert "CSC309 bound-without-key" in result.stderr
    csc.write("b.cfg", "# csc: ignore-file[bound-without-key] a test of the CA alone\n" + KEYLESS)
    csc.ok("apply", "--yes", "--sandbox", "b.cfg")
    shown = csc.ok("show")
    assert "CertificateData=file://cmp.clcert.der" in shown
    assert "PrivateKey" not in shown
    assert "Nothing to do:" in csc.ok("plan", "--sandbox", "b.cfg")


def test_what_cannot_be_silenced_stays(csc: Csc) -> None:
    csc.write("a.cfg", "# csc: ignore[CSC203]\nadd Address IPAddress a Address=1.2.3.999\n")
    result = csc("validate", "a.cfg")
    assert result.returncode == 1
    assert "error[CSC203 wrong-value]" in result.stderr
    assert "warning[CSC194 vain-silence]" in result.stderr


def test_fix_takes_out_what_silences_nothing(csc: Csc) -> None:
    silence = "    # csc: ignore[CSC401] none\r\n"
    before = f"\ufeffadd User ann\r\n{silence}    Password=${{env:X}}\r\nactivate\r\ncommit\r\n"
    (csc.folder / "a.cfg").write_bytes(before.encode())
    csc("validate", "--fix", "a.cfg")
    after = (csc.folder / "a.cfg").read_bytes().decode()
    assert after == before.replace(silence, "")


def test_the_same_silence_serves_when_a_script_runs_again(csc: Csc) -> None:
    """Applied again, a script has the findings that it had, where they were."""
    begin, _, _ = GATEWAY.partition("cc CertificateStore cmp\nset Certificate")
    assert begin != GATEWAY
    silenced = begin.replace(
        "\ncertmgr", "\n# csc: ignore[CSC301, CSC401] bound at the console\ncertmgr", 1
    )
    csc.write("a.cfg", silenced + "activate\ncommit\n")
    for _ in range(2):
        assert "warning" not in csc("plan", "--sandbox", "a.cfg").stderr
        csc.ok("apply", "--yes", "--sandbox", "a.cfg")

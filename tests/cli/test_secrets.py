"""Secrets never reach an output: everything that a full run prints or leaves behind is searched for them."""

import json
import subprocess
from pathlib import Path

from csc.cli.findings import FORMATS
from support.command import REPOSITORY, SAMPLES, Csc, database

PASSWORD = "correct-horse-battery-staple"
# Secrets of the configuration itself, of known and of unknown types.
USERS = f"""\
add User ann Password={PASSWORD}
add RadiusServer IPAddress=10.0.0.1 SharedSecret="{PASSWORD}"
add PSK office Type=ASCII PSKAscii={PASSWORD}
add Widget w1 AdminPassword={PASSWORD}
"""
KEY_MARKS = (b"PRIVATE KEY", PASSWORD.encode(), PASSWORD.encode().hex().encode())


def without_sandbox(csc: Csc, left: bytes) -> bytes:
    """The sandbox CA's keys lie there on purpose, for it alone to read; some files hold parts of others."""
    files = [pem.read_bytes() for pem in (csc.folder / ".csc" / "sandbox").rglob("*.pem")]
    for content in sorted(files, key=len, reverse=True):
        left = left.replace(content, b"")
    return left


def everything(folder: Path) -> bytes:
    """All files below `folder`, with the databases as they are read."""
    found = b""
    for path in folder.rglob("*"):
        if path.is_file():
            found += path.read_bytes()
            if path.suffix == ".db":
                with database(path) as opened:
                    found += "\n".join(opened.iterdump()).encode()
    return found


def test_no_output_holds_a_secret(csc: Csc) -> None:
    """A literal secret: not in what is printed, saved as a plan, rendered or stored, nor in a failure."""
    script = (SAMPLES / "gateway.cfg").read_text().replace("my_secret", PASSWORD)
    script = script.replace("add CertificateStore", USERS + "add CertificateStore", 1)
    scripts = csc.folder / "scripts"
    scripts.mkdir()
    (scripts / "gateway.cfg").write_text(script)
    (scripts / "typo.cfg").write_text(script.replace("-password=", "-pasword= "))
    printed: list[str] = []

    def run(*arguments: object) -> None:
        result: subprocess.CompletedProcess[str] = csc(*arguments)
        printed.extend((result.stdout, result.stderr))

    for form in FORMATS:
        for name in ("gateway", "typo"):
            run("validate", "--sandbox", "--format", form, f"scripts/{name}.cfg")
    run("plan", "--sandbox", "--out", "plan.json", "scripts/gateway.cfg")
    run("plan", "--sandbox", "--json", "scripts/gateway.cfg")
    run("plan", "--sandbox", "--probe", "--json", "scripts/gateway.cfg")
    run("--connect-to", "::127.0.0.1:1", "plan", "--probe", "scripts/gateway.cfg")
    run("plan", "--sandbox", "--json-into", "into.json", "scripts/gateway.cfg")
    for name in ("gateway", "typo"):
        run("plan", "--sandbox", "--format", "markdown", f"scripts/{name}.cfg")
    run("graph", "--sandbox", "scripts/gateway.cfg")
    run("graph", "--sandbox", "--format", "svg", "scripts/gateway.cfg")
    run("apply", "--yes", "scripts/gateway.cfg")  # no ca_root.der: fails
    run("--connect-to", "::127.0.0.1:1", "apply", "--yes", "--sandbox", "scripts/gateway.cfg")
    run("-v", "apply", "--yes", "plan.json")
    run("-v", "apply", "--yes", "--sandbox", SAMPLES / "update.cfg")
    run("-v", "apply", "--yes", "--sandbox", SAMPLES / "revoke.cfg")
    run("impact", "cmp/clcert")
    run("impact", "--json", "ann")
    run("impact", "--json", "--script", "scripts/gateway.cfg", "w1")
    run("show")
    run("show", "--json")
    run("show", "--version", 1)
    assert "clcert" in printed[-6]
    output = "".join(printed).encode()
    left = everything(csc.folder / ".csc") + (csc.folder / "plan.json").read_bytes()
    left += (csc.folder / "into.json").read_bytes()
    left = without_sandbox(csc, left)
    for mark in KEY_MARKS:
        assert mark not in output
        assert mark not in left


def test_secrets_of_the_configuration_are_told_apart(csc: Csc) -> None:
    """The same password again is no change, another one is; the snapshot comes back without any."""
    csc.write("a.cfg", f"add User ann Password={PASSWORD}\nactivate\ncommit\n")
    csc.write("b.cfg", "add User ann Password=another\nactivate\ncommit\n")
    csc.ok("plan", "--out", "plan.json", "a.cfg")
    csc.ok("apply", "--yes", "plan.json")
    assert "Nothing to do:" in csc.ok("plan", "a.cfg")
    csc.write("shown.cfg", csc.ok("show"))
    assert "Nothing to do:" in csc.ok("plan", "shown.cfg")
    assert "(secret) -> (secret)" in csc.ok("plan", "b.cfg")
    csc.ok("apply", "--yes", "b.cfg")
    assert "(secret) -> (secret)" in csc.ok("plan", "a.cfg")
    csc.ok("apply", "--yes", "a.cfg")
    csc.write("a.cfg", "add User ann Password=third\nactivate\ncommit\n")
    assert "(secret) -> (secret)" in csc.ok("plan", "a.cfg")


def test_secret_by_reference(csc: Csc) -> None:
    """`${env:…}` and `${file:…}` are read while applying, and only their names are seen."""
    (csc.folder / "secret").write_text(PASSWORD + "\n")
    csc.environment["CMP_SECRET"] = PASSWORD
    gateway = (SAMPLES / "gateway.cfg").read_text()
    for number, source in enumerate(("${env:CMP_SECRET}", "${file:secret}")):
        name = f"{number}.cfg"
        csc.write(name, gateway.replace("=my_secret", f"={source}"))
        result = csc("--device", number, "apply", "--sandbox", "--yes", name)
        assert result.returncode == 0, result.stderr
        assert source in result.stdout
        assert "secret-in-clear" not in result.stderr
        assert PASSWORD not in result.stdout + result.stderr
    assert PASSWORD.encode() not in everything(csc.folder / ".csc")


def test_no_output_holds_what_stands_for_a_secret(csc: Csc) -> None:
    """Secrets given by variable, on the command line and in a file, by environment, file and keyring."""
    secrets = {
        name: f"{name}-{PASSWORD}"
        for name in ("option", "toml", "env", "file", "keyring", "number")
    }
    (csc.folder / "pw").write_text(secrets["file"] + "\n")
    csc.write("all.toml", f'toml = "{secrets["toml"]}"\nsite = "lund"\n')
    (csc.folder / "entries.json").write_text(json.dumps({"csc": {"gw": secrets["keyring"]}}))
    csc.environment |= {
        "CMP_SECRET": secrets["env"],
        "PYTHONPATH": str(REPOSITORY / "tests"),
        "PYTHON_KEYRING_BACKEND": "support.keyrings.FileKeyring",
        "KEYRING_FILE": str(csc.folder / "entries.json"),
    }
    users = (
        "add User ann Password=${var:option} Comments=${var:site}\n"
        'add PSK office Type=ASCII PSKAscii="x${var:toml}"\n'
        "add Widget w1 AdminPassword= ${var:option}\n"
        "add User ben Password=$1\n"
    )
    gateway = (SAMPLES / "gateway.cfg").read_text()
    gateway = gateway.replace("add CertificateStore", users + "add CertificateStore", 1)
    sources = (
        "${var:option}",
        "x${var:toml}",
        "${env:CMP_SECRET}",
        "${file:pw}",
        "${keyring:csc/gw}",
    )
    given = ("-D", f"option={secrets['option']}", "--var-file", "all.toml")
    given = (*given, "-D", f"1={secrets['number']}")
    printed: list[str] = []

    def run(*arguments: object) -> int:
        result: subprocess.CompletedProcess[str] = csc(*arguments)
        printed.extend((result.stdout, result.stderr))
        return result.returncode

    left = b""
    for number, source in enumerate(sources):
        script, device = f"{number}.cfg", ("--device", number)
        csc.write(script, gateway.replace("=my_secret", f"={source}"))
        for form in FORMATS:
            run("validate", *given, "--sandbox", "--format", form, script)
        assert run(*device, "plan", *given, "--sandbox", "--out", "plan.json", script) == 0
        run(*device, "plan", *given, "--sandbox", "--json", script)
        run(*device, "plan", *given, "--sandbox", "--format", "markdown", script)
        run("-v", *device, "apply", *given, "--yes", script)  # no ca_root.der: fails
        run("-v", *device, "apply", "--yes", "plan.json")  # the secrets are wanted again
        assert run("-v", *device, "apply", *given, "--yes", "plan.json") == 0
        run(*device, "show")
        run(*device, "show", "--json")
        left += (csc.folder / "plan.json").read_bytes()
    # Where a variable stands in places that are wrong for a secret, and with values that are wrong.
    csc.write(
        "bad.cfg",
        users + "add User cyd Password=${var:option} Comments=${var:option} Group=a${var:toml}\n"
        "add ${var:option} ${var:option} ${var:toml}=1\n${var:toml}\ncc ${var:option}\n"
        "set User ann Pasword=${var:option}\nadd CMPServer ca FQDN=${var:toml} Port=${var:option}\n"
        "certmgr -initiate -clientcert=${var:option} -subject=${var:toml} -username=x -hex "
        "-password=${var:option}\ncertmgr -pasword=${var:option} password ${var:toml}\n",
    )
    for form in FORMATS:
        assert run("validate", *given, "--format", form, "bad.cfg") == 1
    run("plan", *given, "--format", "markdown", "bad.cfg")
    left += everything(csc.folder / ".csc")
    left = without_sandbox(csc, left)
    assert PASSWORD not in "".join(printed)
    for mark in KEY_MARKS:
        assert mark not in left

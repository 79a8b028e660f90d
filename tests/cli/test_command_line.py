"""Options and exit codes: 0 done, 1 errors, 2 changes pending, 3 locked or stale, 64 wrong usage."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import SAMPLES, Csc

GATEWAY = SAMPLES / "gateway.cfg"


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("apply",),
        ("validate", "--no-such-option", "a.cfg"),
        ("validate", "--unsafe-fixes", "a.cfg"),
        ("apply", "--parallel", "0", "a.cfg"),
        ("--connect-to", "nonsense", "show"),
        ("--state", "mysql://localhost/csc", "show"),
        ("graph", "-o", "picture.png", "a.cfg"),
        ("graph", "--format", "png", "a.cfg"),
        ("impact",),
        ("show", "--json", "--template", __file__),
        ("plan", "-D", "a name=x", "a.cfg"),
        ("plan", "--json", "--format", "markdown", "a.cfg"),
        ("plan", "--max-length", "5000", "a.cfg"),
        ("plan", "--format", "markdown", "--max-length", "999", "a.cfg"),
        ("plan", "-D", "1", "a.cfg"),
    ],
)
def test_wrong_usage_is_64(csc: Csc, arguments: tuple[str, ...]) -> None:
    csc.write("a.cfg", "")
    result = csc(*arguments)
    assert result.returncode == 64, result.stderr
    assert "Traceback" not in result.stderr


def test_help_names_every_command(csc: Csc) -> None:
    text = csc.ok("--help")
    for name in ("apply", "graph", "impact", "plan", "schema", "show", "validate"):
        assert name in text
        assert "Usage" in csc.ok(name, "--help")


def test_detailed_exitcode(csc: Csc) -> None:
    plan = ("plan", "--sandbox", "--detailed-exitcode", GATEWAY)
    assert csc(*plan).returncode == 2
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    assert csc(*plan).returncode == 0
    assert csc("plan", "--detailed-exitcode", csc.write("bad.cfg", "bad\n")).returncode == 1


def test_script_parameters(csc: Csc) -> None:
    """`-D 1=VALUE` is what a device takes from behind `script -execute`; `$0` is the script's name."""
    csc.write("a.cfg", 'add CertificateStore $1 Comments="$0: $2"\nactivate\ncommit\n')
    assert "CSC115" in csc("apply", "--yes", "a.cfg").stderr
    csc.ok("apply", "--yes", "-D", "1=cmp", "-D", '2=two "words" $1', "a.cfg")
    assert 'add CertificateStore cmp Comments="a.cfg: two \\"words\\" \\$1"\n' in csc.ok("show")


def test_request_of_a_saved_plan_cannot_be_altered(csc: Csc) -> None:
    csc.write("a.cfg", "add CertificateStore cmp\nactivate\ncommit\n")
    csc.ok("plan", "--out", "plan.json", "a.cfg")
    document = json.loads((csc.folder / "plan.json").read_text())
    document["request"]["device"] = "other"
    csc.write("altered.json", json.dumps(document))
    result = csc("apply", "--yes", "altered.json")
    assert result.returncode == 3
    assert "altered" in result.stderr
    csc.ok("apply", "--yes", "plan.json")


@pytest.mark.parametrize(
    "change",
    [
        {"plan": []},
        {"request": []},
        {"request": {"scripts": ["\0"]}},
        {"digest": None},
        {"plan": 1},
    ],
)
def test_odd_saved_plans(csc: Csc, change: dict[str, object]) -> None:
    csc.write("a.cfg", "add CertificateStore cmp\n")
    csc.ok("plan", "--out", "plan.json", "a.cfg")
    document = json.loads((csc.folder / "plan.json").read_text())
    csc.write("odd.json", json.dumps({**document, **change}))
    result = csc("apply", "--yes", "odd.json")
    assert result.returncode in (1, 3)
    assert "mistake of csc's own" not in result.stderr


def test_plan_touches_nothing(csc: Csc) -> None:
    csc.ok("plan", "--sandbox", GATEWAY)
    csc.ok("validate", "--sandbox", GATEWAY)
    assert list(csc.folder.iterdir()) == []


def test_plan_is_deterministic(csc: Csc) -> None:
    assert csc.ok("plan", "--sandbox", "--json", GATEWAY) == csc.ok(
        "plan", "--sandbox", "--json", GATEWAY
    )


def test_json_documents_carry_a_schema(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    documents = {
        "csc/plan/1": csc.ok("plan", "--sandbox", "--json", GATEWAY),
        "csc/snapshot/1": csc.ok("show", "--json"),
        "csc/diagnostics/1": csc.ok("validate", "--sandbox", "--format", "json", GATEWAY),
    }
    for schema, text in documents.items():
        assert json.loads(text)["schema"] == schema


def test_saved_plan_is_applied(csc: Csc) -> None:
    csc.ok("plan", "--sandbox", "--out", "plan.json", GATEWAY)
    csc.ok("apply", "--yes", "plan.json")
    assert "clcert" in csc.ok("show")


def test_stale_plan_is_refused(csc: Csc) -> None:
    csc.ok("plan", "--sandbox", "--out", "plan.json", GATEWAY)
    csc.ok("apply", "--yes", csc.write("other.cfg", "add CertificateStore a\n"))
    result = csc("apply", "--yes", "plan.json")
    assert result.returncode == 3
    assert "state has changed" in result.stderr


def test_plan_of_a_changed_script_is_refused(csc: Csc) -> None:
    script = csc.write("a.cfg", "add CertificateStore a\nactivate\ncommit\n")
    csc.ok("plan", "--out", "plan.json", "a.cfg")
    script.write_text("add CertificateStore b\nactivate\ncommit\n")
    result = csc("apply", "--yes", "plan.json")
    assert result.returncode == 3
    assert "script has changed" in result.stderr


def test_altered_plan_is_refused(csc: Csc) -> None:
    csc.write("a.cfg", "add CertificateStore a\nactivate\ncommit\n")
    csc.ok("plan", "--out", "plan.json", "a.cfg")
    path = csc.folder / "plan.json"
    document = json.loads(path.read_text())
    document["plan"]["steps"][0]["address"] = "/CertificateStore/evil"
    path.write_text(json.dumps(document))
    result = csc("apply", "--yes", "plan.json")
    assert result.returncode == 3
    assert "altered" in result.stderr


def test_file_that_is_no_plan(csc: Csc) -> None:
    result = csc("apply", "--yes", csc.write("plan.json", "[1]"))
    assert result.returncode == 1
    assert "not a saved plan" in result.stderr


def test_environment_names_state_and_device(csc: Csc) -> None:
    csc.environment.update(CSC_STATE="sqlite:///elsewhere/state.db", CSC_DEVICE="north")
    csc.ok("apply", "--yes", csc.write("a.cfg", "add CertificateStore a\nactivate\ncommit\n"))
    assert (csc.folder / "elsewhere" / "state.db").exists()
    assert "# Device north, committed version 1" in csc.ok("show")


def test_state_is_private(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    for path in (csc.folder / ".csc").rglob("*"):
        mode = path.stat().st_mode & 0o077
        assert mode == 0 or path.parent.stat().st_mode & 0o077 == 0, path
    assert (csc.folder / ".csc").stat().st_mode & 0o077 == 0
    for name in ("vault.key", "sandbox/authority.pem", "sandbox/signer.pem", "state.db"):
        assert (csc.folder / ".csc" / name).stat().st_mode & 0o777 == 0o600


def test_uploads_lie_beside_the_script_or_in_files(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    pem = (csc.folder / ".csc" / "sandbox" / "root.pem").read_text()
    certificate = pem[pem.index("-----BEGIN CERTIFICATE") :]
    (csc.folder / "certs").mkdir()
    (csc.folder / "certs" / "root.pem").write_text(certificate)
    script = (
        "cc CertificateStore ipsec\nadd Certificate r Type=Remote CertificateData=file://root.pem\n"
    )
    csc.write("a.cfg", script)
    assert csc("plan", "a.cfg").returncode == 1
    csc.ok("plan", "--files", "certs", "a.cfg")
    (csc.folder / "certs" / "a.cfg").write_text(script)
    csc.ok("plan", "certs/a.cfg")


def test_script_from_standard_input(csc: Csc) -> None:
    result = subprocess.run(
        csc.command("validate", "-"),
        input="bad\n",
        capture_output=True,
        text=True,
        cwd=csc.folder,
        env=csc.variables(),
        check=False,
    )
    assert result.returncode == 1
    assert "<stdin>:1:1" in result.stderr


def test_several_scripts_run_in_order(csc: Csc) -> None:
    csc.write("1.cfg", "add CertificateStore a\n")
    csc.write("2.cfg", "cc CertificateStore a\ncc\nactivate\ncommit\n")
    csc.ok("apply", "--yes", "1.cfg", "2.cfg")
    assert csc("validate", "2.cfg", "1.cfg").returncode == 0
    assert csc("--device", "new", "validate", "2.cfg", "1.cfg").returncode == 1


def test_fix_mends_the_script(csc: Csc) -> None:
    path = csc.write("a.cfg", "ad CertificatStore cmp # kept\n\tComments=x\nactivat\n")
    csc.write("a.cfg", "ad CertificatStore cmp\n\tComments=x\n# kept\nactivat\n")
    result = csc("validate", "--fix", "a.cfg")
    assert result.returncode == 0, result.stderr
    fixed = "add CertificateStore cmp\n\tComments=x\n# kept\nactivate\ncommit\n"
    assert path.read_text() == fixed


def test_each_script_by_itself(csc: Csc) -> None:
    """Scripts of different devices do not meet; what one lacks, no other one brings."""
    csc.write("a.cfg", "add CertificateStore cmp\nactivate\ncommit\n")
    csc.write("b.cfg", "add CertificateStore cmp Comments=b\nactivate\ncommit\n")
    csc.write("c.cfg", "set CertificateStore cmp Comments=c\nactivate\ncommit\n")
    (csc.folder / "d.cfg").write_bytes(b"\xff\n")
    assert "1 warning" in csc.ok("validate", "a.cfg", "b.cfg", "c.cfg")
    assert "no findings" in csc.ok("validate", "--each", "a.cfg", "b.cfg")
    result = csc("validate", "--each", "--format", "json", "a.cfg", "c.cfg", "d.cfg")
    assert result.returncode == 1
    found = [(d["code"], d["primary"]["file"]) for d in json.loads(result.stdout)["diagnostics"]]
    assert found == [("CSC205", "c.cfg"), ("CSC112", "d.cfg")]
    both = csc(
        "validate", "--each", "--fix", "--unsafe-fixes", "a.cfg", csc.write("e.cfg", "activat\n")
    )
    assert both.returncode == 0
    assert (csc.folder / "e.cfg").read_text() == "activate\n"


def test_fix_does_not_guess_objects(csc: Csc) -> None:
    """Which object was meant is a person's to say: `--fix` leaves it, `--unsafe-fixes` takes the guess."""
    text = "add CertificateStore branch\ndelete CertificateStore brnach\nactivate\ncommit\n"
    path = csc.write("a.cfg", text)
    assert csc("validate", "--fix", "a.cfg").returncode == 1
    assert path.read_text() == text
    csc.ok("validate", "--fix", "--unsafe-fixes", "a.cfg")
    assert path.read_text() == text.replace("brnach", "branch")


def test_quiet_says_nothing(csc: Csc) -> None:
    result = csc("-q", "apply", "--sandbox", "--yes", GATEWAY)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_progress_on_a_pipe_is_lines(csc: Csc) -> None:
    result = csc("apply", "--sandbox", "--yes", GATEWAY)
    assert "s5 initiate cmp/clcert: generating a key\n" in result.stderr
    assert "s5 initiate cmp/clcert: done, serial " in result.stderr
    assert "\x1b" not in result.stderr


def _on_a_terminal(csc: Csc, answer: bytes, *arguments: object) -> tuple[int, str]:
    """Exit code and output of a run on a terminal of its own."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        csc.command(*arguments),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=csc.folder,
        env={**csc.variables(), "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(terminal)
    os.write(controller, answer)
    output = b""
    try:
        while chunk := os.read(controller, 4096):
            output += chunk
    except OSError:
        pass  # how Linux says that the other end is closed
    os.close(controller)
    return process.wait(60), output.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_progress_on_a_terminal(csc: Csc) -> None:
    """On a terminal csc asks first, shows what goes on while an operation runs, and uses colours."""
    code, output = _on_a_terminal(csc, b"y\n", "apply", "--sandbox", GATEWAY)
    assert code == 0
    assert "Carry this out?" in output
    assert "applying" in output
    assert "\x1b[" in output
    assert "version 1 is committed" in output


def test_no_on_a_terminal_does_nothing(csc: Csc) -> None:
    code, output = _on_a_terminal(csc, b"n\n", "apply", "--sandbox", GATEWAY)
    assert code == 1
    assert "stopped" in output
    assert not (csc.folder / ".csc" / "state.db").exists()


def test_user_template(csc: Csc, tmp_path: Path) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    csc.write(
        "expiry.jinja",
        "{% for o in objects if o.facts %}{{ o.reference }} {{ o.facts.not_after }}\n{% endfor %}",
    )
    lines = csc.ok("show", "--template", "expiry.jinja").splitlines()
    assert [line.split()[0] for line in lines] == ["cmp/cacert", "cmp/clcert"]


def test_a_mistake_of_our_own_is_said_so(csc: Csc) -> None:
    """A bug is not dressed up as the user's mistake, and its details are there when asked for."""
    code = (
        "import sys\nfrom csc.cli import main\nfrom csc.cli.commands import show\n"
        "def broken(*a, **k): raise KeyError('inner detail')\n"
        "show.command.callback = broken\n"
        "sys.argv = ['csc', *sys.argv[1:]]\nmain.main()\n"
    )

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *options, "show"],
            capture_output=True,
            text=True,
            cwd=csc.folder,
            env=csc.variables(),
            check=False,
        )

    result = run()
    assert result.returncode == 1
    assert "mistake of csc's own: KeyError" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in run("-v").stderr


def test_output_that_cannot_be_written_is_no_mistake_of_ours(csc: Csc) -> None:
    """A full disk behind `>` is told as one."""
    csc.write("a.cfg", "set Device Name=a\n")
    csc.ok("apply", "--yes", "a.cfg")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from csc.cli.main import main; main()", "status"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=csc.folder,
            env=csc.variables(),
            check=False,
        )
    assert done.returncode == 1
    assert "error: the output cannot be written: No space left on device" in done.stderr
    assert "csc status" in done.stderr

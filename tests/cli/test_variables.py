"""Variables from the command line and from files: who wins, what is wrong, and what a plan keeps of them."""

import json

import pytest
from support.command import Csc

SCRIPT = """\
add Address IP4Address ${var:site}_gw Address=10.0.0.${var:last} Comments=${var:open}
activate
commit
"""
SECRET = "correct-horse-battery-staple"
USER = """\
add LocalUserDatabase ${var:site}
cc LocalUserDatabase ${var:site}
add User ann Password=${var:pw}
cc
activate
commit
"""
VALUES = 'site = "lund"\nlast = 9\nopen = true\n'


def test_files_and_options(csc: Csc) -> None:
    """Texts, numbers and booleans; a later file over an earlier one, -D over all."""
    csc.write("a.cfg", SCRIPT)
    csc.write("all.toml", VALUES)
    csc.write("other.toml", "last = 10\nsite = 'other'\n")
    shown = csc.ok("plan", "--var-file", "all.toml", "a.cfg")
    assert "lund_gw" in shown
    assert "10.0.0.9\n" in shown
    assert "Yes" in shown
    files = ("--var-file", "all.toml", "--var-file", "other.toml")
    shown = csc.ok("plan", "-D", "site=malmo", *files, "a.cfg")
    assert "malmo_gw" in shown
    assert "10.0.0.10\n" in shown


def test_findings_name_the_file(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    csc.write("all.toml", "# all\n" + VALUES.replace("9", "999") + "spare = 1\n")
    result = csc("validate", "--var-file", "all.toml", "a.cfg")
    assert result.returncode == 1
    assert "a.cfg:1:54" in result.stderr
    assert "`${var:last}` is given in all.toml:3" in result.stderr
    assert "`spare` is given in all.toml:5 and never used" in result.stderr


def test_value_is_not_looked_through(csc: Csc) -> None:
    csc.environment["HOME_OF"] = "/root"
    csc.write("a.cfg", "add CertificateStore a Comments=${var:x}\nactivate\ncommit\n")
    csc.ok("apply", "--yes", "-D", "x=${env:HOME_OF} ${var:x} $1", "a.cfg")
    shown = csc.ok("show")
    assert "/root" not in shown
    csc.write("shown.cfg", shown)
    assert "Nothing to do:" in csc.ok("plan", "shown.cfg")


def test_each_script_takes_what_it_needs(csc: Csc) -> None:
    """With --each a variable is unused only if no script uses it."""
    csc.write("a.cfg", "add CertificateStore ${var:a}\nactivate\ncommit\n")
    csc.write("b.cfg", "add CertificateStore ${var:b}\nactivate\ncommit\n")
    options = ("-D", "a=x", "-D", "b=y", "-D", "c=z")
    shown = csc("validate", "--each", *options, "a.cfg", "b.cfg").stderr
    assert shown.count("CSC117") == 1
    assert "`c` is given with -D" in shown


WRONG = {
    "not TOML": ("a = \n", "v.toml:1:5: this is not TOML"),
    "cut off": ('a = "x', "v.toml:1: this is not TOML"),
    "a list": ("a = 1\nb = [1]\n", "v.toml:2: `b` is a list"),
    "a table": ("[b]\nc = 1\n", "v.toml:1: `b` is a table"),
    "a fraction": ("b = 1.5\n", "`b` is a number with a fraction"),
    "a date": ("b = 2026-01-01\n", "`b` is a date or time"),
    "a number without end": ("b = 0x" + "f" * 20 + "\n", "`b` is a number of more than 64 bits"),
    "digits without end": ("b = " + "9" * 5000 + "\n", "v.toml: this holds a number"),
    "depth without end": ("b = " + "[" * 100_000, "v.toml"),
    "no name": ('"a b" = 1\n', "v.toml:1: `a b` cannot be a variable's name"),
    "twice": ("a = 1\na = 2\n", "this is not TOML"),
    "too large": ("#" * (1024 * 1024 + 1), "more than 1 MiB"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_wrong_file(csc: Csc, mistake: str) -> None:
    text, words = WRONG[mistake]
    csc.write("v.toml", text)
    csc.write("a.cfg", SCRIPT)
    result = csc("validate", "--var-file", "v.toml", "a.cfg")
    assert result.returncode == 64, result.stderr
    assert words in result.stderr
    assert "help:" in result.stderr


def test_file_that_cannot_be_read(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    (csc.folder / "latin.toml").write_bytes(b'a = "x"\nb = "caf\xe9"\n')
    for path, words in (
        ("nowhere.toml", "No such file"),
        (".", "Is a directory"),
        ("latin.toml", "latin.toml:2: this is not UTF-8"),
    ):
        result = csc("plan", "--var-file", path, "a.cfg")
        assert result.returncode == 64, result.stderr
        assert words in result.stderr


def test_wrong_option_shows_no_value(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    for wrong in (f"my pw={SECRET}", SECRET):
        result = csc("plan", "-D", wrong, "a.cfg")
        assert result.returncode == 64
        assert SECRET not in result.stderr


def test_saved_plan_keeps_its_values(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    csc.write("v.toml", VALUES + "spare = 'unused'\n")
    csc.ok("plan", "--var-file", "v.toml", "--out", "plan.json", "a.cfg")
    assert "unused" not in (csc.folder / "plan.json").read_text()
    csc.write("v.toml", VALUES.replace("9", "10"))
    result = csc("apply", "--yes", "--var-file", "v.toml", "plan.json")
    assert result.returncode == 3
    assert "`last` is not what the plan was made with" in result.stderr
    assert "10.0.0.9\n" in csc.ok("apply", "--yes", "plan.json")


def test_saved_plan_wants_its_secrets_again(csc: Csc) -> None:
    csc.write("a.cfg", USER)
    given = ("-D", "site=lund", "-D", f"pw={SECRET}")
    csc.ok("plan", *given, "--out", "plan.json", "a.cfg")
    saved = (csc.folder / "plan.json").read_text()
    assert SECRET not in saved
    assert json.loads(saved)["request"]["secret_parameters"] == ["pw"]
    result = csc("apply", "--yes", "plan.json")
    assert result.returncode == 64
    assert "needs `pw` again" in result.stderr
    csc.ok("apply", "--yes", "-D", f"pw={SECRET}", "plan.json")
    assert "Nothing to do:" in csc.ok("plan", *given, "a.cfg")


def test_another_value_is_another_program(csc: Csc) -> None:
    """What a script leaves uncommitted does not hide that it would now do something else."""
    csc.write("a.cfg", "add CertificateStore ${var:x}\nactivate\n")
    csc.ok("apply", "--yes", "-D", "x=one", "a.cfg")
    assert "Nothing to do:" in csc.ok("plan", "-D", "x=one", "a.cfg")
    assert "add CertificateStore two" in csc.ok("plan", "-D", "x=two", "a.cfg")

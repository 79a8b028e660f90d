"""`${var:NAME}` with -D and --var-file; secrets from files, the environment and keyrings."""

import json
import os

import pytest
from support.command import SAMPLES, Csc

SCRIPT = """\
add Address IPAddress ${var:site}_gw Address=${var:gateway} Comments="${var:note}"
set DateTime TimeSyncEnable=${var:sync}
activate
commit
"""
VARIABLES = 'site = "oslo"\ngateway = "10.0.0.1"\nnote = "rack 5, \\"left\\""\nsync = true\n'
SECRET = "correct-horse-battery-staple"


def test_from_file_and_command_line(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    csc.write("all.toml", VARIABLES)
    csc.write("site.toml", 'gateway = "10.0.0.2"\n')
    more = ("--var-file", "all.toml", "--var-file", "site.toml", "-D", "site=bergen")
    csc.ok("apply", "--yes", *more, "a.cfg")
    shown = csc.ok("show")
    assert 'add IPAddress bergen_gw Address=10.0.0.2 Comments="rack 5, \\"left\\""' in shown
    assert "set DateTime TimeSyncEnable=Yes" in shown
    assert "Nothing to do:" in csc.ok("plan", *more, "a.cfg")
    assert "oslo_gw" in csc.ok("plan", "--var-file", "all.toml", "a.cfg")


def test_another_value_is_another_script(csc: Csc) -> None:
    """What a script left uncommitted counts as left by it only with the same values."""
    csc.write("a.cfg", "add Address IPAddress gw Address=${var:gateway}\n")
    csc.ok("apply", "--yes", "-D", "gateway=10.0.0.1", "a.cfg")
    assert "Nothing to do:" in csc.ok("plan", "-D", "gateway=10.0.0.1", "a.cfg")
    assert "10.0.0.1 -> 10.0.0.2" in csc.ok("plan", "-D", "gateway=10.0.0.2", "a.cfg")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("site = ", "is not TOML: Invalid value (at end of document)"),
        ("site = [1]", "site is a list, and has to be text, a whole number or a boolean"),
        ("[site]\na = 1", "site is a dict"),
        ("site = 1.5", "site is a float"),
        ('"a b" = "x"', "no variable can be called 'a b'"),
        ("\udcff", "is not UTF-8 text"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_wrong(csc: Csc, text: str | None, message: str) -> None:
    csc.write("a.cfg", SCRIPT)
    if text is not None:
        (csc.folder / "v.toml").write_bytes(text.encode(errors="surrogateescape"))
    result = csc("validate", "--var-file", "v.toml", "a.cfg")
    assert result.returncode == 64
    assert message in result.stderr
    assert "= help:" in result.stderr or text is None


def test_a_definition_that_is_wrong_does_not_show_its_value(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    for given in (f"a b={SECRET}", f"={SECRET}", f"1a={SECRET}"):
        result = csc("validate", "-D", given, "a.cfg")
        assert result.returncode == 64
        assert SECRET not in result.stderr


def test_a_plan_holds_no_secret_variable(csc: Csc) -> None:
    """It is given again when the plan is applied; without it, the plan is refused as the script would be."""
    csc.write(
        "a.cfg",
        "add PSK office Type=ASCII PSKAscii=${var:psk} Comments=${var:note}\nactivate\ncommit\n",
    )
    given = ("-D", f"psk={SECRET}", "-D", "note=hello")
    printed = csc.ok("plan", *given, "--out", "plan.json", "a.cfg")
    saved = (csc.folder / "plan.json").read_text()
    assert json.loads(saved)["request"]["parameters"] == {"note": "hello"}
    assert SECRET not in printed + saved
    refused = csc("apply", "--yes", "plan.json")
    assert refused.returncode == 1
    assert "the variable `psk` has no value" in refused.stderr
    assert "Done: version 1" in csc.ok("apply", "--yes", "-D", f"psk={SECRET}", "plan.json")
    assert SECRET not in csc.ok("show")


# -- secrets that are read while applying ----------------------------------------------------------

BACKEND = """\
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        if service == "locked":
            raise KeyringLocked("correct-horse-battery-staple")
        if service == "broken":
            raise RuntimeError("correct-horse-battery-staple")
        return {("cmp", "gw"): "correct-horse-battery-staple", ("cmp", "empty"): ""}.get((service, username))

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError
"""


def enrol(csc: Csc, source: str) -> tuple[int, str]:
    csc.write("gw.cfg", (SAMPLES / "gateway.cfg").read_text().replace("=my_secret", f'="{source}"'))
    result = csc("apply", "--sandbox", "--yes", "gw.cfg")
    assert SECRET not in result.stdout + result.stderr
    assert "mistake of csc" not in result.stderr
    return result.returncode, result.stderr


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("cmp/gw", None),
        ("cmp/other", "the keyring holds nothing for cmp/other"),
        ("cmp/empty", "is empty"),
        ("locked/gw", "the keyring cannot be used: KeyringLocked"),
        ("broken/gw", "the keyring failed: RuntimeError"),
    ],
)
def test_keyring(csc: Csc, source: str, message: str | None) -> None:
    csc.write("our_keyring.py", BACKEND)
    csc.environment |= {
        "PYTHONPATH": str(csc.folder),
        "PYTHON_KEYRING_BACKEND": "our_keyring.Keyring",
    }
    code, errors = enrol(csc, f"${{keyring:{source}}}")
    assert (code, message is None or message in errors) == (0 if message is None else 1, True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty", "is empty"),
        ("folder", "Is a directory"),
        ("large", "is no secret"),
        ("latin1", "is not UTF-8 text"),
        ("nothing", "No such file"),
        ("~no_such_user/x", "home directory"),
    ],
)
def test_a_file_that_holds_no_secret(csc: Csc, name: str, message: str) -> None:
    csc.write("empty", "\n")
    (csc.folder / "folder").mkdir()
    csc.write("large", "x" * 100_000)
    (csc.folder / "latin1").write_bytes(b"geheim\xe9")
    code, errors = enrol(csc, f"${{file:{name}}}")
    assert (code, message in errors) == (1, True), errors


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("EMPTY", b"", "is empty"),
        ("ODD", b"\xff", "is not UTF-8 text"),
        ("A=B", None, "is not set"),
    ],
)
def test_a_variable_that_holds_no_secret(
    csc: Csc, name: str, value: bytes | None, message: str
) -> None:
    if value is not None:
        csc.environment[name] = os.fsdecode(value)
    code, errors = enrol(csc, f"${{env:{name}}}")
    assert (code, message in errors) == (1, True), errors

"""Secrets by reference: each source works, and what can go wrong there is a named error with a way out."""

import json
import os
from pathlib import Path

import pytest
from support.command import REPOSITORY, SAMPLES, Csc

GATEWAY = (SAMPLES / "gateway.cfg").read_text()
SECRET = "correct-horse-battery-staple"


def with_keyring(csc: Csc, backend: str = "FileKeyring") -> None:
    (csc.folder / "entries.json").write_text(
        json.dumps({"csc": {"gw": SECRET, "empty": "", "odd": "a\0b"}, "a/b": {"gw": SECRET}})
    )
    csc.environment |= {
        "PYTHONPATH": str(REPOSITORY / "tests"),
        "PYTHON_KEYRING_BACKEND": f"support.keyrings.{backend}",
        "KEYRING_FILE": str(csc.folder / "entries.json"),
    }


def apply(csc: Csc, source: str, script: str = GATEWAY):
    csc.write("gateway.cfg", script.replace("=my_secret", f"={source}"))
    return csc("apply", "--yes", "--sandbox", "gateway.cfg")


def refused(csc: Csc, source: str, *words: str, script: str = GATEWAY) -> None:
    result = apply(csc, source, script)
    assert result.returncode == 1, result.stdout + result.stderr
    for word in words:
        assert word in result.stderr, result.stderr
    assert "help:" in result.stderr
    assert "mistake of csc's own" not in result.stderr
    assert "Traceback" not in result.stderr
    assert SECRET not in result.stdout + result.stderr


@pytest.mark.parametrize("entry", ["csc/gw", "a/b/gw"])
def test_keyring(csc: Csc, entry: str) -> None:
    with_keyring(csc)
    result = apply(csc, f"${{keyring:{entry}}}")
    assert result.returncode == 0, result.stderr
    assert f"${{keyring:{entry}}}" in result.stdout
    assert SECRET not in result.stdout + result.stderr


def test_keyring_is_read_only_while_applying(csc: Csc) -> None:
    with_keyring(csc, "BrokenKeyring")
    csc.write("a.cfg", GATEWAY.replace("=my_secret", "=${keyring:csc/gw}"))
    csc.ok("validate", "--sandbox", "a.cfg")
    csc.ok("plan", "--sandbox", "a.cfg")


@pytest.mark.parametrize(
    ("backend", "entry", "words"),
    [
        ("FileKeyring", "csc/nobody", ("no entry for ${keyring:csc/nobody}", "keyring set csc")),
        ("FileKeyring", "csc/empty", ("${keyring:csc/empty} is empty",)),
        ("FileKeyring", "csc/odd", ("${keyring:csc/odd} holds a NUL character",)),
        ("LockedKeyring", "csc/gw", ("the keyring is locked", "unlock it")),
        ("BrokenKeyring", "csc/gw", ("cannot be used", "ConnectionError", "keyring diagnose")),
        ("RefusingKeyring", "csc/gw", ("cannot be used", "KeyringError")),
        ("NoSuchKeyring", "csc/gw", ("cannot be used", "AttributeError")),
    ],
)
def test_keyring_that_fails(csc: Csc, backend: str, entry: str, words: tuple[str, ...]) -> None:
    with_keyring(csc, backend)
    refused(csc, f"${{keyring:{entry}}}", *words)


def test_machine_without_a_keyring(csc: Csc) -> None:
    csc.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    refused(csc, "${keyring:csc/gw}", "this machine has no keyring", "${env:NAME}")


def test_backend_of_no_module(csc: Csc) -> None:
    csc.environment["PYTHON_KEYRING_BACKEND"] = "no.such.module.Keyring"
    refused(csc, "${keyring:csc/gw}", "the keyring cannot be used", "ModuleNotFoundError")


def test_keyring_that_is_not_installed(csc: Csc) -> None:
    (csc.folder / "hides").mkdir()
    csc.write("hides/keyring.py", "raise ModuleNotFoundError('none', name='keyring')\n")
    csc.environment["PYTHONPATH"] = str(csc.folder / "hides")
    refused(csc, "${keyring:csc/gw}", "not installed", "pip install 'csc-cos[keyring]'")


def test_variable_of_the_environment(csc: Csc) -> None:
    csc.environment["PW"] = ""
    refused(csc, "${env:PW}", "${env:PW} is empty")
    csc.environment["PW"] = f"{SECRET}\n{SECRET}"
    refused(csc, "${env:PW}", "${env:PW} holds a line break")
    csc.environment["PW"] = os.fsdecode(b"\xff" + SECRET.encode())
    refused(csc, "${env:PW}", "${env:PW} is not UTF-8 text")
    refused(csc, "${env:A=B}", "A=B is not set")


FILES = {
    "empty": (b"", "is empty"),
    "one line end": (b"\n", "is empty"),
    "two lines": (f"{SECRET}\nsecond\n".encode(), "holds a line break"),
    "a NUL": (SECRET.encode() + b"\0", "holds a NUL character"),
    "an escape": (SECRET.encode() + b"\x1b[0m", "holds a control character"),
    "a mark of its encoding": (b"\xef\xbb\xbf" + SECRET.encode(), "holds a byte order mark"),
    "not UTF-8": (SECRET.encode() + b"\xff", "is not UTF-8 text"),
    "too large": (b"x" * (64 * 1024 + 1), "more than 64 KiB"),
}


@pytest.mark.parametrize("content", FILES)
def test_file_that_holds_no_secret(csc: Csc, content: str) -> None:
    data, words = FILES[content]
    (csc.folder / "pw").write_bytes(data)
    refused(csc, "${file:pw}", words)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_file_with_or_without_a_line_end(csc: Csc, end: str) -> None:
    (csc.folder / "pw").write_bytes((SECRET + end).encode())
    assert apply(csc, "${file:pw}").returncode == 0


def test_what_is_no_file(csc: Csc, tmp_path: Path) -> None:
    refused(csc, "${file:.}", "it is a directory")
    os.mkfifo(csc.folder / "pipe")
    refused(csc, "${file:pipe}", "it is a pipe")
    refused(csc, "${file:/dev/zero}", "it is a pipe, a socket or a device")
    refused(csc, "${file:nowhere}", "No such file")
    refused(csc, "${file:~no-such-user/pw}", "there can be no file")


def test_hexadecimal_from_elsewhere(csc: Csc) -> None:
    script = GATEWAY.replace("=my_reference", "=0a0b").replace(" -initiate", " -initiate -hex")
    assert "-hex" in script
    for wrong, words in (
        ("c0ffe", "an odd number of digits"),
        ("c0 ff ee", "holds what is no digit"),
        ("0xc0ff", "begins with 0x"),
    ):
        csc.environment["PW"] = wrong
        refused(csc, "${env:PW}", "${env:PW} is not hexadecimal", words, script=script)
    csc.environment["PW"] = "c0ffee"
    assert apply(csc, "${env:PW}", script).returncode == 0

"""Files that are not what a script should be: each is named with its line, its column and a way out."""

import codecs
import json
import os
import subprocess
from pathlib import Path

import pytest
from csc.cli.findings import FORMATS
from support.command import Csc

ADD = "add CertificateStore a\n"
NOT_UTF8 = "iconv -f latin1 -t utf-8 OLD > NEW"
UNREADABLE = {
    "Latin-1": (f"{ADD}# café\n".encode("latin-1"), 2, 6, "0xe9", NOT_UTF8),
    "a byte in the middle": (b"a\nb\nc\xc3\xa9 x\xffy\nd\n", 3, 5, "0xff", NOT_UTF8),
    "a cut character": (b"a\nb\nc\xc3", 3, 2, "0xc3", NOT_UTF8),
    "a surrogate": (b"# \xed\xa0\x80\n", 1, 3, "0xed", NOT_UTF8),
    "a mark before Latin-1": (codecs.BOM_UTF8 + b"# \xe9\n", 1, 3, "0xe9", NOT_UTF8),
    "UTF-16": (codecs.BOM_UTF16_LE + ADD.encode("utf-16-le"), 1, 1, "UTF-16", "-f utf-16 "),
    "UTF-16, big end first": (
        codecs.BOM_UTF16_BE + ADD.encode("utf-16-be"),
        1,
        1,
        "UTF-16",
        "-f utf-16 ",
    ),
    "UTF-16 without a mark": (ADD.encode("utf-16-le"), 1, 1, "UTF-16LE", "-f utf-16le "),
    "UTF-32": (codecs.BOM_UTF32_LE + ADD.encode("utf-32-le"), 1, 1, "UTF-32", "-f utf-32 "),
}


def said(result: subprocess.CompletedProcess[str]) -> str:
    """Everything that was printed; no traceback, and nothing that drives a terminal."""
    text = result.stdout + result.stderr
    assert "Traceback" not in text
    assert "mistake of csc's own" not in text
    assert all(character.isprintable() or character == "\n" for character in text)
    return text


def places(csc: Csc, name: str) -> list[tuple[str, int, int]]:
    """Code, line and column of each finding."""
    result = csc("validate", "--format", "json", name)
    found = json.loads(said(result))["diagnostics"]
    return [(d["code"], d["primary"]["line"], d["primary"]["column"]) for d in found]


@pytest.mark.parametrize("case", UNREADABLE)
def test_not_utf8(csc: Csc, case: str) -> None:
    data, line, column, *words = UNREADABLE[case]
    (csc.folder / "a.cfg").write_bytes(data)
    result = csc("validate", "a.cfg")
    text = said(result)
    assert result.returncode == 1
    assert "CSC112 unreadable-source]: the script is " in text
    assert f" a.cfg:{line}:{column}\n" in text
    assert all(word in text for word in words)
    assert places(csc, "a.cfg") == [("CSC112", line, column)]
    for command in (("plan",), ("apply", "--yes"), ("fmt",)):
        result = csc(*command, "a.cfg")
        assert result.returncode == 1
        assert said(result).count("error[") == 1
    assert (csc.folder / "a.cfg").read_bytes() == data


def test_line_that_is_not_utf8_is_shown_without_its_secrets(csc: Csc) -> None:
    script = "certmgr -initiate -password=geheim # é\n"
    for encoding in ("latin-1", "utf-16", "utf-16-le", "utf-32"):
        (csc.folder / "a.cfg").write_bytes(script.encode(encoding))
        text = said(csc("validate", "a.cfg"))
        assert "1 | certmgr -initiate -password=****** " in text
        assert "geheim" not in text.replace("\N{REPLACEMENT CHARACTER}", "")


@pytest.mark.parametrize("data", [b"", codecs.BOM_UTF8, b"\n", b" \r\n\t"])
def test_nothing_in_it(csc: Csc, data: bytes) -> None:
    (csc.folder / "a.cfg").write_bytes(data)
    assert csc.ok("validate", "a.cfg") == "1 script checked: no findings\n"


def test_mark_is_no_part_of_the_text(csc: Csc) -> None:
    (csc.folder / "a.cfg").write_bytes(codecs.BOM_UTF8 + b"frobnicate\n")
    assert ("CSC103", 1, 1) in places(csc, "a.cfg")


def test_utf8(csc: Csc) -> None:
    (csc.folder / "a.cfg").write_bytes('add CertificateStore é Coments="日本"\n'.encode())
    assert ("CSC215", 1, 24) in places(csc, "a.cfg")


def test_control_characters(csc: Csc) -> None:
    (csc.folder / "a.cfg").write_bytes(b"# \x1b[31m\n# \xc2\x9b\nadd CertificateStore a\0b\n\0")
    found = [place for place in places(csc, "a.cfg") if place[0] == "CSC113"]
    assert found == [("CSC113", 1, 3), ("CSC113", 2, 3), ("CSC113", 3, 23), ("CSC113", 4, 1)]
    csc.write("b.cfg", "\x9b\x7f\u202e\u2028\U000e0001\n")
    for form in FORMATS:
        said(csc("validate", "--format", form, "a.cfg"))
        said(csc("validate", "--format", form, "b.cfg"))


def test_line_ends_of_old_macs(csc: Csc) -> None:
    (csc.folder / "a.cfg").write_bytes(b"add CertificateStore a\radd CertificateStore b\r")
    found = [place for place in places(csc, "a.cfg") if place[0] == "CSC113"]
    assert found == [("CSC113", 1, 23), ("CSC113", 1, 46)]
    assert "end lines with a line feed" in said(csc("validate", "a.cfg"))


def test_folder(csc: Csc) -> None:
    (csc.folder / "a.cfg").mkdir()
    result = csc("validate", "a.cfg")
    assert (result.returncode, "Is a directory" in said(result)) == (1, True)


def test_device(csc: Csc) -> None:
    assert csc.ok("validate", "/dev/null") == "1 script checked: no findings\n"


def test_pipe(csc: Csc) -> None:
    os.mkfifo(csc.folder / "pipe")
    with subprocess.Popen(
        csc.command("validate", "pipe"),
        cwd=csc.folder,
        env=csc.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        (csc.folder / "pipe").write_bytes(b"frobnicate\n")  # waits until it is read
        _, errors = process.communicate()
    assert " pipe:1:1\n" in errors


def test_upload_that_is_a_pipe(csc: Csc) -> None:
    """It is not read: nobody may ever write to it."""
    os.mkfifo(csc.folder / "pipe")
    csc.write(
        "a.cfg", f"{ADD}cc {ADD[4:]}add Certificate b Type=Remote CertificateData=file://pipe\n"
    )
    result = csc("validate", "a.cfg")
    assert result.returncode == 1
    assert "CSC213" in said(result)
    assert "`pipe` cannot be read" in said(result)


@pytest.mark.parametrize("name", ["a\nb.cfg", "a\x1b[31mb.cfg", "a\x07.cfg", "a\u202eb.cfg"])
def test_file_name_drives_no_terminal(csc: Csc, name: str) -> None:
    csc.write(name, "frobnicate\n")
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    assert f"{shown}:1:1" in said(csc("--color", "never", "validate", name))
    for form in FORMATS[1:]:
        said(csc("validate", "--format", form, name))
    csc.write(name, "frobnicate   x\n")
    for arguments in (("--check", name), ("--diff", name), ("--check", ".")):
        assert shown in said(csc("--color", "never", "fmt", *arguments))
    assert shown in said(csc("--color", "never", "validate", f"no/{name}"))


def test_file_name_that_is_not_utf8(csc: Csc) -> None:
    name = os.fsdecode(b"a\xff.cfg")
    (csc.folder / name).write_text("frobnicate\n")
    for command in (("validate", "--format", "sarif"), ("plan", "--json"), ("apply",), ("fmt",)):
        result = csc(*command, name)
        assert result.returncode == 64
        assert "the argument a\N{REPLACEMENT CHARACTER}.cfg is not UTF-8" in said(result)
        assert "help:" in result.stderr


def test_standard_input_that_is_closed(csc: Csc, tmp_path: Path) -> None:
    del tmp_path
    result = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *csc.command("validate", "-")],
        cwd=csc.folder,
        env=csc.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "standard input is closed" in said(result)
    assert "help:" in result.stderr

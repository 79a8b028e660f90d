"""`csc fmt` on files: what it writes, says and leaves alone."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from support.command import Csc

UGLY = "System:/> add   CertificateStore a\n\tComments=x\n"
FINE = "add CertificateStore a Comments=x\n"


def test_files_are_laid_out_in_place(csc: Csc) -> None:
    ugly, fine = csc.write("ugly.cfg", UGLY), csc.write("fine.cfg", FINE)
    ugly.chmod(0o640)
    before = fine.stat()
    result = csc("fmt", "ugly.cfg", "fine.cfg")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "1 script laid out, 1 script unchanged\n"
    assert ugly.read_text() == FINE
    assert stat.S_IMODE(ugly.stat().st_mode) == 0o640
    assert (fine.stat().st_ino, fine.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert csc("-q", "fmt", "ugly.cfg").stderr == ""


def test_check_writes_nothing(csc: Csc) -> None:
    ugly = csc.write("ugly.cfg", UGLY)
    result = csc("fmt", "--check", "ugly.cfg")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "would be laid out: ugly.cfg\n1 script would be laid out\n"
    assert ugly.read_text() == UGLY
    csc.write("ugly.cfg", FINE)
    assert csc("fmt", "--check", "ugly.cfg").returncode == 0


def test_diff(csc: Csc) -> None:
    ugly = csc.write("ugly.cfg", UGLY)
    result = csc("fmt", "--diff", "ugly.cfg")
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "--- ugly.cfg",
        "+++ ugly.cfg",
        "@@ -1,2 +1 @@",
        "-System:/> add   CertificateStore a",
        "-→   Comments=x",
        "+add CertificateStore a Comments=x",
    ]
    assert ugly.read_text() == UGLY
    assert csc("fmt", "--diff", csc.write("fine.cfg", FINE)).stdout == ""


def test_diff_shows_no_secret(csc: Csc) -> None:
    csc.write("a.cfg", "add   User ann Password=hunter2\n")
    result = csc("fmt", "--diff", "a.cfg")
    assert "hunter2" not in result.stdout + result.stderr
    assert "+add User ann Password=*******" in result.stdout


def test_standard_input(csc: Csc) -> None:
    def fmt(*options: str) -> subprocess.CompletedProcess[str]:
        command = csc.command("fmt", *options, "-")
        return subprocess.run(
            command, input=UGLY, capture_output=True, text=True, env=csc.variables(), check=False
        )

    assert fmt().stdout == FINE
    checked = fmt("--check")
    assert (checked.returncode, checked.stdout) == (1, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_standard_output_is_utf8(csc: Csc, encoding: str) -> None:
    variables = csc.variables() | {"PYTHONIOENCODING": encoding}
    result = subprocess.run(
        csc.command("fmt", "-"),
        input="add  X é\r\n".encode(),
        capture_output=True,
        env=variables,
        check=True,
    )
    assert result.stdout == "add X é\n".encode()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("add X a", ["-add X a", "\\ No newline at end of file", "+add X a"]),
        ("\ufeffadd X a\n", ["-\ufffdadd X a", "+add X a"]),
        ("\ufeff", ["-\ufffd"]),
        ("add X a\r\n", ["-add X a␍", "+add X a"]),
    ],
)
def test_diff_shows_what_is_at_the_ends(csc: Csc, text: str, lines: list[str]) -> None:
    (csc.folder / "a.cfg").write_bytes(text.encode())
    result = csc("fmt", "--diff", "a.cfg")
    assert result.returncode == 1
    assert result.stdout.splitlines()[3:] == lines


def test_names_of_files_drive_no_terminal(csc: Csc) -> None:
    csc.write("\x07.cfg", UGLY)
    assert csc("fmt", "--check", ".").stderr.startswith("would be laid out: \ufffd.cfg\n")


def test_folders(csc: Csc) -> None:
    folder = csc.folder / "scripts" / "branch"
    folder.mkdir(parents=True)
    for name in ("b.cfg", "a.sgs", "notes.txt"):
        (folder / name).write_text(UGLY)
    assert "2 scripts laid out" in csc("fmt", "scripts").stderr
    assert (folder / "notes.txt").read_text() == UGLY
    assert csc("fmt", "scripts", "--check").returncode == 0
    (csc.folder / "empty").mkdir()
    assert "no scripts found" in csc("fmt", "empty").stderr


def test_for_a_device(csc: Csc) -> None:
    long = "add CertificateStore a\n    Comments=" + "x" * 100 + "\n"
    path = csc.write("long.cfg", long)
    assert csc("fmt", "--check", path).returncode == 0
    csc.ok("fmt", "--device", path)
    assert path.read_text() == long.replace("\n    ", " ")


def test_width(csc: Csc) -> None:
    path = csc.write("a.cfg", "add CertificateStore a Comments=0123456789\n")
    csc.ok("fmt", "--width", 41, path)
    assert path.read_text() == "add CertificateStore a\n    Comments=0123456789\n"
    assert csc("fmt", "--width", 39, path).returncode == 64


def test_malformed_scripts_stay_as_they_are(csc: Csc) -> None:
    """Findings as validate shows them; the other scripts are laid out."""
    open_quote = csc.write("open.cfg", '  add X a Comments="b\n')
    (csc.folder / "latin.cfg").write_bytes(b"add X a Comments=\xe9\n")
    ugly = csc.write("ugly.cfg", UGLY)
    result = csc("fmt", "open.cfg", "latin.cfg", "ugly.cfg")
    assert result.returncode == 1
    assert "CSC101 unterminated-quote" in result.stderr
    assert "--> open.cfg:1:11" in result.stderr
    assert "--> latin.cfg:1:18" in result.stderr
    assert "1 script laid out, 2 scripts not laid out" in result.stderr
    assert open_quote.read_text() == '  add X a Comments="b\n'
    assert ugly.read_text() == FINE


def test_lines_that_end_in_carriage_returns_stay_as_they_are(csc: Csc) -> None:
    """Laid out, they would be one command, and nothing would tell of it any more."""
    path = csc.folder / "mac.cfg"
    path.write_bytes(b"add X a\radd X b\r")
    result = csc("fmt", path)
    assert result.returncode == 1
    assert "CSC113" in result.stderr
    assert "1 script not laid out" in result.stderr
    assert path.read_bytes() == b"add X a\radd X b\r"


def test_links_stay_links(csc: Csc) -> None:
    target = csc.write("target.cfg", UGLY)
    link = csc.folder / "link.cfg"
    link.symlink_to(target)
    csc.ok("fmt", "link.cfg")
    assert link.is_symlink()
    assert target.read_text() == FINE


def test_byte_order_mark_goes(csc: Csc) -> None:
    path = csc.write("marked.cfg", "\ufeff" + FINE)
    assert csc("fmt", "--check", path).returncode == 1
    csc.ok("fmt", path)
    assert path.read_text() == FINE


def test_byte_order_mark_survives_a_fix(csc: Csc) -> None:
    path = csc.write("marked.cfg", "\ufeffadd CertificatStore a\nactivate\ncommit\n")
    csc("validate", "--fix", path)
    assert path.read_text() == "\ufeffadd CertificateStore a\nactivate\ncommit\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written(csc: Csc) -> None:
    folder = csc.folder / "closed"
    folder.mkdir()
    path = folder / "a.cfg"
    path.write_text(UGLY)
    folder.chmod(0o500)
    try:
        assert "cannot be written" in csc("fmt", path).stderr
    finally:
        folder.chmod(0o700)
    assert path.read_text() == UGLY


def test_path_that_is_not_there(csc: Csc) -> None:
    result = csc("fmt", Path("nowhere.cfg"))
    assert result.returncode == 1
    assert "nowhere.cfg cannot be read" in result.stderr

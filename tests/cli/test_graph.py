"""`csc graph`: formats, files, saved plans, and what it says where nothing can draw."""

import shutil
import stat
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from support.command import SAMPLES, Csc

GATEWAY = SAMPLES / "gateway.cfg"
TITLE = "{http://www.w3.org/2000/svg}title"


def without_graphviz(csc: Csc) -> None:
    csc.environment["PATH"] = str(csc.folder)


def without_igraph(csc: Csc) -> None:
    csc.write("igraph.py", "raise ImportError\n")
    csc.environment["PYTHONPATH"] = str(csc.folder)


def test_formats(csc: Csc) -> None:
    """Text for graphviz on stdout; in a file, what its suffix says, if not --format."""
    text = csc.ok("graph", "--sandbox", GATEWAY)
    assert text.startswith("digraph plan {\n")
    for name in ("plan.dot", "plan.gv"):
        assert csc.ok("graph", "--sandbox", "-o", name, GATEWAY) == ""
        assert (csc.folder / name).read_text() == text
    without_graphviz(csc)
    csc.ok("graph", "--sandbox", "-o", "plan.svg", GATEWAY)
    picture = (csc.folder / "plan.svg").read_text()
    assert ET.fromstring(picture).findtext(TITLE) == (
        "Plan: 4 to add, 1 to change, 1 certificate to initiate, 2 CMP requests, activate, commit."
    )
    csc.ok("graph", "--sandbox", "--format", "svg", "-o", "plan.txt", GATEWAY)
    assert (csc.folder / "plan.txt").read_text() == picture
    assert csc.ok("graph", "--sandbox", "--format", "svg", GATEWAY) == picture


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
def test_graphviz_comes_first(csc: Csc) -> None:
    without_igraph(csc)
    picture = csc.ok("graph", "--sandbox", "--format", "svg", GATEWAY)
    assert len(ET.fromstring(picture)) > 5


def test_nothing_that_could_draw(csc: Csc) -> None:
    without_graphviz(csc)
    without_igraph(csc)
    result = csc("-q", "graph", "--sandbox", "--format", "svg", GATEWAY)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "neither graphviz nor igraph is installed" in result.stderr
    assert "apt install graphviz" in result.stderr
    assert "pip install 'csc-cos[graph]'" in result.stderr
    csc.ok("graph", "--sandbox", GATEWAY)
    csc.write("empty.cfg", "")
    assert "Nothing to do" in csc.ok("graph", "--format", "svg", "empty.cfg")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("echo broken >&2; exit 3", "broken"),
        ("exit 3", "code 3"),
        ("cat >/dev/null; echo node", "out of range"),
        ("cat >/dev/null; echo graph 1 1 1", "left out"),
    ],
)
def test_graphviz_fails(csc: Csc, program: str, said: str) -> None:
    without_graphviz(csc)
    dot = csc.write("dot", f"#!/bin/sh\nPATH=/usr/bin:/bin\n{program}\n")
    dot.chmod(0o755)
    result = csc("graph", "--sandbox", "--format", "svg", GATEWAY)
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_files_are_replaced_as_a_whole(csc: Csc) -> None:
    """A file keeps its mode, a link stays one; what cannot be written is said."""
    target = csc.write("target.dot", "old")
    target.chmod(0o600)
    (csc.folder / "link.dot").symlink_to("target.dot")
    csc.ok("graph", "--sandbox", "-o", "link.dot", GATEWAY)
    assert (csc.folder / "link.dot").is_symlink()
    assert target.read_text().startswith("digraph")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    result = csc("graph", "--sandbox", "-o", "nowhere/plan.dot", GATEWAY)
    assert result.returncode == 1
    assert "nowhere/plan.dot cannot be written" in result.stderr
    assert sorted(path.name for path in csc.folder.iterdir()) == ["link.dot", "target.dot"]


def test_saved_plan(csc: Csc) -> None:
    shutil.copy(GATEWAY, csc.folder)
    text = csc.ok("graph", "--sandbox", "gateway.cfg")
    csc.ok("plan", "--sandbox", "--out", "plan.json", "gateway.cfg")
    assert csc.ok("graph", "plan.json") == text
    csc.write("gateway.cfg", "add CertificateStore cmp\n")
    result = csc("graph", "plan.json")
    assert result.returncode == 3
    assert "the script has changed" in result.stderr


def test_script_with_errors(csc: Csc) -> None:
    csc.write("bad.cfg", "bad\n")
    result = csc("graph", "-o", "bad.dot", "bad.cfg")
    assert result.returncode == 1
    assert "CSC103" in result.stderr
    assert not (csc.folder / "bad.dot").exists()


def test_the_same_bytes_in_every_locale(csc: Csc) -> None:
    csc.write("a.cfg", "add IPAddress 日本 Address=10.0.0.1\nactivate\ncommit\n")
    one = csc.ok("graph", "a.cfg")
    csc.environment["LC_ALL"] = "C"
    csc.environment["PYTHONHASHSEED"] = "7"
    assert csc.ok("graph", "a.cfg") == one
    assert "日本" in one


def test_igraph_is_loaded_only_for_pictures() -> None:
    """`csc validate` has to start fast."""
    code = "import sys; from csc.cli.commands import graph; print('igraph' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

"""`csc explain`: the table of the rules, and the page of each."""

import json
import subprocess
import sys

import pytest
from csc.cli.views.markdown_text import render
from csc.compiler.rules import RULES
from csc.compiler.rules.page import read_page
from support.command import Csc


@pytest.mark.parametrize("word", ["CSC301", "csc301", "key-lost-at-restart", "Key-Lost-At-Restart"])
def test_page_of_a_rule(csc: Csc, word: str) -> None:
    text = csc.ok("explain", word)
    assert text.startswith("warning[CSC301 key-lost-at-restart]: obtained but never bound\n\n")
    assert "\n\nWhy it matters\n\n`certmgr` leaves two files" in text
    assert "\n\n    certmgr -initiate -clientcert=cmp/gw" in text
    assert "```" not in text


def test_overview(csc: Csc) -> None:
    head, *lines = csc.ok("explain").splitlines()
    assert head.split() == ["code", "name", "severity", "finds"]
    assert [line.split()[:3] for line in lines] == [
        [rule.code, rule.name, rule.severity] for rule in RULES
    ]


def test_json(csc: Csc) -> None:
    every = json.loads(csc.ok("explain", "--json"))
    one = json.loads(csc.ok("explain", "--json", "csc206"))
    assert every["schema"] == one["schema"] == "csc/rules/1"
    assert [entry["code"] for entry in every["rules"]] == [rule.code for rule in RULES]
    (entry,) = one["rules"]
    assert entry in every["rules"]
    assert entry["name"] == "dangling-reference"
    assert entry["severity"] == "error"
    assert "\n```cos right\n" in entry["page"]


@pytest.mark.parametrize(
    ("word", "way_out"),
    [
        ("key-lost-at-restrat", "did you mean key-lost-at-restart?"),
        ("no-efect", "did you mean no-effect?"),
        ("E0308", "`csc explain` lists them all"),
        ("", "`csc explain` lists them all"),
    ],
)
def test_no_such_rule(csc: Csc, word: str, way_out: str) -> None:
    result = csc("explain", word)
    assert (result.returncode, result.stdout) == (64, "")
    assert way_out in result.stderr


def test_starts_with_little() -> None:
    """Neither parser nor cryptography is loaded to print a page."""
    program = (
        "import sys\nfrom csc.cli.main import cli\n"
        "cli.main(['explain', 'CSC301'], standalone_mode=False)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    loaded = set(printed.splitlines()[-1].split())
    assert "click" in loaded
    assert not loaded & {"lark", "cryptography", "httpx", "pyasn1", "jinja2", "rich", "sqlite3"}


def test_findings_lead_to_a_page_once(csc: Csc) -> None:
    """One line for a run: for an error first, none of it quietly, none for notes."""
    csc.write("one.cfg", "add IPAddress a Address=10.0.0.1\n")
    csc.write("two.cfg", "add IPAddress b Address=10.0.0.1\nad CertificateStore c\n")
    csc.write("note.cfg", "show\n")
    hint = "For more about "
    one, two = csc("validate", "one.cfg"), csc("validate", "one.cfg", "two.cfg")
    assert one.stderr.endswith(f"\n{hint}this finding: `csc explain uncommitted-changes`\n\n")
    assert two.stderr.endswith(f"\n{hint}a finding: `csc explain unknown-command`\n\n")
    assert two.stderr.count(hint) == 1
    for arguments in (["-q", "validate", "two.cfg"], ["validate", "note.cfg"]):
        assert hint not in csc(*arguments).stderr


def test_fmt_leads_to_a_page_once(csc: Csc) -> None:
    for name in ("one.cfg", "two.cfg"):
        csc.write(name, 'add CertificateStore a Comments="\n')
    stderr = csc("fmt", "--check", ".").stderr
    assert stderr.count("error[CSC101") == 2
    assert stderr.count("`csc explain unterminated-quote`") == 1


def test_sarif_holds_the_pages(csc: Csc) -> None:
    csc.write("empty.cfg", "")
    log = json.loads(csc.ok("validate", "--format", "sarif", "empty.cfg"))
    described = log["runs"][0]["tool"]["driver"]["rules"]
    assert [entry["help"]["markdown"] for entry in described] == [*map(read_page, RULES)]
    assert not any("\x1b" in entry["help"]["text"] for entry in described)


def test_markdown_as_text() -> None:
    page = (
        "First line\nof a paragraph.\n- one\n  item\n- two\n\n## Head\nBehind it:\n"
        "```cos wrong\nadd A\n\n  B=1\n```\nAt the end."
    )
    assert render(page).split("\n") == [
        "First line of a paragraph.",
        "",
        "- one item",
        "- two",
        "",
        "\x1b[1mHead\x1b[0m",
        "",
        "Behind it:",
        "",
        "    add A",
        "",
        "      B=1",
        "",
        "At the end.",
    ]


def test_pages_fit_a_terminal() -> None:
    for rule in RULES:
        for line in render(read_page(rule)).splitlines():
            assert len(line) <= 80 or line.startswith("    "), line

"""Findings for machines: each format is what its readers take, whatever the scripts say."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from csc.cli.findings import render
from csc.cli.views.reported import fingerprints, portable
from csc.cli.views.source_text import Lines, masked_lines, to_json
from csc.compiler import rules
from csc.compiler.compile import compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.diagnostics import Diagnostic, finding
from csc.compiler.machine import Circumstances
from csc.grammar.ast import Span
from csc.grammar.parser import parse
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from support.cases import ISSUED, all_cases, compile_case
from support.command import REPOSITORY, Csc

SARIF = json.loads((REPOSITORY / "tests" / "data" / "sarif-schema-2.1.0.json").read_text())
NASTY = (
    'a]]>&<b x="1">\'\x00\x1b[31m\x9b\u202e\ufffe\U0001f600\r\n::error::x ##[error]y %0A [l](1) {0}'
)


def found_in(text: str, file: str = "a.cfg") -> tuple[Sequence[Diagnostic], Lines]:
    script = parse(text, file)
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: None, None)
    return compile_scripts([script], circumstances).diagnostics, masked_lines([script])


def case(path: Path) -> tuple[Sequence[Diagnostic], Lines]:
    script = parse(path.read_bytes().decode(), path.name)
    return compile_case(path).diagnostics, masked_lines([script])


def made(text: str, rule: rules.Rule = rules.UNKNOWN_COMMAND) -> Diagnostic:
    return finding(rule, text, Span("a.cfg", 1, 1, 2), text, help=text)


def check_sarif(text: str) -> None:
    log = json.loads(text)
    errors = [e.message for e in Draft7Validator(SARIF).iter_errors(log)]
    assert not errors
    for result in log["runs"][0]["results"]:
        rule = log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]


def check_gitlab(text: str) -> None:
    issues = json.loads(text)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith(("/", "./"))


def check_junit(text: str, number: int) -> None:
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    failed, passed = root.findall(".//failure"), root.findall(".//system-out")
    assert len(failed) == int(root.attrib["failures"])
    assert len(failed) + len(passed) == number
    assert {element.attrib["type"] for element in failed} <= {"error", "warning"}
    assert len(root.findall(".//testcase")) == int(root.attrib["tests"])
    for suite in root:
        assert len(suite.findall("testcase")) == int(suite.attrib["tests"]) > 0
        assert len(suite.findall("testcase/failure")) == int(suite.attrib["failures"])


def check_github(text: str, number: int) -> None:
    lines = text.split("\n") if text else []
    shape = r"::(error|warning|notice) (file=.*,line=\d+,col=\d+,endColumn=\d+,)?title=[^:,]*::.*"
    for line in lines:
        assert re.fullmatch(shape, line), line
    assert len(lines) <= number + 1
    order = ["error", "warning", "notice"]
    ranks = [order.index(line[2:].split(" ")[0]) for line in lines]
    assert ranks == sorted(ranks)


def check_all(diagnostics: Sequence[Diagnostic], lines: Lines) -> None:
    check_sarif(render("sarif", diagnostics, lines))
    check_gitlab(render("gitlab", diagnostics, lines))
    check_junit(render("junit", diagnostics, lines), len(diagnostics))
    check_github(render("github", diagnostics, lines), len(diagnostics))


@pytest.mark.parametrize("path", all_cases(), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_cases(path: Path) -> None:
    check_all(*case(path))


@given(st.text(max_size=200) | st.just(NASTY))
def test_any_text(text: str) -> None:
    """Of messages, of scripts and of the names of files."""
    lines = {"a.cfg": [text.replace("\n", " ")], text: [""]}
    diagnostics = [made(text), made(text), made(text, rules.NOT_COMMITTED)]
    check_sarif(render("sarif", diagnostics, lines))
    check_junit(render("junit", diagnostics, lines), 3)
    check_github(render("github", diagnostics, lines), 3)
    check_gitlab(render("gitlab", diagnostics, lines))


def test_junit_has_a_suite_for_each_script() -> None:
    diagnostics, lines = found_in("frobnicate\n")
    root = ElementTree.fromstring(render("junit", diagnostics, {**lines, "b.cfg": [""]}))
    first, second = root
    assert (first.attrib["name"], second.attrib["name"]) == ("a.cfg", "b.cfg")
    failure = first.find("testcase/failure")
    assert failure is not None
    assert failure.attrib["type"] == "error"
    assert "1 | frobnicate" in (failure.text or "")
    assert "\x1b" not in (failure.text or "")
    (passed,) = second
    assert passed.attrib["name"] == "no findings"


def counts(errors: int, warnings: int, notes: int) -> tuple[list[str], str]:
    """The commands of so many findings, the least first, and what the last line says."""
    diagnostics = [
        *(made("n", rules.NO_EFFECT) for _ in range(notes)),
        *(made("w", rules.NOT_COMMITTED) for _ in range(warnings)),
        *(made("e") for _ in range(errors)),
    ]
    out = render("github", diagnostics, {"a.cfg": ["x"]}).split("\n")
    return [line[2:].split(" ")[0] for line in out], out[-1].rpartition("::")[2]


def test_github_counts_what_its_limit_swallows() -> None:
    """Ten errors, ten warnings and ten notices are shown of a step; the count is a notice itself."""
    kinds, last = counts(10, 10, 10)
    assert kinds == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    assert last == "n%0An"
    kinds, last = counts(12, 10, 0)
    assert kinds == ["error"] * 12 + ["warning"] * 10 + ["notice"]
    assert last == "2 errors more than GitHub shows of a step: see `csc validate`"
    kinds, last = counts(0, 11, 10)
    assert kinds == ["warning"] * 11 + ["notice"] * 10
    assert last.startswith("1 warning, 1 note more than")
    kinds, last = counts(0, 0, 30)
    assert kinds == ["notice"] * 10
    assert last.startswith("21 notes more than")


def test_fingerprints_stay_when_lines_move() -> None:
    text = "frobnicate\nadd CertificateStore cmp Coments=x\nfrobnicate\n"
    before, lines = found_in(text)
    moved, lines_moved = found_in(f"# a comment\n\n\tcc\n{text}")
    prints = fingerprints(before, lines)
    assert prints == fingerprints(moved, lines_moved)
    assert len(set(prints)) == len(before) > 2
    edited, lines_edited = found_in(text.replace("Coments=x", "Coments=y"))
    assert len(set(prints) & set(fingerprints(edited, lines_edited))) == len(prints) - 1


def test_paths_are_those_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for written in ("a/b.cfg", "./a/b.cfg", "a/../a//b.cfg", str(tmp_path / "a" / "b.cfg")):
        assert portable(written) == "a/b.cfg"
    assert portable("<stdin>") == "<stdin>"
    assert portable(str(tmp_path.parent / "c.cfg")) == "../c.cfg"


def test_errors_come_first_in_every_report(csc: Csc) -> None:
    """Several scripts, one document; the paths are relative, however the scripts were named."""
    csc.write("a.cfg", "add Widget a\nactivate\ncommit\n")
    csc.write("b.cfg", "frobnicate\n")
    scripts = ("a.cfg", csc.folder / "b.cfg")
    runs = json.loads(csc("validate", "--format", "sarif", *scripts).stdout)["runs"]
    assert [r["level"] for r in runs[0]["results"]] == ["error", "warning"]
    uri = runs[0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "b.cfg"
    issues = json.loads(csc("validate", "--format", "gitlab", *scripts).stdout)
    assert [i["severity"] for i in issues] == ["critical", "major"]
    assert [i["location"]["path"] for i in issues] == ["b.cfg", "a.cfg"]
    github = csc("validate", "--format", "github", *scripts).stdout
    assert github.startswith("::error file=b.cfg,line=1,")
    document = json.loads(csc("validate", "--format", "json", *scripts).stdout)
    assert {d["primary"]["file"] for d in document["diagnostics"]} == {"a.cfg", "b.cfg"}
    suites = ElementTree.fromstring(csc("validate", "--format", "junit", *scripts).stdout)
    assert [s.attrib["name"] for s in suites] == ["a.cfg", "b.cfg"]


def test_no_findings_are_a_document(csc: Csc) -> None:
    csc.write("a.cfg", "# nothing\n")
    assert csc.ok("validate", "--format", "gitlab", "a.cfg") == "[]\n"
    check_junit(csc.ok("validate", "--format", "junit", "a.cfg"), 0)
    check_sarif(csc.ok("validate", "--format", "sarif", "a.cfg"))
    assert csc.ok("validate", "--format", "github", "a.cfg") == "\n"


def test_links_in_messages_are_text() -> None:
    log = json.loads(render("sarif", [made("[a](http://x) [b]")], {}))
    (result,) = log["runs"][0]["results"]
    assert result["message"]["text"].startswith("\\[a](http://x) [b];")


def test_json_escapes_what_nobody_sees() -> None:
    text = "\x00\x1b\x7f\x9b\u202e\u2028\ufeff\U000e0001é日"
    shown = to_json({"a": text})
    assert json.loads(shown) == {"a": text}
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert "é日" in shown
    assert "\\u007f\\u009b\\u202e\\u2028\\ufeff" in shown

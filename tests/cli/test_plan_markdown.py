"""A plan as a comment: dangers first, well formed however it is cut, and script text stays text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from csc.cli.views import markdown, plan_markdown
from csc.cli.views.source_text import printable
from csc.compiler.compile import Compilation, compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.machine import Circumstances
from csc.grammar.parser import parse
from csc.grammar.quoting import quote
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.cases import ISSUED, all_cases, carried_out, compile_case
from support.command import SAMPLES, Csc

OURS = {
    "p",
    "strong",
    "h3",
    "pre",
    "code",
    "ul",
    "li",
    *("table", "thead", "tbody", "tr", "th", "td"),
}
TEXTS = st.text(alphabet="ab`|~<>&@#\\[]()*_!:/.-+=\n\r {}$\x1b\u202e", max_size=40) | st.text()
NASTY = "```\n````diff|</code><img src=x onerror=y> @team #1 [a](http://b) **c** www.d.e \\| ~~~"


class Reader(HTMLParser):
    """The tags that a browser would see, and the text in each `code`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.codes: list[str] = []
        self.is_code = False
        self.outside = ""
        parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        self.feed(parser.render(text))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"class"}
        if tag == "code":
            self.is_code = True
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self.is_code = False

    def handle_data(self, data: str) -> None:
        if self.is_code:
            self.codes[-1] += data
        else:
            self.outside += data


def compiled(text: str, base: DeviceState | None = None) -> Compilation:
    circumstances = Circumstances(
        base or DeviceState(), ISSUED, lambda name: f"sha256:{name}", None
    )
    return compile_scripts([parse(text, "a.cfg")], circumstances)


def comment(compilation: Compilation, limit: int = plan_markdown.MAX_LENGTH) -> str:
    return plan_markdown.render(compilation.plan, compilation.diagnostics, limit)


@pytest.mark.parametrize("path", all_cases(), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_cases(path: Path) -> None:
    """All of it, and as much as fits into less, is a comment of our own making."""
    compilation = compile_case(path)
    whole = comment(compilation)
    for limit in (plan_markdown.MAX_LENGTH, 3000, 1500, plan_markdown.LEAST_LENGTH):
        text = comment(compilation, limit)
        assert len(text) <= limit
        assert text.startswith(("**Plan: ", "**No plan: ", "**Nothing to do: "))
        assert Reader(text).tags <= OURS
        assert ("**Cut here" in text) == (text != whole)
    steps = compilation.plan.steps if compilation.plan else ()
    for step in steps:
        assert f" {step.id} " in whole


@given(TEXTS | st.just(NASTY))
def test_script_text_stays_text(text: str) -> None:
    part = markdown.fenced("Changes", [f"+ {printable(text)}"], "step")
    row = ("error", markdown.inline(text), "x")
    table = markdown.table("Findings", ("a", "b", "c"), [row], "finding")
    bullets = markdown.bullets("Nothing", [f"{markdown.inline(text)}: y"], "command")
    read = Reader(markdown.fit("**Head**\n", [part, table, bullets], 10_000))
    assert read.tags <= OURS
    shown = printable(text)
    # HTML lets the last blank of a line go; blanks are all that may be lost.
    assert [" ".join(c.split()) for c in read.codes] == [
        " ".join(c.split()) for c in (f"+ {shown}\n", shown, shown)
    ]
    assert " ".join(read.outside.split()) == "Head Changes Findings a b c error x Nothing : y"


def test_script_text_stays_text_in_a_comment() -> None:
    """In values, names, findings and the names of files."""
    script = (
        f"add CertificateStore a Comments={quote(NASTY.replace(chr(10), ' '))}\n"
        "add Widget <b>|`x`\nactivate\ncommit\n"
    )
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: None, None)
    compilation = compile_scripts([parse(script, "|<i>`.cfg")], circumstances)
    assert compilation.plan is not None
    read = Reader(comment(compilation))
    assert read.tags == {
        "p",
        "strong",
        "h3",
        "pre",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    for word in ("@team", "<img", "<b>", "<i>"):
        assert word not in read.outside
        assert any(word in code for code in read.codes)


DEVICE = """\
add CertificateStore cmp
cc CertificateStore cmp
add Certificate ca Type=Remote CertificateData=file://ca.der
add Certificate own Type=Local CertificateData=file://own.der PrivateKey=file://own.key
cc
add User ann Password=one
add CertificateStore old
activate
commit
"""


def test_dangers_come_first() -> None:
    """Deletions and replaced keys and secrets, before everything else; what is only added is none."""
    start = compiled(DEVICE)
    assert "Destructive" not in comment(start)
    assert start.prediction is not None
    text = comment(
        compiled(
            "set User ann Password=two\nset CertificateStore cmp Comments=x\n"
            "delete CertificateStore old\ncc CertificateStore cmp\n"
            "set Certificate own CertificateData=file://new.der PrivateKey=file://new.key\n"
            "activate\ncommit\n",
            carried_out(start.prediction),
        )
    )
    first, _, rest = text.partition("### Destructive steps\n")
    assert re.fullmatch(r"\*\*Plan: .*\.\*\*\n\nIdempotent: .*\n\n", first)
    dangers, _, changes = rest.partition("### Changes")
    assert re.findall(r"- s\d+: (.*), <code>a.cfg", dangers) == [
        "replaces <code>Password</code> of <code>User ann</code>",
        "deletes <code>CertificateStore old</code>",
        "replaces <code>PrivateKey</code> of <code>Certificate cmp/own</code>",
    ]
    assert "\n-     Password  (secret)\n+     Password  (secret)\n" in changes
    assert "\n- s" in changes
    assert "two" not in text


def test_revocation_is_destructive(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    text = csc.ok("plan", "--sandbox", "--format", "markdown", SAMPLES / "revoke.cfg")
    assert "revokes the certificate of <code>cmp/clcert</code> at the CA" in text
    text = csc.ok("plan", "--sandbox", "--format", "markdown", SAMPLES / "update.cfg")
    assert "replaces <code>PrivateKey</code> of <code>Certificate cmp/clcert</code>" in text


def test_errors_are_a_comment_too(csc: Csc) -> None:
    csc.write("a.cfg", "add Widget w\nfrobnicate\n")
    result = csc("plan", "--format", "markdown", "--json-into", "plan.json", "a.cfg")
    assert result.returncode == 1
    assert result.stdout.startswith("**No plan: 1 error, ")
    assert result.stdout.index("| error |") < result.stdout.index("| warning |")
    assert not (csc.folder / "plan.json").exists()


def test_a_cut_comment_counts_what_it_lacks() -> None:
    script = "".join(f"add Widget w{n} Comments={'x' * (n % 90)}\n" for n in range(1200))
    compilation = compiled(script + "activate\ncommit\n")
    assert compilation.plan is not None
    steps, findings = len(compilation.plan.steps), len(compilation.diagnostics)
    for limit in (*range(1000, 1300, 7), 5000, 20_000, 60_000):
        text = comment(compilation, limit)
        assert len(text) <= limit
        read = Reader(text)
        assert read.tags <= OURS
        (note,) = re.findall(r"Cut here to fit \d+ characters: (.*?)\.", read.outside)
        cut = {kind: int(n) for n, kind in re.findall(r"(\d+) ([a-z]+?)s?(?:,|$)", note)}
        shown = len(re.findall(r"^[+!@-]+ s\d", text, re.MULTILINE))
        assert shown == steps - cut.get("step", 0)
        assert text.count("| warning |") == findings - cut.get("finding", 0)
        assert cut
        if limit >= 5000:  # no part starves another
            assert shown
            assert "| warning |" in text
            assert len(text) > limit - 1000


def test_what_is_too_long_alone_is_cut_alone() -> None:
    script = (
        f"add CertificateStore a Comments={'x' * 5000}\nadd CertificateStore b\nactivate\ncommit\n"
    )
    text = comment(compiled(script), 2000)
    assert "s1" not in text
    assert "+ s2 add CertificateStore b" in text
    assert ": 1 step.**" in text


def test_json_beside_the_text(csc: Csc) -> None:
    """The file is the document that --json prints; a file that is there is replaced."""
    path = csc.write("plan.json", "old")
    before = path.stat().st_ino
    arguments = ("--sandbox", SAMPLES / "gateway.cfg")
    text = csc.ok("plan", "--json-into", "plan.json", *arguments)
    assert text == csc.ok("plan", *arguments)
    assert path.read_text() == csc.ok("plan", "--json", *arguments)
    assert path.read_text() == csc.ok("plan", "--format", "json", *arguments)
    assert path.stat().st_ino != before
    assert json.loads(path.read_text())["schema"] == "csc/plan/1"
    assert [p.name for p in csc.folder.iterdir()] == ["plan.json"]


def test_json_that_cannot_be_written(csc: Csc) -> None:
    result = csc("plan", "--sandbox", "--json-into", "no/plan.json", SAMPLES / "gateway.cfg")
    assert result.returncode == 1
    assert "no/plan.json cannot be written" in result.stderr

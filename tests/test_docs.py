"""The documentation is true: its sessions print what they say, its tables are up to date."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from csc.compiler.compile import compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.machine import Circumstances
from csc.compiler.rules import RULES
from csc.grammar.parser import parse
from support.cases import ISSUED
from support.command import REPOSITORY, SAMPLES, Csc
from support.pages import examples

PAGES = [*sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "README.md"]


_BLOCK = re.compile(r"([^\n]*)\n*\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Language, file name if the text before gives one, and content of each code block."""
    found = []
    for match in _BLOCK.finditer(page.read_text()):
        named = re.search(r"as `([\w.-]+)`:$", match[1])
        found.append((match[2], named[1] if named else "", match[3]))
    return found


def sessions() -> list[tuple[Path, str]]:
    return [
        (page, content) for page in PAGES for kind, _, content in blocks(page) if kind == "console"
    ]


@pytest.mark.parametrize(
    ("page", "session"), sessions(), ids=lambda v: v.name if isinstance(v, Path) else ""
)
def test_session(page: Path, session: str, csc: Csc) -> None:
    """Each command of a session succeeds and prints what stands below it; … stands for anything."""
    shutil.copytree(SAMPLES, csc.folder / "samples")
    for _, name, content in blocks(page):
        if name:
            csc.write(name, content)
    steps = re.split(r"^\$ csc ", session, flags=re.MULTILINE)
    assert steps[0] == ""
    for step in steps[1:]:
        command, _, expected = step.partition("\n")
        printed = csc.ok(*shlex.split(command))
        pattern = "[^\\n]*".join(re.escape(part) for part in expected.split("…"))
        pattern = re.sub(
            r"(?m)^(?:\\ )*\[\^\\n\]\*$", lambda _: "(?s:.*)", pattern.replace("\\\n", "\n")
        )
        assert re.fullmatch(pattern, printed), f"{command}\n{printed}"


def test_readme_shows_a_real_finding() -> None:
    """The finding in the README is what `csc` says of the sample without its last two lines."""
    from click import unstyle
    from csc.cli.views import diagnostics_text
    from csc.cli.views.source_text import masked_lines

    text = (SAMPLES / "gateway.cfg").read_text().removesuffix("\nactivate\ncommit\n")
    script = parse(text, "gateway.cfg")
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: None, "sandbox:root")
    found = compile_scripts([script], circumstances).diagnostics
    shown = unstyle(diagnostics_text.render(found, masked_lines([script])))
    readme = (REPOSITORY / "README.md").read_text()
    (example,) = [c for kind, _, c in blocks(REPOSITORY / "README.md") if kind == "text"]
    assert example in readme
    assert example.strip() in shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_scripts_in_pages_are_well_formed(page: Path) -> None:
    for kind, _, content in blocks(page):
        if kind == "cfg":
            assert not list(parse(content).problems)


def test_list_of_diagnostics_is_up_to_date() -> None:
    """docs/diagnostics.md has a line for each rule; `python -m support.diagnostics_page` writes it."""
    from support.diagnostics_page import render

    assert (REPOSITORY / "docs" / "diagnostics.md").read_text() == render()


def test_picture_is_up_to_date() -> None:
    """docs/graph-gateway.svg shows the sample's plan; CSC_REGENERATE=1 draws it again."""
    from csc.cli.views.graph import sugiyama, svg
    from csc.cli.views.plan_text import summary
    from csc.compiler.graph import graph_of

    script = parse((SAMPLES / "gateway.cfg").read_text(), "samples/gateway.cfg")
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: None, "sandbox:root")
    plan = compile_scripts([script], circumstances).plan
    assert plan is not None
    shown = graph_of(plan)
    picture = svg.render(shown, sugiyama.place(shown), summary(plan))
    path = REPOSITORY / "docs" / "graph-gateway.svg"
    if os.environ.get("CSC_REGENERATE"):
        path.write_text(picture)
    assert path.read_text() == picture


def test_every_rule_is_shown_by_a_test() -> None:
    """Each rule is broken by an example of its page, by a case, or by a test of command or runtime."""
    shown = "".join(p.read_text() for p in (REPOSITORY / "tests" / "cases").rglob("*.expected"))
    folders = (REPOSITORY / "tests" / name for name in ("cli", "runtime"))
    commands = "".join(p.read_text() for folder in folders for p in folder.glob("*.py"))
    for rule in RULES:
        on_its_page = any("shown" not in e.words for e in examples(rule, "wrong"))
        in_a_case = f"[{rule.code} {rule.name}]" in shown
        assert on_its_page or in_a_case or rule.code in commands, rule


def test_links_lead_somewhere() -> None:
    for page in [*PAGES, REPOSITORY / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

"""Templates of users: what they may do, what is said of wrong ones, and that the page tells what they see."""

import re
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from csc.compiler.address import ROOT
from csc.compiler.configuration import Configuration, FileValue, SecretValue, empty_device
from csc.compiler.device import CertificateRecord
from csc.runtime.certificates import dump_certificate
from csc.runtime.shown import Which, look
from csc.runtime.snapshot import render_json, render_report, render_script, template_variables
from csc.runtime.state import journal
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_store
from csc.runtime.state.store import Store
from csc.runtime.templates.confinement import Limits, render_confined
from csc.runtime.templates.markdown import code, table
from csc.runtime.templates.rendering import Template, TemplateError, render
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from peers.certificates import make_root
from support.command import REPOSITORY

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CMP = ROOT.child("CertificateStore", "cmp")
GATEWAY = CMP.child("Certificate", "gateway")
OLD = CMP.child("Certificate", "old")
EVIL = '"|`</code>\n# x\n*/ {{ 7 * 7 }} {% raw %}\x1b[2J\u202e<b>@all www.x.org'


def wrong(text: str, folder: Path | None = None, **limits: float) -> tuple[str, str]:
    """What is said of a template, and of which place."""
    with pytest.raises(TemplateError) as caught:
        render(Template("t.jinja", text, folder), {"device": "d"}, **limits)
    return str(caught.value), caught.value.place


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ("a\n{{ ''.__class__ }}", "not allowed: access to attribute '__class__'", "t.jinja:2"),
        ("{{ ''['__class__'] }}", "not allowed: access to attribute '__class__'", "t.jinja:1"),
        ("{{ '{0.__class__}'.format(1) }}", "not allowed: access to attribute", "t.jinja:1"),
        ("{{ cycler.__init__.__globals__ }}", "not allowed", "t.jinja:1"),
        ("\n\n{{ nope }}", "undefined: 'nope' is undefined", "t.jinja:3"),
        ("{{ device.nope }}", "undefined: ", "t.jinja:1"),
        ("a\n{% for x %}", "syntax error: expected token 'in'", "t.jinja:2"),
        ("a\n{% if 1 %}\n", "syntax error: ", "t.jinja:2"),
        ("\n{{ 1 / 0 }}", "ZeroDivisionError: division by zero", "t.jinja:2"),
        ("{% for n in range(10**9) %}{% endfor %}", "OverflowError: Range too big", "t.jinja:1"),
        ("{% include 'x.jinja' %}", "not allowed: 'x.jinja' cannot be included", "t.jinja:1"),
        ("\n{{ table(['a'], [[]]) }}", "ValueError: ", "t.jinja:2"),
    ],
)
def test_what_is_said_of_a_wrong_template(text: str, said: str, place: str) -> None:
    message, where = wrong(text)
    assert message.startswith(said)
    assert where == place


def test_what_is_included_lies_in_the_folder_and_is_a_template(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    (folder / "parts").mkdir(parents=True)
    (tmp_path / "out.jinja").write_text("outside")
    (folder / "link.jinja").symlink_to(tmp_path / "out.jinja")
    (folder / "vault.key").write_text("the key")
    (folder / "binary.jinja").write_bytes(b"\xff\xfe")
    (folder / "parts" / "name.jinja").write_text("\n{% macro name() %}{{ nope }}{% endmacro %}d")
    (folder / "self.jinja").write_text("{% include 'self.jinja' %}")
    found = Template("t.jinja", "{% include 'parts/name.jinja' %}", folder)
    assert render(found, {"device": "d"}) == "\nd"
    for name in (
        "../out.jinja",
        str(tmp_path / "out.jinja"),
        "link.jinja",
        "parts/../../out.jinja",
    ):
        for how in ("{% include 'N' %}", "{% extends 'N' %}", "{% include 'N' ignore missing %}"):
            message, place = wrong(how.replace("N", name), folder)
            assert message == f"not allowed: '{name}' lies outside the template's folder, {folder}"
            assert place == "t.jinja:1"
    assert "is no template by its name" in wrong("{% include 'vault.key' %}", folder)[0]
    assert "cannot be read" in wrong("{% include 'binary.jinja' %}", folder)[0]
    missing = f"not found: there is no template 'none.jinja' in {folder}"
    assert wrong("\n{% import 'none.jinja' as x %}", folder) == (missing, "t.jinja:2")
    assert wrong("{% include 'self.jinja' %}", folder)[0].startswith("it includes or calls itself")
    within = "{% from 'parts/name.jinja' import name %}{{ name() }}"
    assert wrong(within, folder) == ("undefined: 'nope' is undefined", "parts/name.jinja:2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "not end",
        ),
        ("\n{% set x = 7 ** (9 ** 9) %}", "it does not end within 0.3 s"),
        ("\n{{ 'x' * 10 ** 10 }}", "it takes too much memory"),
        ("\n{% for a in range(999) %}{{ device * 999 }}{% endfor %}", "more than 5000 characters"),
    ],
)
def test_no_template_takes_more_than_it_may(text: str, said: str) -> None:
    limits = Limits(seconds=0.3, memory=512 << 20, characters=5000)
    with pytest.raises(TemplateError) as caught:
        render_confined(Template("t.jinja", text), {"device": "d"}, limits)
    assert said in str(caught.value)
    assert caught.value.place.startswith("t.jinja")


def filled(folder: Path, configuration: Configuration) -> Store:
    """A device that holds this, with a certificate that is due, and a candidate with one object more."""
    store = open_store(in_file(folder / "state.db"))
    store.ensure_device("default")
    store.activate("default", configuration)
    store.commit("default", "digest", NOW, "ann@north")
    lan = ROOT.child("IPAddress", "lan")
    store.end_run("default", {**configuration, lan: {"Address": "10.0.0.0/8"}}, "")
    return store


def a_device(folder: Path) -> Store:
    root = dump_certificate(make_root().certificate)
    certificate = FileValue("cl_newcert.der", "sha256:gateway")
    key = FileValue("cl_newkey.pem", "key:gateway", is_secret=True)
    configuration = {
        **empty_device(),
        CMP: {},
        GATEWAY: {"Type": "CMPv2", "CertificateData": certificate, "PrivateKey": key},
        OLD: {"Type": "Remote", "CertificateData": FileValue("root.der", "sha256:root")},
        ROOT.child("CMPServer", "ca"): {"CACert": "cmp/old", "FQDN": "ca.example.com"},
        ROOT.child("User", "ann"): {"Password": SecretValue("f00d"), "Comments": EVIL},
        ROOT.child("Odd|`Type", "x\x1b"): {"Pro|perty": EVIL},
        ROOT.child("IPsecTunnel", "north"): {"LocalAuthMethod": "Certificate"},
    }
    store = filled(folder, configuration)
    store.put_content("sha256:root", root)
    store.put_content("sha256:gateway", root)
    record = CertificateRecord(
        "sha256:gateway",
        "key:gateway",
        request="subject",
        subject="CN=gateway",
        script="",
        operations=1,
        not_before=NOW - timedelta(days=80),
        not_after=NOW + timedelta(days=10),
        issuer="CN=Root CA",
        serial_number="1",
    )
    store.add_certificate("default", GATEWAY, record)
    journal.begin(
        store,
        device="default",
        path=GATEWAY.path,
        operation="update",
        intent="",
        transaction_id=b"1",
        key=None,
        request=b"",
        at=NOW,
    )
    return store


def test_the_report(tmp_path: Path) -> None:
    """It says who, what is to be done, and what hangs on what; and text of a script means nothing in it."""
    store = a_device(tmp_path)
    shown = look(store, "default", NOW)
    text = render_report(shown, store.content, NOW)
    store.close()
    assert "# Device `default`\n" in text
    assert "Committed version 1, of `2026-12-01T00:00:00Z`, by `ann@north`, by the script" in text
    assert "- added `IPAddress lan`\n" in text
    assert "- State: committed (`CMPv2`); its update is due\n" in text
    assert (
        "- `update` of `Certificate cmp/gateway` since `2026-12-01T00:00:00Z`: the CA has" in text
    )
    assert "- Used by: `CMPServer ca`, in `CACert`\n" in text
    assert "Tunnels that choose a certificate by their LocalID: `IPsecTunnel north`." in text
    assert "(secret)" in text
    assert "(private key)" in text
    assert "f00d" not in text
    assert all(c.isprintable() or c == "\n" for c in text)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"text", "softbreak", "code_inline", "html_inline"}
    tags = {
        child.content
        for token in tokens
        for child in token.children or ()
        if child.type == "html_inline"
    }
    assert tags == {"<code>", "</code>"}
    assert not [token for token in tokens if token.type == "html_block"]


def test_the_three_configurations(tmp_path: Path) -> None:
    store = a_device(tmp_path)
    scripts = {}
    for which in Which:
        shown = look(store, "default", NOW, which)
        text = render_script("default", shown.version, shown.revoked, store.content, which)
        scripts[which] = text.partition("\n")
        assert render_json(shown, store.content)["shown"] == which.value
    store.close()
    assert "IPAddress lan" in scripts[Which.CANDIDATE][2]
    assert scripts[Which.ACTIVE][2] == scripts[Which.COMMITTED][2]
    assert "lan" not in scripts[Which.ACTIVE][2]
    assert scripts[Which.CANDIDATE][0].startswith("# Device default, candidate configuration;")


def names_in(value: object) -> set[str]:
    """The names by which templates reach what is in a value."""
    if is_dataclass(value):
        named = {field.name: getattr(value, field.name) for field in fields(value)}
        return set(named).union(*map(names_in, named.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(names_in, value))
    return set()


def test_the_page_names_every_variable(tmp_path: Path) -> None:
    store = a_device(tmp_path)
    variables = template_variables(look(store, "default", NOW), store.content, NOW)
    store.close()
    page = (REPOSITORY / "docs" / "templates.md").read_text()
    told = set(re.findall(r"`(\w+)`", page))
    assert set(variables) <= told
    assert set().union(*map(names_in, variables.values())) <= told


@given(st.text(), st.text())
def test_code_is_one_piece_of_code(first: str, second: str) -> None:
    """In a line and in a table, whatever is in it: one piece of code, and as many cells as there are."""
    for token in MarkdownIt("commonmark").parse(f"a {code(first)} b"):
        for child in token.children or ():
            assert child.type in ("text", "code_inline", "html_inline")
    rows = MarkdownIt("commonmark").enable("table").parse(table(["one", "two"], [[first, second]]))
    assert [token.type for token in rows].count("td_open") == 2

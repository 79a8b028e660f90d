"""A snapshot is a script that gives the configuration back, whatever is in it."""

from datetime import UTC, datetime
from pathlib import Path

import families
from csc.compiler import rules
from csc.compiler.address import ROOT, Address
from csc.compiler.characters import check_characters
from csc.compiler.compile import compile_scripts
from csc.compiler.configuration import Configuration, FileValue, empty_device
from csc.compiler.device import DeviceState
from csc.compiler.machine import Circumstances
from csc.grammar.parser import parse
from csc.runtime.shown import look
from csc.runtime.snapshot import render_json, render_script
from csc.runtime.snapshot_files import snapshot_files
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_store
from csc.runtime.state.store import Version
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from programs import programs
from strategies import scripts
from support.cases import carried_out

NOW = datetime(2026, 12, 1, tzinfo=UTC)
# Everything that a script can hold: of control characters, only those that have an escape.
VISIBLE = st.characters(exclude_categories=("Cs",)).filter(
    lambda character: not list(check_characters(parse(character)))
)
TEXT = st.text(VISIBLE | st.sampled_from("\n\r\t"), max_size=20)
NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True) | st.text(
    VISIBLE.filter(lambda character: character not in "/\n\r\t"), min_size=1, max_size=8
)


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Stores with certificates, and servers that refer to them."""
    found: dict[Address, dict] = {}
    roots: list[Address] = []
    for name in draw(st.lists(NAME, max_size=3, unique=True)):
        store = ROOT.child("CertificateStore", name)
        if store not in empty_device():
            found[store] = {"Comments": draw(TEXT)} if draw(st.booleans()) else {}
        for child in draw(st.lists(NAME, max_size=3, unique=True)):
            address = store.child("Certificate", child)
            content = FileValue("x.der", f"sha256:{address.reference}")
            found[address] = {"Type": "Remote", "CertificateData": content}
            roots.append(address)
    for name in draw(st.lists(NAME, max_size=2, unique=True)) if roots else ():
        found[ROOT.child("CMPServer", name)] = {
            "CACert": draw(st.sampled_from(roots)).reference,
            "FQDN": "ca.example.com",
            "Port": str(draw(st.integers(1, 65535))),
            "Path": draw(TEXT | TEXT.map(lambda text: f"${{{text}}}")),
        }
    return {**empty_device(), **found}


def version(configuration: Configuration) -> Version:
    return Version(1, configuration, "digest", NOW)


def compiled(script: str, files: dict[str, str]) -> Configuration:
    circumstances = Circumstances(DeviceState(), NOW, files.get)
    compilation = compile_scripts([parse(script)], circumstances)
    assert compilation.prediction is not None, (script, compilation.diagnostics)
    return compilation.prediction.candidate


@given(configurations())
def test_snapshot_compiles_to_what_it_shows(configuration: Configuration) -> None:
    """compile(snapshot(configuration)) on a new device is the configuration."""
    script = render_script("default", version(configuration), (), lambda content: None)
    usable = {a: p for a, p in configuration.items() if "${" not in str(p.get("Comments", ""))[:2]}
    if len(usable) == len(configuration):
        assert compiled(script, snapshot_files(configuration)) == configuration


@settings(deadline=None)
@given(scripts())
def test_snapshot_of_any_program(script: str) -> None:
    """What a program makes of a device comes back from its snapshot, whatever types it has to do with."""
    circumstances = Circumstances(DeviceState(), NOW, {}.get, "sandbox:root")
    candidate = compile_scripts([parse(script)], circumstances).prediction.candidate
    shown = render_script("default", version(candidate), (), lambda content: None)
    assert compiled(shown, snapshot_files(candidate)) == candidate


@settings(deadline=None)
@given(families.configurations())
def test_snapshot_of_every_family(configuration: Configuration) -> None:
    """Objects of every type, with every kind of value, come back from their snapshot."""
    script = render_script("default", version(configuration), (), lambda content: None)
    files = snapshot_files(configuration)
    # What no script can make, no device of ours holds.
    found = compile_scripts(
        [parse(script)], Circumstances(DeviceState(), NOW, files.get)
    ).diagnostics
    assume(all(d.rule is not rules.CIRCULAR_REFERENCE for d in found))
    assert compiled(script, files) == configuration


@settings(deadline=None)
@given(programs(updates=True))
def test_snapshot_of_whole_programs(program: list[str]) -> None:
    """After each script, what it left comes back from its snapshot."""
    state = DeviceState()
    for number, script in enumerate(program):
        circumstances = Circumstances(state, NOW, {}.get, "sandbox:root")
        prediction = compile_scripts([parse(script)], circumstances).prediction
        assert prediction is not None
        state = carried_out(prediction, f"run{number}")
        for configuration in (state.committed, state.candidate):
            shown = render_script("default", version(configuration), (), lambda content: None)
            assert compiled(shown, snapshot_files(configuration)) == configuration


def test_snapshot_tells_what_a_new_device_has_and_this_one_has_not() -> None:
    configuration = {
        address: properties
        for address, properties in empty_device().items()
        if address != ROOT.child("CertificateStore", "ipsec")
    }
    script = render_script("default", version(configuration), (), lambda content: None)
    assert "delete CertificateStore ipsec\n" in script
    assert compiled(script, {}) == configuration


@given(NAME, TEXT)
def test_nothing_shown_begins_a_command(name: str, device: str) -> None:
    """A name with line breaks stays within its line, in comments as in commands."""
    address = ROOT.child("CertificateStore", "ipsec").child("Certificate", name)
    data = FileValue("x.der", "sha256:x")
    configuration = {**empty_device(), address: {"Type": "Remote", "CertificateData": data}}
    script = render_script(device, version(configuration), (), lambda content: None)
    commands = list(parse(script).commands)
    assert [command.verb.text for command in commands] == ["cc", "add", "cc"]


def test_json_holds_the_same(tmp_path: Path) -> None:
    address = ROOT.child("CertificateStore", "cmp")
    store = open_store(in_file(tmp_path / "state.db"))
    store.ensure_device("d")
    store.activate("d", {address: {"Comments": "x"}})
    store.commit("d", "digest", NOW, "ann@north")
    document = render_json(look(store, "d", NOW), lambda content: None)
    store.close()
    assert document["configuration"] == [
        {"path": "/CertificateStore/cmp", "properties": {"Comments": "x"}}
    ]
    assert (document["version"], document["committed_by"]) == (1, "ann@north")

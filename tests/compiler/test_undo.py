"""Undoing: applied after a plan, its undo script leaves the configuration as it was."""

from csc.compiler.compile import Compilation, compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.machine import Circumstances
from csc.compiler.schema.catalog import BUILT_IN
from csc.compiler.undo import undo_of
from csc.grammar.parser import parse
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import BEGINNING, Manual, added, commands
from strategies import network
from support.cases import ISSUED, carried_out
from support.device import PREREQUISITES


def compiled(base: DeviceState, text: str) -> Compilation:
    circumstances = Circumstances(base, ISSUED, lambda name: f"sha256:{name}")
    return compile_scripts([parse(text)], circumstances)


def undone(base: DeviceState, text: str) -> tuple[Compilation, tuple[str, ...], DeviceState | None]:
    """The plan, what its undo script leaves undone, and the state after both."""
    done = compiled(base, text)
    assert done.plan is not None, done.diagnostics
    assert done.prediction is not None
    undo = undo_of(done.plan, base, done.prediction, BUILT_IN)
    script = "".join(f"{command}\n" for command in undo.commands)
    back = compiled(carried_out(done.prediction), script)
    assert back.plan is not None, (script, back.diagnostics)
    return done, undo.lasting, back.prediction


EXTRAS = (
    "delete Address IPAddress host1\n",
    "set Address IPAddress host1 Comments=x\n",
    "set Address IPAddress host2 Address=10.9.0.0/16\n",
    "delete User user1\n",
    "set User user2 Comments=y Password=other\n",
    "cc RoutingTable main\nadd Route Interface=if9 Network=10.9.0.0/16 Index=1\ncc\n",
    "cc RoutingTable main\nadd Route Interface=if9 Network=10.9.0.0/16\ncc\n",
    "add CertificateStore x\ncc CertificateStore x\n"
    "add Certificate old Type=Remote CertificateData=file://old.der\ncc\n",
    "delete CertificateStore x\n",
    "add Address AddressFolder folder\ncc Address AddressFolder folder\n"
    "add IPAddress inner Address=10.3.0.0/16\ncc\n",
    "delete Address AddressFolder folder\n",
    "set CMPServer ca FQDN=other.example.com\n",
    "activate\n",
    "commit\n",
    "activate\ncommit\n",
)


@st.composite
def edits(draw: st.DrawFn, routes: int) -> tuple[str, int]:
    text = ""
    for _ in range(draw(st.integers(1, 8))):
        if draw(st.booleans()):
            text += draw(st.sampled_from(EXTRAS))
            routes += "add Route" in text[-90:] and "if9" in text[-90:]
        else:
            more, routes = draw(network(routes))
            text += more
    return text, routes


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, str]:
    first, routes = draw(edits(0))
    second, _ = draw(edits(routes))
    return PREREQUISITES + first, second


@settings(deadline=None)
@given(pairs())
def test_undone_the_configuration_is_as_before(pair: tuple[str, str]) -> None:
    first, second = pair
    start = compiled(DeviceState(), first)
    if start.plan is None or start.prediction is None:
        return
    base = carried_out(start.prediction)
    if compiled(base, second).plan is None:
        return
    _, lasting, back = undone(base, second)
    assert back is not None
    if not lasting:
        for name in ("committed", "active", "candidate"):
            assert getattr(back, name) == getattr(base, name), name


@settings(deadline=None)
@given(st.data())
def test_what_takes_certificates_back_is_a_script(data: st.DataObject) -> None:
    """Whatever CMP does in between, the undo script compiles."""
    manual = Manual()
    script = BEGINNING + "".join(added(name, ca) for name, ca in manual.servers.items())
    for _ in range(data.draw(st.integers(0, 6))):
        script += data.draw(commands(manual, updates=True))
    undone(DeviceState(), script)

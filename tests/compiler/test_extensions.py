"""csc's own options and properties: what they ask for, and that it is told wherever it has to be."""

from itertools import pairwise
from pathlib import Path

import pytest
from csc.cli.views import plan_text
from csc.compiler.address import ROOT
from csc.compiler.certmgr_extensions import EXTENSIONS, GOES_WITH
from csc.compiler.key_types import KEY_TYPES, is_key_type
from csc.compiler.plan import CmpOperation, Operation, RequestType, Server
from csc.compiler.rules import EXTENSION_OPTION, EXTENSION_PROPERTY
from csc.compiler.rules.page import read_page
from csc.compiler.schema.catalog import BUILT_IN
from csc.compiler.serialize import plan_to_json
from csc.compiler.subject_names import read_names
from csc.grammar.ast import Option
from csc.grammar.parser import parse
from hypothesis import example, given
from hypothesis import strategies as st
from support.cases import CASES, compile_case
from support.command import REPOSITORY

LANGUAGE = (REPOSITORY / "docs" / "language.md").read_text()
OWN_PROPERTIES = [p.name for p in BUILT_IN.types["CMPServer"].properties if p.is_extension]


def server(path: str = "", port: int = 80, **settings: object) -> Server:
    store = ROOT.child("CertificateStore", "cmp")
    ca = store.child("Certificate", "cacert")
    address = ROOT.child("CMPServer", "ca")
    return Server(address, "ca.example.com", port, path, ca, "sha256:root", **settings)


def operations(case: str) -> list[CmpOperation]:
    plan = compile_case(CASES / "extensions" / f"{case}.cfg").plan
    assert plan is not None
    return [step.action for step in plan.steps if isinstance(step.action, CmpOperation)]


@pytest.mark.parametrize("name", EXTENSIONS)
def test_every_option_is_documented(name: str) -> None:
    assert name in GOES_WITH
    assert f"| `-{name}" in LANGUAGE
    assert f"`-{name}`" in read_page(EXTENSION_OPTION)


@pytest.mark.parametrize("name", OWN_PROPERTIES)
def test_every_property_is_documented(name: str) -> None:
    assert f"| `{name}` |" in LANGUAGE
    assert f"`{name}`" in read_page(EXTENSION_PROPERTY)


def test_every_kind_of_key_is_documented() -> None:
    assert all(is_key_type(kind) for kind in KEY_TYPES)
    assert [kind for kind in KEY_TYPES if f"`{kind}`" not in LANGUAGE] == [
        f"rsa:{bits}" for bits in (4096, 5120, 6144, 7168)
    ]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("rsa:2048", True),
        ("rsa:5120", True),
        ("rsa:8192", True),
        ("rsa:1024", False),
        ("rsa:9216", False),
        ("rsa:2049", False),
        ("rsa:02048", False),
        ("rsa:\u0662\u0660\u0664\u0668", False),
        ("rsa:", False),
        ("EC:p256", False),
        ("", False),
    ],
)
def test_kinds_of_keys(text: str, is_one: bool) -> None:
    assert is_key_type(text) is is_one


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/.well-known/cmp", "/.well-known/cmp"),
        (".well-known/cmp", "/.well-known/cmp"),
        ("/.well-known/cmp/", "/.well-known/cmp/"),
        (".well-known/cmp/p/a", "/.well-known/cmp/p/a"),
        ("//cmp", "/cmp"),
        ("", "/"),
        ("/", "/"),
    ],
)
def test_path_stands_as_configured_behind_one_slash(path: str, written: str) -> None:
    assert server(path).url == f"http://ca.example.com:80{written}"


@pytest.mark.parametrize(
    ("port", "tls", "scheme"),
    [
        (80, "", "http"),
        (443, "", "https"),
        (8443, "", "https"),
        (8080, "", "http"),
        (443, "No", "http"),
        (80, "CACert", "https"),
        (80, "System", "https"),
    ],
)
def test_tls_is_used_as_said_or_by_the_port(port: int, tls: str, scheme: str) -> None:
    assert server(port=port, tls=tls).url == f"{scheme}://ca.example.com:{port}/"


@pytest.mark.parametrize(
    ("case", "message", "answer"),
    [
        ("signer-added-here", "ir", "ip"),
        ("certification-request", "cr", "cp"),
        ("pkcs10", "p10cr", "cp"),
        ("update", "kur", "kup"),
    ],
)
def test_messages_are_those_of_the_request(case: str, message: str, answer: str) -> None:
    (operation,) = operations(case)
    assert operation.request_type == RequestType(message)
    assert operation.messages == (message, answer, "certConf", "pkiconf")


def test_what_options_ask_for_is_in_the_operation() -> None:
    (operation,) = operations("names-and-key")
    assert operation.san[3] == "IP:2001:db8::1"
    assert (operation.key_type, operation.profile) == ("ec:p256", "gateways")
    (central,) = operations("central")
    assert (central.is_central, central.key_type) == (True, "ec:p384")
    (signed,) = operations("signer")
    assert signed.username is signed.password is None
    assert (signed.signer_certificate, signed.signer_key) == (
        "sha256:vendor.der",
        "sha256:vendor.pem",
    )
    (held, _) = operations("hold")
    assert (held.operation, held.reason) == (Operation.REVOKE, "certificateHold")


def test_without_options_all_is_as_on_a_device() -> None:
    (operation,) = operations("enrolled")
    assert operation.request == "subject CN=gw from ca"
    assert (operation.request_type, operation.key_type) == (RequestType.IR, "rsa:2048")
    assert (operation.san, operation.is_central, operation.signer) == ((), False, None)
    plan = compile_case(CASES / "extensions" / "enrolled.cfg").plan
    assert plan is not None
    (step,) = (s for s in plan_to_json(plan)["steps"] if s["kind"] == "initiate")
    own = {"names", "key_type", "central", "profile", "revocation_reason"}
    assert own.isdisjoint(step)
    assert set(step["server"]) == {"name", "url", "ca", "ca_certificate"}


def test_what_servers_say_is_in_the_operation() -> None:
    a, b, c, d, _ = (operation.server for operation in operations("servers"))
    assert (a.tls, a.mac, a.rsa_padding, a.is_implicit) == ("", "PBM", "PKCS1", False)
    assert (a.tolerate, a.poll_limit) == ((), 600)
    assert b.tls == "No"
    assert (c.mac, c.is_implicit) == ("PBMAC1", True)
    assert (d.rsa_padding, d.poll_limit) == ("PSS", 0)
    assert d.tolerate == ("unprotected-error", "any-signer")


def test_what_ends_a_signer_waits_for_what_it_signs() -> None:
    plan = compile_case(CASES / "extensions" / "signer-revoked-at-once.cfg").plan
    assert plan is not None
    steps = {plan_text.title(step): step for step in plan.steps}
    signed = [steps[f"initiate cmp/{name}"] for name in ("gw", "gw2")]
    assert {step.id for step in signed} <= set(steps["revoke cmp/first"].depends_on)
    assert signed[0].id not in signed[1].depends_on


def test_many_names_do_not_make_a_long_title() -> None:
    plan = compile_case(CASES / "extensions" / "names-and-key.cfg").plan
    assert plan is not None
    title = "initiate cmp/gw (ec:p256, DNS:gw.example.com, DNS:*.gw.example.com, 4 more)"
    assert plan_text.title(plan.steps[0]) == title


def names_of(text: str) -> tuple[tuple[str, ...], int]:
    """The names that `-san` with this value asks for, and how many findings there are."""
    (command,) = parse("certmgr -san=x").commands
    (option,) = command.arguments
    assert isinstance(option, Option)
    names, found = read_names(Option("san", text, option.span, option.value_at))
    return names, len(found)


NAMES = st.lists(
    st.builds(
        "{}:{}".format,
        st.sampled_from(("DNS", "IP", "EMAIL", "URI", "dns", "RID", "")),
        st.sampled_from(("gw", "*.gw.example.com", "10.0.0.1", "::1", "a@b.c", "https://gw/"))
        | st.text(max_size=5),
    )
).map(",".join)


@given(NAMES | st.text(max_size=20))
@example("IP:::FFFF:10.0.0.1")
def test_each_name_is_taken_or_found_and_reads_the_same_again(text: str) -> None:
    names, number = names_of(text)
    assert len(names) + number == text.count(",") + 1
    assert len(set(names)) == len(names)
    assert all("," not in name for name in names)
    if names:
        assert names_of(",".join(names)) == (names, 0)


@pytest.mark.parametrize("path", sorted((CASES / "extensions").glob("*.cfg")), ids=lambda p: p.stem)
def test_a_plan_read_again_is_the_same_document(path: Path) -> None:
    from csc.compiler.plan_reading import plan_from_json

    plan = compile_case(path).plan
    if plan is not None:
        document = plan_to_json(plan)
        assert plan_to_json(plan_from_json(document)) == document


def test_requests_differ_by_what_is_asked_for() -> None:
    cases = ("enrolled", "names-and-key", "central", "certification-request")
    requests = sorted(operations(case)[0].request for case in cases)
    assert all(one != other for one, other in pairwise(requests))

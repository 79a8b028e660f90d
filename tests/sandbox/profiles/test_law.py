"""Whatever is asked for under whatever profile: it is refused, or what is issued is what the profile says.

The profile is held against the certificate as its file has it, not as the CA reads it.
"""

import fnmatch
import re
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.profiles.load import load_profiles
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from peers.asker import SECRET
from support.grants import (
    NOW,
    Outcome,
    Request,
    extensions_of,
    key_of,
    outcome,
    subject_of,
    time_of,
)

UNITS = {"min": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
CAN = {
    "rsa": {"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment"},
    "ec": {"digitalSignature", "nonRepudiation", "keyAgreement"},
    "ed25519": {"digitalSignature", "nonRepudiation"},
    "mldsa44": {"digitalSignature", "nonRepudiation"},
    "mlkem768": {"keyEncipherment"},
}
BITS = ("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement")
FIELDS = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
}
PURPOSES = {"serverAuth": "1.3.6.1.5.5.7.3.1", "cmcRA": "1.3.6.1.5.5.7.3.28", "1.2.3": "1.2.3"}
SHORT = {"2.5.4.3": "CN", "2.5.4.10": "O", "2.5.4.11": "OU"}
OTHER = {"2.5.29.19=3000", "2.5.29.19=30030101ff", "1.2.3.4.5=0500"}
PATTERNS = {
    "dns": ["*", "*.example.com", "gw*"],
    "email": ["*@example.com"],
    "uri": ["https:*"],
    "ip": ["10.0.0.0/8", "2001:db8::/32"],
}
NAMES = ["dns:gw.example.com", "dns:gw", "dns:GW.test", "email:a@example.com", "email:a@b"]
NAMES += [
    "uri:https://a",
    "uri:coap://a",
    "ip:10.0.0.1",
    "ip:11.0.0.1",
    "ip:2001:db8::1",
    "rid:1.2",
]


def some(values: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(sorted(values)), unique=True, min_size=1, max_size=3)


def tables(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={k.replace("_", "-"): v for k, v in keys.items()})


TEXTS = st.sampled_from(("a", "gw-1", "Example"))
ALTERNATIVE_NAMES = st.one_of(
    st.just({"policy": "forbidden"}),
    tables(
        policy=st.sampled_from(("required", "allowed")),
        dns=some(PATTERNS["dns"]),
        ip=some(PATTERNS["ip"]),
        email=some(PATTERNS["email"]),
        uri=some(PATTERNS["uri"]),
    ),
    st.builds(
        lambda kinds, table: {"kinds": kinds, **{k: v for k, v in table.items() if k in kinds}},
        some((*PATTERNS, "rid")),
        tables(dns=some(PATTERNS["dns"]), ip=some(PATTERNS["ip"])),
    ),
)
PROFILES = st.fixed_dictionaries(
    {"keys": some(("rsa:2048", "rsa:2560", "ec:p256", "ed25519", "mldsa44", "mlkem768"))},
    optional={
        "validity": st.sampled_from(("30min", "12h", "90d", "2y", "99y")),
        "requested-validity": st.booleans(),
        "unknown-extensions": st.sampled_from(("drop", "refuse")),
        "key-usage": tables(fixed=some(BITS), allowed=some(BITS)),
        "extended-key-usage": tables(fixed=some(PURPOSES), allowed=some(PURPOSES)),
        "subject-alt-name": ALTERNATIVE_NAMES,
        "subject": tables(
            required=some(("CN", "O", "OU")),
            allowed=some(("CN", "O", "OU")),
            fixed=st.dictionaries(st.sampled_from(("O", "OU")), TEXTS, max_size=2),
            patterns=st.dictionaries(
                st.sampled_from(("CN", "O")), st.sampled_from(("*", "gw-*", "a"))
            ),
            empty=st.booleans(),
        ),
    },
)
STEPS = st.none() | st.sampled_from(("-1h", "+0", "+1min", "+1d", "+80d", "+1y", "+50y"))
REQUESTS = st.builds(
    Request,
    by=st.sampled_from(("ir", "p10cr")),
    key=st.sampled_from(("rsa:2048", "rsa:2560", "ec:p256", "ed25519", "mldsa44", "mlkem768")),
    subject=st.lists(
        st.builds("{}={}".format, st.sampled_from(("CN", "O", "OU", "1.2.840.1")), TEXTS),
        max_size=3,
    ),
    names=st.none() | st.lists(st.sampled_from(NAMES), max_size=2),
    usage=st.none() | st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=3),
    purposes=st.none() | some(PURPOSES),
    critical=some(("2.5.29.17", "2.5.29.37", "2.5.29.15")),
    others=st.just(()) | st.builds(lambda other: (other,), st.sampled_from(sorted(OTHER))),
    begins=STEPS,
    ends=STEPS,
).filter(lambda request: request.by == "ir" or request.key != "mlkem768")


@st.composite
def obedient(draw: st.DrawFn, table: dict[str, Any]) -> Request:
    """A request that tries to be what the profile has: little would be granted otherwise."""
    subject, usage = table.get("subject", {}), table.get("key-usage", {})
    purposes, names = table.get("extended-key-usage", {}), table.get("subject-alt-name", {})
    key = draw(st.sampled_from(table["keys"]))
    wanted = {name: draw(TEXTS) for name in subject.get("required", ("CN",))}
    wanted = {**wanted, **subject.get("fixed", {})}
    if names.get("policy") == "forbidden":
        alternatives = None
    else:
        kinds = names.get("kinds", ("dns", "ip", "email", "uri"))
        kind = draw(st.sampled_from(kinds))
        near = [name for name in NAMES if name.startswith(f"{kind}:")]
        alternatives = draw(st.lists(st.sampled_from(near), min_size=1, max_size=1))
    bits = {*usage.get("fixed", ()), *usage.get("allowed", ())} & CAN[key.partition(":")[0]]
    oids = [*purposes.get("fixed", ()), *purposes.get("allowed", ())]
    return Request(
        key=key,
        subject=[f"{name}={value}" for name, value in wanted.items()],
        names=alternatives if names.get("policy") == "required" else draw(maybe(alternatives)),
        usage=draw(st.none() | some(bits)) if bits else None,
        purposes=draw(st.none() | some(oids)) if oids else None,
        ends=draw(STEPS),
    )


def maybe(value: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from((None, value))


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], list[Request]]:
    table = draw(PROFILES)
    requests = st.lists(obedient(table) | REQUESTS, min_size=2, max_size=6)
    return table, draw(requests)


def written(name: str, table: dict[str, Any]) -> str:
    """A table as TOML."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in plain.items())]
    inner = (written(f"{name}.{k}", v) for k, v in table.items() if isinstance(v, dict))
    return "\n".join((*lines, *inner))


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


# -- the certificate against the profile -----------------------------------------------------------


def check_profile(table: dict[str, Any], request: Request, certificate: x509.Certificate) -> None:
    check_key(table["keys"], request.key)
    check_usage(table.get("key-usage", {}), request.key.partition(":")[0], certificate)
    check_purposes(table.get("extended-key-usage", {}), certificate)
    check_names(table.get("subject-alt-name", {}), table.get("subject", {}), certificate)
    check_subject(table.get("subject", {}), certificate)
    check_validity(table, request, certificate)
    assert certificate.public_key() == key_of(request.key).public_key()
    known = {"BasicConstraints", "KeyUsage", "ExtendedKeyUsage", "SubjectAlternativeName"}
    known |= {"SubjectKeyIdentifier", "AuthorityKeyIdentifier"}
    assert {type(e.value).__name__ for e in certificate.extensions} <= known
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.value.ca, constraints.critical) == (False, True)


def check_key(keys: list[str], key: str) -> None:
    kind, _, size = key.partition(":")
    if kind == "rsa":
        (least,) = (int(k.partition(":")[2]) for k in keys if k.startswith("rsa:"))
        assert int(size) >= least
    else:
        assert key in keys


def check_usage(table: dict[str, Any], kind: str, certificate: x509.Certificate) -> None:
    extension = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert extension.critical
    there = {bit for bit, field in FIELDS.items() if getattr(extension.value, field)}
    assert there
    assert there <= CAN[kind]
    assert set(table.get("fixed", ())) & CAN[kind] <= there
    if table:
        assert there <= {*table.get("fixed", ()), *table.get("allowed", ())}


def check_purposes(table: dict[str, Any], certificate: x509.Certificate) -> None:
    there = {oid.dotted_string for oid in found(certificate, x509.ExtendedKeyUsage) or ()}
    fixed = {PURPOSES[name] for name in table.get("fixed", ())}
    assert fixed <= there <= fixed | {PURPOSES[name] for name in table.get("allowed", ())}


def check_names(
    table: dict[str, Any], subject: dict[str, Any], certificate: x509.Certificate
) -> None:
    names = found(certificate, x509.SubjectAlternativeName)
    assert names is not None or table.get("policy") != "required"
    assert names is None or table.get("policy") != "forbidden"
    if not certificate.subject.rdns:
        assert subject.get("empty")
        assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
    for name in names or ():
        kind = {
            x509.DNSName: "dns",
            x509.IPAddress: "ip",
            x509.RFC822Name: "email",
            x509.UniformResourceIdentifier: "uri",
            x509.RegisteredID: "rid",
        }[type(name)]
        assert kind in table.get("kinds", ("dns", "ip", "email", "uri"))
        patterns = table.get(kind)
        if kind == "ip" and patterns:
            address = ip_address(str(name.value))
            assert any(address in ip_network(network) for network in patterns)
        elif patterns:
            value = str(name.value).lower()
            assert any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)


def check_subject(table: dict[str, Any], certificate: x509.Certificate) -> None:
    there = [(SHORT.get(a.oid.dotted_string, "?"), a.value) for a in certificate.subject]
    fixed = table.get("fixed", {})
    for name, value in fixed.items():
        assert [v for n, v in there if n == name] == [value]
    if [name for name, _ in there if name not in fixed] or not table.get("empty"):
        assert set(table.get("required", ())) <= {name for name, _ in there}
    if "allowed" in table:
        allowed = {*table["allowed"], *table.get("required", ()), *fixed}
        assert {name for name, _ in there} <= allowed
    for name, pattern in table.get("patterns", {}).items():
        assert all(fnmatch.fnmatchcase(str(v), pattern) for n, v in there if n == name)


def check_validity(table: dict[str, Any], request: Request, certificate: x509.Certificate) -> None:
    match = re.fullmatch(r"(\d+)([a-z]+)", table.get("validity", "90d"))
    assert match
    end = NOW + timedelta(seconds=int(match[1]) * UNITS[match[2]])
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    assert NOW - timedelta(minutes=5) <= begins < ends <= end
    assert ends > NOW
    asked = request.by == "ir" and (request.begins or request.ends)
    if not asked or not table.get("requested-validity", True):
        assert begins == NOW - timedelta(minutes=5)
        assert ends == end or table.get("validity") == "99y"  # nothing outlives the CA


def found(certificate: x509.Certificate, kind: type[Any]) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


# -- the certificate against the request -----------------------------------------------------------


def is_as_requested(request: Request, certificate: x509.Certificate) -> bool:
    """Whether everything that was asked for is there, just so; more may be where nothing was asked."""
    begins, ends = (
        (None, None) if request.by == "p10cr" else (time_of(request.begins), time_of(request.ends))
    )
    granted = {extension.oid: extension.value for extension in certificate.extensions}
    return (
        certificate.subject == subject_of(request)
        and begins in (None, certificate.not_valid_before_utc)
        and ends in (None, certificate.not_valid_after_utc)
        and all(
            wanted.oid in granted and same(granted[wanted.oid], wanted)
            for wanted in extensions_of(request)
        )
    )


def same(one: x509.ExtensionType, other: x509.ExtensionType) -> bool:
    if isinstance(one, x509.ExtendedKeyUsage) and isinstance(other, x509.ExtendedKeyUsage):
        return set(one) == set(other)
    return one.public_bytes() == other.public_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("law")


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(cases())
def test_what_is_issued_satisfies_the_profile(
    folder: Path, case: tuple[dict[str, Any], list[Request]]
) -> None:
    table, requests = case
    for old in (folder / "ca").glob("ledger*"):  # its keys stay
        old.unlink()
    path = folder / "profiles.toml"
    path.write_text(written("profiles.law", table))
    try:
        profiles = load_profiles(path)
    except ValueError as error:
        event(re.sub(r".*\] ", "", str(error).splitlines()[0]))
        return
    with SandboxCA.open(folder / "ca", lambda: NOW, profiles=profiles) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        for request in requests:
            check(table, request, outcome(ca, Request(**{**vars(request), "profile": "law"})))


def check(table: dict[str, Any], request: Request, result: Outcome) -> None:
    event(result.result)
    if result.certificate is None:
        assert result.texts
        return
    check_profile(table, request, result.certificate)
    assert is_as_requested(request, result.certificate) == (result.result == "granted")

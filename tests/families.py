"""Hypothesis strategies of configurations: objects of every type that csc knows, with every kind of value."""

from csc.compiler.address import ROOT
from csc.compiler.address import Address as Path
from csc.compiler.configuration import (
    DEVICE_OWN,
    Configuration,
    FileValue,
    SecretValue,
    Value,
    empty_device,
)
from csc.compiler.schema.catalog import BUILT_IN
from csc.compiler.schema.model import (
    Address,
    Boolean,
    Choice,
    DeviceFile,
    DistinguishedName,
    Host,
    Integer,
    ItemKind,
    ListOf,
    Naming,
    ObjectType,
    Ports,
    PropertyType,
    Reference,
    SecretText,
    Text,
)
from hypothesis import strategies as st

Objects = dict[Path, dict[str, Value]]

STORE = ROOT.child("CertificateStore", "pki")
ROOT_CERTIFICATE = STORE.child("Certificate", "root")
SERVER = ROOT.child("CMPServer", "ca")

# What other objects cannot do without.
FOUNDATION: Objects = {
    STORE: {},
    ROOT_CERTIFICATE: {"Type": "Remote", "CertificateData": FileValue("r.der", "sha256:root")},
    SERVER: {"CACert": "pki/root", "FQDN": "ca.example.com"},
}

WORDS = st.text(st.sampled_from("abXY09 _-#\"'\\$%=/.:;,()é\n\t"), max_size=12).filter(
    lambda text: not text.startswith("${") and text != "<empty>"
)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,6}", fullmatch=True)
ADDRESSES = st.sampled_from(
    ("10.0.0.1", "10.0.0.0/8", "10.0.0.1-10.0.0.9", "2001:db8::/32", "dns:www.example.com", "lan")
)
PORTS = st.integers(0, 65535)


def items(kind: ItemKind, there: Objects) -> st.SearchStrategy[str] | None:
    """Values of a kind in the spelling of a configuration; None if it would refer to what is not there."""
    match kind:
        case Text(most):
            return WORDS.map(lambda text: text[:most])
        case Integer(minimum, maximum):
            return st.integers(minimum, maximum).map(str)
        case Boolean():
            return st.sampled_from(("Yes", "No"))
        case Choice(values):
            return st.sampled_from(values)
        case Host():
            return st.sampled_from(("ca.example.com", "10.1.2.3", "2001:db8::1"))
        case Address():
            return ADDRESSES
        case Ports():
            ranges = st.tuples(PORTS, PORTS).map(lambda pair: f"{min(pair)}-{max(pair)}")
            return st.lists(PORTS.map(str) | ranges, min_size=1, max_size=3).map(",".join)
        case DistinguishedName():
            return st.sampled_from(("CN=gw", "CN=a\\, b,O=x", "CN=gw,OU=1+C=SE"))
        case Reference(is_open=True):
            return NAMES
        case Reference():
            named = [
                path.reference
                for path, held in there.items()
                if path.type in BUILT_IN.targets(kind)
                and all(held.get(name) == value for name, value in kind.demands)
            ]
            return st.sampled_from(named) if named else None
        case SecretText() | DeviceFile():
            raise AssertionError("no item of a list")


def values(prop: PropertyType, path: Path, there: Objects) -> st.SearchStrategy[Value] | None:
    match prop.kind:
        case DeviceFile(secret):
            return st.just(FileValue("x", f"sha256:{path.path}:{prop.name}", secret))
        case SecretText():
            kept = st.sampled_from(("ab", "cd")).map(lambda digits: SecretValue(digits * 32))
            return kept | st.sampled_from(("${env:PASSWORD}", "${file:secret.txt}"))
        case ListOf(item, most):
            one = items(item, there)
            if one is None:
                return None
            plain = one.map(lambda text: text.replace(",", "").strip(" ")).filter(bool)
            return st.lists(plain, max_size=min(most or 3, 3)).map(",".join)
        case kind:
            return items(kind, there)


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """A device with some objects of any types, each in a container that it may live in."""
    there: Objects = {path: dict(held) for path, held in (empty_device() | FOUNDATION).items()}
    for object_type in draw(st.lists(st.sampled_from(list(BUILT_IN.types.values())), max_size=6)):
        path = draw(places(object_type, there))
        if path not in FOUNDATION:
            there[path] = draw(properties(object_type, path, there))
    return there


@st.composite
def places(draw: st.DrawFn, object_type: ObjectType, there: Objects) -> Path:
    """Where an object goes; a container that is missing is added."""
    parent = draw(st.sampled_from(object_type.parents))
    container = ROOT
    if parent is not None:
        known = [path for path in there if path.type == parent]
        if known and (BUILT_IN.types[parent].is_closed or draw(st.booleans())):
            container = draw(st.sampled_from(known))
        else:
            container = draw(places(BUILT_IN.types[parent], there))
            there.setdefault(container, draw(properties(BUILT_IN.types[parent], container, there)))
    if object_type.naming is Naming.SINGLE:
        return container.child(object_type.name, "")
    if object_type.naming is Naming.INDEX:
        row = [path for path in there if path.parent == container and path.type == object_type.name]
        return container.child(object_type.name, str(len(row) + 1))
    names = st.sampled_from(object_type.predefined) if object_type.predefined else NAMES
    if object_type.predefined and not object_type.is_closed:
        names |= NAMES
    return container.child(object_type.name, draw(names))


@st.composite
def properties(
    draw: st.DrawFn, object_type: ObjectType, path: Path, there: Objects
) -> dict[str, Value]:
    """Properties that go together: all that are mandatory, and some others."""
    held: dict[str, Value] = {}
    variant = None
    if object_type.discriminator is not None:
        choice = object_type.by_name[object_type.discriminator].kind
        assert isinstance(choice, Choice)
        variant = draw(st.sampled_from(choice.values))
        held[object_type.discriminator] = variant
    for prop in object_type.properties:
        is_due = prop.mandatory or variant in prop.mandatory_with
        if prop.name in held or (prop.only_with and variant not in prop.only_with):
            continue
        if is_due or draw(st.booleans()):
            value = values(prop, path, there)
            if value is not None:
                held[prop.name] = draw(value)
    if object_type.has_own and held and path not in empty_device() and draw(st.booleans()):
        held[DEVICE_OWN] = "Yes"
    return held

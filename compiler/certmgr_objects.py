"""What a `certmgr` names in; the objects that it works with as the candidate holds them, or findings, out."""

from __future__ import annotations

from ..grammar.ast import Option, Span, value_part
from ..grammar.frozen import frozen
from . import rules
from .address import ROOT, Address
from .configuration import Configuration, FileValue, Properties
from .diagnostics import Diagnostic, Label, finding
from .lifecycle import State, pair_of
from .machine import Machine
from .objects import look_up
from .plan import Server
from .references import target_of
from .schema.catalog import BUILT_IN
from .values import unqualified


@frozen
class Signer:
    """The Certificate object that signs a request: what it holds, as content ids, and where it is named."""

    address: Address
    certificate: str
    key: str
    span: Span


def named_certificate(machine: Machine, option: Option | None) -> Address | None:
    """The Certificate object that an option names as STORE/NAME."""
    if option is None:
        return None
    parts = (option.value or "").split("/")
    span = option.value_span
    if len(parts) != 2 or not all(parts):
        machine.report(
            unqualified(
                machine, f"-{option.name}", span, option.value or "", BUILT_IN.types["Certificate"]
            )
        )
        return None
    store = ROOT.child("CertificateStore", parts[0])
    target = store.child("Certificate", parts[1])
    if machine.is_assumed(target):
        return None
    if not machine.exists(store):
        store_span = value_part(option, 0, len(parts[0]))
        look_up(machine, BUILT_IN.types["CertificateStore"], store, store_span)
        return None
    name_span = value_part(option, len(parts[0]) + 1, len(parts[1]))
    found = look_up(machine, BUILT_IN.types["Certificate"], target, name_span)
    is_usable = found in machine.candidate and found not in machine.flawed
    return found if is_usable else None


def server_of(machine: Machine, target: Address, span: Span) -> Server | None:
    """The CMPServer of `target`, with all that it needs to be used."""
    properties = machine.candidate[target]
    name = properties.get("CMPServer")
    if properties.get("Type") != "CMPv2" or not isinstance(name, str):
        kind = properties.get("Type", "unknown")
        machine.report(
            finding(
                rules.NOT_MANAGED_BY_CMP,
                f"{target} is not managed with CMP",
                span,
                f"its Type is {kind}",
                secondary=_origin(machine, target, "Type"),
                help="certmgr needs a Certificate with Type=CMPv2 and a CMPServer",
            )
        )
        return None
    address = ROOT.child("CMPServer", name)
    if address in machine.flawed or machine.is_assumed(address):
        return None
    if address not in machine.candidate:
        machine.report(
            finding(
                rules.DANGLING_REFERENCE,
                f"certmgr needs the CMPServer `{name}`, and there is none",
                span,
                f"{target} names it",
                secondary=_origin(machine, target, "CMPServer"),
                help=_did_you_mean(machine, address)
                or f"add it before this command: `add CMPServer {name} …`",
            )
        )
        machine.reported.add((target, "CMPServer"))
        machine.assumed.add(address)
        return None
    held = machine.candidate[address]
    ca = target_of(BUILT_IN, str(held.get("CACert")), BUILT_IN.types["Certificate"])
    ca_certificate = _ca_certificate(machine, address, ca, span)
    if ca_certificate is None:
        return None
    return _server(address, held, ca, ca_certificate)


def server_in(configuration: Configuration, target: Address) -> Server | None:
    """The CMPServer of `target` in a configuration that is checked already, None if it lacks anything."""
    address = ROOT.child("CMPServer", str(configuration.get(target, {}).get("CMPServer")))
    held = configuration.get(address)
    if held is None:
        return None
    ca = target_of(BUILT_IN, str(held.get("CACert")), BUILT_IN.types["Certificate"])
    data = configuration.get(ca, {}).get("CertificateData")
    return _server(address, held, ca, data.content) if isinstance(data, FileValue) else None


def _server(address: Address, held: Properties, ca: Address, ca_certificate: str) -> Server:
    """A CMPServer with what its object says; the defaults are those of its type."""

    def said(name: str) -> str:
        kind = BUILT_IN.types["CMPServer"].by_name[name]
        return str(held.get(name) or kind.default or "")

    return Server(
        address,
        said("FQDN"),
        int(said("Port")),
        said("Path"),
        ca,
        ca_certificate,
        tls=said("TLS"),
        mac=said("MAC"),
        rsa_padding=said("RSAPadding"),
        is_implicit=said("Confirmation") == "Implicit",
        tolerate=tuple(said("Tolerate").split(",")) if said("Tolerate") else (),
        poll_limit=int(said("PollLimit")),
    )


def _ca_certificate(machine: Machine, server: Address, address: Address, span: Span) -> str | None:
    """The content id of the CA's root, which every answer of the server is checked against."""
    is_known_wrong = (server, "CACert") in machine.reported
    if is_known_wrong or address in machine.flawed or machine.is_assumed(address):
        return None
    origin = _origin(machine, server, "CACert")
    if address not in machine.candidate:
        fault = "which does not exist"
        way_out = _did_you_mean(machine, address) or "add it before this command, with Type=Remote"
        rule = rules.DANGLING_REFERENCE
    else:
        properties = machine.candidate[address]
        data = properties.get("CertificateData")
        if properties.get("Type") == "Remote" and isinstance(data, FileValue):
            return data.content
        fault = f"whose Type is {properties.get('Type')}, not Remote"
        if properties.get("Type") == "Remote":
            fault = "which holds no certificate"
        way_out = "CACert has to be the CA's own certificate, with Type=Remote and CertificateData"
        rule = rules.UNFIT_REFERENCE
    machine.report(
        finding(
            rule,
            f"{server} checks answers against {address}, {fault}",
            span,
            "certmgr cannot trust any answer",
            secondary=origin,
            help=way_out,
        )
    )
    machine.reported.add((server, "CACert"))
    return None


def signer_of(machine: Machine, option: Option | None) -> Signer | None:
    """What -signer names: an object that holds a certificate and its key here and now."""
    address = named_certificate(machine, option)
    if option is None or address is None:
        return None
    pair = pair_of(machine.candidate[address])
    if pair is None:
        machine.report(_unfit_signer(machine, option, address))
        return None
    return Signer(address, *pair, option.value_span)


def _unfit_signer(machine: Machine, option: Option, address: Address) -> Diagnostic:
    properties = machine.candidate[address]
    is_remote = properties.get("Type") == "Remote"
    lacks = [n for n in ("CertificateData", "PrivateKey") if n not in properties]
    return finding(
        rules.UNFIT_REFERENCE,
        f"{address.reference} cannot sign a request: it holds no "
        + ("certificate" if "CertificateData" in lacks else "private key"),
        option.value_span,
        f"no `{lacks[0]}`",
        secondary=_origin(machine, address, "Type"),
        help="a signer is a Certificate with Type=Local, or one that CMP obtained: Type=Remote has no key"
        if is_remote
        else f"bind it first: `set Certificate {address.name} CertificateData=… PrivateKey=…`",
    )


def can_sign(machine: Machine, signer: Signer) -> bool:
    """Whether the signer's certificate is still good; a finding if CMP obtained it, and it is not."""
    record = machine.records.get(signer.address)
    state = machine.state(signer.address)
    if record is None or (record.certificate, record.key) != (signer.certificate, signer.key):
        return True
    if state not in (State.REVOKED, State.EXPIRED):
        return True
    is_revoked = state is State.REVOKED
    what = "is revoked" if is_revoked else "has expired"
    machine.report(
        finding(
            rules.USE_AFTER_REVOKE if is_revoked else rules.CERTIFICATE_EXPIRED,
            f"the certificate of {signer.address.reference} {what}",
            signer.span,
            "it cannot sign a request any more",
            help="obtain a new one for it with -initiate, or name another signer",
        )
    )
    return False


def _did_you_mean(machine: Machine, address: Address) -> str | None:
    meant = machine.candidate.references(address.type).nearest(address.reference)
    return f"did you mean `{meant}`?" if meant else None


def _origin(machine: Machine, address: Address, name: str) -> tuple[Label, ...]:
    span = machine.origins.get((address, name))
    return (Label(span, "set here"),) if span else ()

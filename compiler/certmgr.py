"""`certmgr`: whether the certificate's life allows the operation, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace

from ..grammar.ast import Option, Span, Word, value_part
from ..grammar.frozen import frozen
from . import rules
from .address import ROOT, Address
from .arguments import Arguments
from .certmgr_advice import check_active, check_credentials
from .certmgr_options import Form, read_form
from .certmgr_refusal import refuse
from .configuration import FileValue
from .device import CERTIFICATE_FILE, KEY_FILE, CertificateRecord
from .diagnostics import Label, finding
from .key_types import DEFAULT_KEY_TYPE
from .lifecycle import TRANSITIONS, Event, State, pair_of
from .machine import Binding, Machine
from .objects import look_up
from .plan import CmpOperation, Operation, Renewal, RequestType, Server
from .references import target_of
from .replacement import is_replaced, replaced, waits
from .schema.catalog import BUILT_IN
from .steps import planned
from .values import unqualified


def certmgr(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """Carry out one `certmgr` on the abstract device."""
    form, found = read_form(verb, arguments)
    machine.report(*found)
    target = _target(machine, form.client_certificate) if form.client_certificate else None
    server = _server(machine, target, verb.span) if target else None
    is_sound = not any(d.rule is not rules.SECRET_IN_CLEAR for d in found)
    if is_sound and form.event and target and server:
        end = max((verb, *arguments.all), key=lambda part: part.span[1:3]).span
        run = _Run(form.event, target, server, form, verb.span, end)
        if form.event is Event.UPDATE:
            machine.renewals.append(Renewal(target, verb.span))
        if _is_done(machine, run) or _is_allowed(machine, run):
            return
    # What certmgr would have made counts as made: what uses it has no mistake of its own.
    machine.reaching[CERTIFICATE_FILE] = "assumed:certificate"
    machine.reaching[KEY_FILE] = "assumed:key"


@frozen
class _Run:
    """One certmgr command whose form is right."""

    event: Event
    target: Address
    server: Server
    form: Form
    span: Span
    end: Span

    @property
    def request(self) -> str:
        """What is asked for, as the record keeps it."""
        return f"subject {self.form.subject} from {self.server.address.reference}"


# -- what it is about ------------------------------------------------------------------------------


def _target(machine: Machine, option: Option) -> Address | None:
    parts = (option.value or "").split("/")
    span = option.value_span
    if len(parts) != 2 or not all(parts):
        machine.report(
            unqualified(
                machine, "-clientcert", span, option.value or "", BUILT_IN.types["Certificate"]
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


def _server(machine: Machine, target: Address, span: Span) -> Server | None:
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
    return Server(
        address,
        str(held.get("FQDN", "")),
        int(str(held.get("Port", "80"))),
        str(held.get("Path", "")),
        ca,
        ca_certificate,
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


def _did_you_mean(machine: Machine, address: Address) -> str | None:
    meant = machine.candidate.references(address.type).nearest(address.reference)
    return f"did you mean `{meant}`?" if meant else None


def _origin(machine: Machine, address: Address, name: str) -> tuple[Label, ...]:
    span = machine.origins.get((address, name))
    return (Label(span, "set here"),) if span else ()


# -- whether it is done already, or may be done ----------------------------------------------------


def _is_done(machine: Machine, run: _Run) -> bool:
    """Whether there is nothing to do; the files then hold what is already there."""
    record = machine.records.get(run.target)
    met = machine.repeated.get(run.target, 0)
    if run.event is not Event.UPDATE:
        met += 1
        machine.repeated[run.target] = met
    if run.event is Event.INITIATE:
        machine.initiated[run.target] = run.span
    if record is None:
        return False
    is_past = record.script == machine.script and (
        (run.event is Event.INITIATE and met < record.operations)
        or (run.event is Event.REVOKE and met <= record.operations)
    )
    why = _why_past(run.event, record) if is_past else _why_done(machine, run, record)
    if why is None:
        return False
    if run.event is not Event.REVOKE:
        machine.given_up.discard(run.target)
        held = pair_of(machine.candidate[run.target]) if is_past else None
        certificate, key = held or (record.certificate, record.key)
        machine.reaching[CERTIFICATE_FILE] = certificate
        machine.reaching[KEY_FILE] = key
        machine.met[certificate] = run.span
    machine.unchanged(f"certmgr -{run.event} {run.target.reference}", why, run.span)
    return True


def _why_past(event: Event, record: CertificateRecord) -> str:
    """What an earlier run of this script has done, and has acted on the certificate since."""
    if event is Event.REVOKE:
        return (
            "revoked already"
            if record.is_revoked
            else "this script has revoked the one before it already"
        )
    since = "revoked it" if record.is_revoked else "another one since"
    return f"this script has obtained it already, and {since}"


def _why_done(machine: Machine, run: _Run, record: CertificateRecord) -> str | None:
    until = f", valid until {record.not_after:%Y-%m-%d}" if record.not_after else ""
    is_over = record.is_revoked or record.is_expired(machine.circumstances.now)
    state = machine.state(run.target)
    match run.event:
        case Event.INITIATE if is_replaced(machine, run.target):
            return None
        case Event.INITIATE if not is_over and record.request == run.request:
            if waits(machine, run.target):
                machine.enrolled.add(run.target)
            return f"obtained already{until}"
        case Event.UPDATE if state is State.OBTAINED and _waits_for_binding(machine, run.target):
            return f"the new certificate is there already and waits to be bound{until}"
        case Event.REVOKE if state is State.REVOKED:
            return "revoked already"
        case _:
            return None


def _waits_for_binding(machine: Machine, target: Address) -> bool:
    """Whether an update of an earlier run was cut off before it was bound."""
    return (
        machine.circumstances.base.certificates.get(target) == machine.records[target]
        and "CertificateData" in machine.candidate[target]
    )


def _is_allowed(machine: Machine, run: _Run) -> bool:
    """Plan the operation if the life cycle has it; a finding and False if not."""
    state = machine.state(run.target)
    is_again = run.event is Event.INITIATE and is_replaced(machine, run.target)
    if (state, run.event) not in TRANSITIONS and not is_again:
        refuse(machine, run.event, run.target, run.span)
        return False
    if run.event is not Event.REVOKE and not _keeps_waiting_files(machine, run):
        return False
    check_active(machine, run.target, run.server, run.span)
    if run.event is Event.INITIATE:
        check_credentials(machine, run.target, run.server, run.form, run.span)
    _plan(machine, run)
    return True


def _keeps_waiting_files(machine: Machine, run: _Run) -> bool:
    """Whether the files that certmgr is about to write hold nothing that would be lost."""
    # A certmgr that had nothing to do is what a `file://` sees, and has written nothing.
    contents = (machine.reaching.get(CERTIFICATE_FILE), machine.files.get(CERTIFICATE_FILE))
    return all(_is_kept(machine, run, content) for content in dict.fromkeys(contents) if content)


def _is_kept(machine: Machine, run: _Run, content: str) -> bool:
    """Whether nobody misses `content` once it is overwritten; a finding if somebody does."""
    owner = machine.owner(content)
    if owner is None or machine.state(owner[0]) is not State.OBTAINED:
        return True
    address, record = owner
    made = machine.obtained.get(record.certificate)
    # What this same script obtained in an earlier run it binds further down, and what belongs to no object
    # any more nobody misses.
    is_taken_up = made is None and record.script == machine.script
    if is_taken_up or address not in machine.candidate:
        return True
    machine.spoiled.add(address)
    machine.report(
        finding(
            rules.OVERWRITTEN,
            f"certmgr overwrites the key of {address.reference} before it was bound",
            run.span,
            f"overwritten here: the key of {address.reference} is lost",
            secondary=(Label(made, "obtained here"),) if made else (),
            notes=() if made else (f"an earlier run obtained it, and `{KEY_FILE}` still waits",),
            help=f"bind {address.reference} first, with CertificateData and PrivateKey",
        )
    )
    return False


_REQUESTS = {
    Event.INITIATE: RequestType.IR,
    Event.UPDATE: RequestType.KUR,
    Event.REVOKE: RequestType.RR,
}


# -- what it leaves --------------------------------------------------------------------------------


def _plan(machine: Machine, run: _Run) -> None:
    machine.steps.flush(machine.candidate)
    step = machine.steps.next_id()
    old = machine.records.get(run.target)
    done = machine.repeated.get(run.target, 0)
    if old is not None and old.script == machine.script:
        done = max(done, old.operations)
    if run.event is Event.INITIATE or old is None:
        record = CertificateRecord(
            planned(step, "certificate"),
            planned(step, "key"),
            run.request,
            run.form.subject,
            machine.script,
            done,
        )
    elif run.event is Event.UPDATE:
        record = CertificateRecord(
            planned(step, "certificate"),
            planned(step, "key"),
            old.request,
            old.subject,
            machine.script,
            done,
        )
    else:
        record = replace(old, is_revoked=True, script=machine.script, operations=done)
    signer = None if run.event is Event.INITIATE else old
    is_again = run.event is Event.INITIATE and is_replaced(machine, run.target)
    machine.steps.operation(
        CmpOperation(
            operation=Operation(run.event),
            request_type=_REQUESTS[run.event],
            target=run.target,
            server=run.server,
            subject=record.subject,
            request=record.request,
            script=record.script,
            operations=record.operations,
            certificate=record.certificate,
            key=record.key,
            old_certificate=signer.certificate if signer else None,
            old_key=signer.key if signer else None,
            username=run.form.username,
            password=run.form.password,
            is_hex=run.form.is_hex,
            replaces=replaced(old) if is_again and old is not None else None,
            key_type=DEFAULT_KEY_TYPE if run.event is Event.INITIATE else None,
        ),
        run.span,
        f"certmgr -{run.event}" + (", asked for with --replace" if is_again else ""),
    )
    if run.event is Event.INITIATE:
        machine.enrolled.add(run.target)
    machine.keep_record(run.target, record)
    machine.binding[record.certificate] = Binding(run.end, machine.context, machine.commands)
    if run.event is Event.REVOKE:
        machine.revoked[run.target] = run.span
    if run.event is not Event.REVOKE:
        for files in (machine.files, machine.reaching):
            files[CERTIFICATE_FILE] = record.certificate
            files[KEY_FILE] = record.key
        machine.obtained[record.certificate] = run.span

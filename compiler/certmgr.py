"""`certmgr`: whether the certificate's life allows the operation, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace

from ..grammar.ast import Span, Word
from ..grammar.frozen import frozen
from . import rules
from .address import Address
from .arguments import Arguments
from .certmgr_advice import check_active, check_credentials
from .certmgr_extensions import foreign_to_a_device
from .certmgr_objects import Signer, can_sign, named_certificate, server_of, signer_of
from .certmgr_options import Form, read_form
from .certmgr_refusal import refuse
from .device import CERTIFICATE_FILE, KEY_FILE, CertificateRecord
from .diagnostics import Label, finding
from .key_types import KEM_KEY_TYPES
from .lifecycle import TRANSITIONS, Event, State, pair_of
from .machine import Binding, Machine
from .plan import CmpOperation, Operation, Renewal, Server
from .replacement import is_replaced, replaced, waits
from .steps import planned


def certmgr(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """Carry out one `certmgr` on the abstract device."""
    form, found = read_form(verb, arguments)
    if machine.circumstances.is_strict:
        found += foreign_to_a_device(arguments.options)
    machine.report(*found)
    target = named_certificate(machine, form.client_certificate)
    server = server_of(machine, target, verb.span) if target else None
    signer = signer_of(machine, form.asked.signer)
    is_sound = not any(d.rule is not rules.SECRET_IN_CLEAR for d in found)
    is_signed = signer is not None or form.asked.signer is None
    if is_sound and is_signed and form.event and target and server:
        end = max((verb, *arguments.all), key=lambda part: part.span[1:3]).span
        run = _Run(form.event, target, server, signer, form, verb.span, end)
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
    signer: Signer | None
    form: Form
    span: Span
    end: Span

    @property
    def request(self) -> str:
        """What is asked for, as the record keeps it."""
        more = self.form.asked.differs
        asked = f"subject {self.form.subject} from {self.server.address.reference}"
        return f"{asked}, {more}" if more else asked


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
    if run.signer is not None and not can_sign(machine, run.signer):
        return False
    if run.event is not Event.INITIATE and not _key_signs(machine, run):
        return False
    check_active(machine, run.target, run.server, run.span)
    if run.event is Event.INITIATE:
        check_credentials(machine, run.target, run.server, run.form, run.span)
    _plan(machine, run)
    return True


def _key_signs(machine: Machine, run: _Run) -> bool:
    """Whether the key in force can sign for its renewal or its end; a finding if not (RFC 9483 4.2)."""
    request = machine.records[run.target].request
    kind = next((kind for kind in KEM_KEY_TYPES if f"key {kind}" in request.split(", ")), None)
    if kind is None:
        return True
    machine.spoiled.add(run.target)
    machine.report(
        finding(
            rules.KEY_CANNOT_SIGN,
            f"the key of {run.target.reference} is of the kind {kind}, which cannot sign",
            run.span,
            f"-{run.event} is signed with the key in force",
            help=f"obtain a new certificate with `-initiate`, planned with "
            f"`--replace {run.target.reference}`"
            if run.event is Event.UPDATE
            else "have the CA's operator revoke it",
        )
    )
    return False


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
    in_force = None if run.event is Event.INITIATE else old
    is_again = run.event is Event.INITIATE and is_replaced(machine, run.target)
    asked = run.form.asked
    machine.steps.operation(
        CmpOperation(
            operation=Operation(run.event),
            request_type=asked.request_type,
            target=run.target,
            server=run.server,
            subject=record.subject,
            request=record.request,
            script=record.script,
            operations=record.operations,
            certificate=record.certificate,
            key=record.key,
            old_certificate=in_force.certificate if in_force else None,
            old_key=in_force.key if in_force else None,
            username=run.form.username,
            password=run.form.password,
            is_hex=run.form.is_hex,
            replaces=replaced(old) if is_again and old is not None else None,
            san=asked.san,
            key_type=asked.key_type,
            is_central=asked.is_central,
            signer=run.signer.address if run.signer else None,
            signer_certificate=run.signer.certificate if run.signer else None,
            signer_key=run.signer.key if run.signer else None,
            reason=asked.reason,
            profile=asked.profile,
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

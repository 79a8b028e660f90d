"""What a script leaves undone: keys and changes that the next restart of the device would delete."""

from __future__ import annotations

from ..grammar.ast import Span
from . import rules
from .address import Address
from .configuration import quote_word
from .device import CERTIFICATE_FILE, KEY_FILE, CertificateRecord
from .diagnostics import Applicability, Diagnostic, Edit, Fix, Label, finding
from .lifecycle import State, is_bound
from .machine import Machine


def check_ending(machine: Machine, end: Span) -> None:
    """Find what is not permanent after the last command, which stands at `end`."""
    covered = False
    for address in machine.records:
        if address not in machine.candidate:
            continue  # deleted on purpose: no restart loses what nothing wants
        if address in machine.spoiled or address in machine.flawed:
            covered = True
            continue
        found = _check_certificate(machine, address, end)
        if found is not None:
            covered = covered or found.rule is not rules.BOUND_ELSEWHERE
            machine.report(found)
    if not covered and _differs(machine):
        machine.report(_uncommitted(machine, end))


def _check_certificate(machine: Machine, address: Address, end: Span) -> Diagnostic | None:
    content = machine.records[address].certificate
    made = machine.obtained.get(content)
    # The command that has nothing to do any more: a silence above it holds when the script runs again.
    place = made or machine.met.get(content) or end
    bound = machine.origins.get((address, "CertificateData"))
    name = address.reference
    match machine.state(address):
        case State.OBTAINED if holder := _holder(machine, machine.records[address]):
            return _elsewhere(machine, address, holder, place)
        case State.OBTAINED:
            return finding(
                rules.KEY_LOST_AT_RESTART,
                f"the new certificate of {name} is never bound",
                place,
                "obtained here" if made else "obtained by an earlier run",
                secondary=_restart(end, "restart after this: the key is gone"),
                help=f"bind it: `set Certificate {address.name} "
                f"CertificateData=file://{CERTIFICATE_FILE} PrivateKey=file://{KEY_FILE}`, "
                "then `activate` and `commit`",
                fix=_bind(machine, address, end),
            )
        case State.BOUND:
            return finding(
                rules.BOUND_NOT_ACTIVATED,
                f"the new certificate of {name} is bound but never activated",
                bound or place,
                "bound here" if bound else "obtained by an earlier run",
                secondary=_restart(end, "restart after this: the key is gone"),
                help="`activate`, then `commit`",
                fix=_append(end, "activate", "commit"),
            )
        case State.ACTIVE:
            return finding(
                rules.NOT_COMMITTED,
                f"the new certificate of {name} is active but never committed",
                bound or place,
                "bound here" if bound else "obtained by an earlier run",
                secondary=_restart(end, "restart after this: the key is gone"),
                help="`commit`",
                fix=_append(end, "commit"),
            )
        case _:
            return None


def _holder(machine: Machine, record: CertificateRecord) -> Address | None:
    """Another object that the record's certificate and key are bound to."""
    return next((a for a in machine.candidate if is_bound(a, record, machine.candidate)), None)


def _elsewhere(machine: Machine, address: Address, holder: Address, place: Span) -> Diagnostic:
    bound = machine.origins.get((holder, "CertificateData"))
    return finding(
        rules.BOUND_ELSEWHERE,
        f"the certificate of {address.reference} is bound to {holder.reference}",
        bound or place,
        f"bound to {holder.reference} here" if bound else "an earlier run bound it",
        secondary=(Label(place, f"obtained for {address.reference} here"),) if bound else (),
        help=f"bind it to {address.reference}, for which certmgr will renew and revoke it; "
        f"obtain one for {holder.reference} with a certmgr of its own",
    )


def _differs(machine: Machine) -> bool:
    return not (machine.is_active and machine.is_committed)


def _uncommitted(machine: Machine, end: Span) -> Diagnostic:
    missing = ("activate", "commit") if not machine.is_active else ("commit",)
    return finding(
        rules.UNCOMMITTED_CHANGES,
        "the script ends with changes that are not committed",
        end,
        "restart after this: they are gone",
        help="end with " + " and ".join(f"`{word}`" for word in missing),
        fix=_append(end, *missing),
    )


def _restart(end: Span, text: str) -> tuple[Label, ...]:
    return (Label(end, text),)


def _bind(machine: Machine, address: Address, end: Span) -> Fix | None:
    """Bind a result behind the certmgr that obtains it, and make that permanent."""
    binding = machine.binding.get(machine.records[address].certificate)
    if binding is None:
        return None
    bind = (
        f"set {address.type} {quote_word(address.name)} "
        f"CertificateData=file://{CERTIFICATE_FILE} PrivateKey=file://{KEY_FILE}"
    )
    commands = [bind]
    if binding.context != address.parent:
        commands = ["cc", *_enter(address.parent), bind, "cc", *_enter(binding.context)]
    edits = _append(binding.end, *commands).edits
    if machine.activated < binding.number:
        edits += _append(end, "activate", "commit").edits
    elif machine.committed_at < machine.activated:
        edits += _append(end, "commit").edits
    # Two insertions in one place would be one.
    if len({edit.span for edit in edits}) < len(edits):
        edits = (Edit(edits[0].span, "".join(edit.replacement for edit in edits)),)
    return Fix("bind it here", edits, Applicability.SAFE)


def _enter(context: Address) -> list[str]:
    """The commands that lead from the root into a context."""
    return [f"cc {kind} {quote_word(name)}".rstrip() for kind, name in context.segments]


def _append(end: Span, *commands: str) -> Fix:
    """Add commands on lines of their own after the last one."""
    place = end.part(end.length, 0)
    return Fix(
        "add " + " and ".join(f"`{command}`" for command in commands),
        (Edit(place, "".join(f"\n{command}" for command in commands)),),
        Applicability.SAFE,
    )

"""What a script leaves undone: keys and changes that the next restart of the device would delete."""

from __future__ import annotations

from ..grammar.ast import Span
from . import rules
from .address import Address
from .device import CERTIFICATE_FILE, KEY_FILE
from .diagnostics import Applicability, Diagnostic, Edit, Fix, Label, finding
from .lifecycle import State
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
            covered = True
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


def _append(end: Span, *commands: str) -> Fix:
    """Add commands on lines of their own after the last one."""
    place = end.part(end.length, 0)
    return Fix(
        "add " + " and ".join(f"`{command}`" for command in commands),
        (Edit(place, "".join(f"\n{command}" for command in commands)),),
        Applicability.UNSAFE,
    )

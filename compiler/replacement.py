"""`--replace`: whether an -initiate runs again although what it obtained is valid, and who asks in vain."""

from __future__ import annotations

from . import rules
from .address import Address
from .device import CertificateRecord
from .diagnostics import Diagnostic, Label, finding
from .lifecycle import State
from .machine import Machine
from .plan import Replaced
from .selection import Selection, selector

_IN_FORCE = (State.BOUND, State.ACTIVE, State.COMMITTED)


def is_replaced(machine: Machine, target: Address) -> bool:
    """Whether the next -initiate takes the place of a valid certificate.

    What waits to be bound is what an earlier run obtained that was cut off: it is not obtained again.
    """
    return (
        _is_asked(machine, target)
        and target not in machine.enrolled
        and machine.state(target) in _IN_FORCE
    )


def waits(machine: Machine, target: Address) -> bool:
    """Whether the replacement is there already, from a run that was cut off."""
    return (
        _is_asked(machine, target)
        and target not in machine.enrolled
        and machine.state(target) is State.OBTAINED
    )


def _is_asked(machine: Machine, target: Address) -> bool:
    replaced, catalog = machine.circumstances.selection.replace, machine.circumstances.catalog
    return bool(replaced) and selector(replaced, catalog)(target)


def replaced(record: CertificateRecord) -> Replaced:
    """The certificate of a record, as one that is replaced."""
    until = record.not_after
    return Replaced(
        record.certificate, record.serial_number, "" if until is None else f"{until:%Y-%m-%d}"
    )


def check_replacements(machine: Machine) -> list[Diagnostic]:
    """Find those that are to be replaced and that no -initiate of the script enrols."""
    selection, catalog = machine.circumstances.selection, machine.circumstances.catalog
    found: list[Diagnostic] = []
    for text in dict.fromkeys(selection.replace):
        is_meant = selector((text,), catalog)
        if not any(map(is_meant, machine.enrolled)) and any(map(is_meant, machine.known)):
            met = [address for address in machine.initiated if is_meant(address)]
            found.append(_in_vain(machine, selection, text, met))
    return found


def _in_vain(machine: Machine, selection: Selection, text: str, met: list[Address]) -> Diagnostic:
    if met:
        message = f"`--replace {text}` has no effect: the script ends what it obtains"
        way_out = "leave it out, or take the -revoke out of the script"
        label = "what this obtained, the script has revoked or replaced itself"
        secondary = (Label(machine.initiated[met[0]], label),)
    else:
        message = f"the script has no -initiate for `{text}`"
        way_out = (
            "add `certmgr -clientcert=… -initiate …` for it, or renew it with `certmgr -update`"
        )
        secondary = ()
    return finding(
        rules.NOTHING_TO_REPLACE,
        message,
        selection.place("--replace", text),
        "nothing enrols it",
        secondary=secondary,
        help=way_out,
    )

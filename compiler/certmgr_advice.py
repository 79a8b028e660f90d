"""A `certmgr` that the life cycle allows in; what is doubtful about it all the same, as findings, out."""

from __future__ import annotations

from ..grammar.ast import Span
from . import rules
from .address import Address
from .certmgr_options import Form
from .configuration import Properties
from .diagnostics import Applicability, Edit, Fix, Label, finding
from .machine import Machine, fingerprint_of_the_moment
from .plan import Secret, Server

# What binding a result changes, and what so says nothing about whether the object was active before.
_BOUND = frozenset(("CertificateData", "PrivateKey"))


def check_active(machine: Machine, target: Address, server: Server, span: Span) -> None:
    """Find that certmgr works with objects that only the candidate holds."""
    waiting = [a for a in (target, server.address, server.ca) if not _is_active(machine, a)]
    if not waiting:
        return
    names = ", ".join(str(address) for address in waiting)
    defined = machine.defined.get(waiting[0])
    machine.report(
        finding(
            rules.NOT_ACTIVE_YET,
            f"certmgr works with what is not active yet: {names}",
            span,
            "a device that looks at its active configuration finds nothing",
            secondary=(Label(defined, "added here"),) if defined else (),
            help="`activate` before this command",
            fix=_activate_first(machine, span),
        )
    )


def _activate_first(machine: Machine, span: Span) -> Fix:
    """Insert `activate`, above the comments that belong to the command at `span`."""
    before = machine.before
    edit = Edit(span.part(0, 0), "activate\n")
    if before is not None:
        edit = Edit(before.part(before.length, 0), "\nactivate")
    # What else is in the candidate goes active with it: that wants a look.
    return Fix("insert `activate`", (edit,), Applicability.UNSAFE)


def _is_active(machine: Machine, address: Address) -> bool:
    active = machine.active.get(address)
    return active is not None and _unbound(active) == _unbound(machine.candidate[address])


def _unbound(properties: Properties) -> Properties:
    return {name: value for name, value in properties.items() if name not in _BOUND}


def check_credentials(
    machine: Machine, target: Address, server: Server, form: Form, span: Span
) -> None:
    """Find reference number and secret that an earlier -initiate has used up: a CA takes them once."""
    if form.username is None or form.password is None:
        return
    identity = (
        server.address,
        _identity(form.username),
        _identity(form.password),
    )
    first = machine.credentials.setdefault(identity, (target, span))
    if first[1] == span or first[0] == target:
        return
    machine.report(
        finding(
            rules.CREDENTIALS_REUSED,
            f"{target.reference} is enrolled with the credentials of {first[0].reference}",
            span,
            "the CA may take them once only",
            secondary=(Label(first[1], "first used here"),),
            help="ask the CA's operator for a reference number and secret of its own",
        )
    )


def _identity(secret: Secret) -> str:
    if secret.text is None:
        return secret.source
    return fingerprint_of_the_moment(secret.text)

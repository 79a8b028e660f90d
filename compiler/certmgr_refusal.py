"""A `certmgr` that the life cycle does not allow in; the finding that says why, and the way out, out."""

from __future__ import annotations

from ..grammar.ast import Span
from . import rules
from .address import Address
from .device import CERTIFICATE_FILE, KEY_FILE
from .diagnostics import Label, finding
from .lifecycle import REFUSALS, Event
from .machine import Machine


def refuse(machine: Machine, event: Event, target: Address, span: Span) -> None:
    """Report that the state of the certificate does not allow the event.

    What follows from an earlier finding about the same certificate is no finding of its own.
    """
    if target in machine.spoiled:
        return
    rule = REFUSALS[machine.state(target), event]
    record = machine.records.get(target)
    name = target.reference
    made = machine.obtained.get(record.certificate) if record else None
    facts = {
        rules.OVERWRITTEN: (
            "what certmgr obtained is overwritten before it was bound",
            "overwritten here: the earlier key is lost",
            f"bind it first: `set Certificate {target.name} "
            f"CertificateData=file://{CERTIFICATE_FILE} PrivateKey=file://{KEY_FILE}`",
        ),
        rules.ALREADY_VALID: (
            f"{name} has a valid certificate already"
            + (f", for {record.request}" if record else ""),
            "-initiate needs an object without one",
            f"renew it with -update, end it first with -revoke, or plan with `--replace {name}`",
        ),
        rules.NOTHING_OBTAINED: (
            f"{name} has no certificate that CMP obtained",
            f"nothing to {event}",
            "obtain one first: `certmgr -initiate …`",
        ),
        rules.NOT_BOUND: (
            f"the certificate of {name} was obtained but never bound",
            f"the device holds nothing to {event} yet",
            "bind it first with `set Certificate … CertificateData=… PrivateKey=…`",
        ),
        rules.CERTIFICATE_EXPIRED: (
            f"the certificate of {name} has expired"
            + (f" on {record.not_after:%Y-%m-%d}" if record and record.not_after else ""),
            f"an expired certificate cannot authorise -{event}",
            "obtain a new one with -initiate",
        ),
        rules.USE_AFTER_REVOKE: (
            f"the certificate of {name} is revoked",
            f"a revoked certificate cannot authorise -{event}",
            "obtain a new one with -initiate",
        ),
    }
    message, label, way_out = facts[rule]
    machine.spoiled.add(target)
    machine.report(
        finding(
            rule,
            message,
            span,
            label,
            secondary=(Label(made, "obtained here"),) if made else (),
            help=way_out,
        )
    )

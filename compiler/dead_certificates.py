"""Certificates that CMP obtained and that are of no use at the end of a script, as findings."""

from __future__ import annotations

from ..grammar.ast import Span
from . import rules
from .address import Address
from .device import CertificateRecord
from .diagnostics import Diagnostic, Label, finding
from .lifecycle import is_bound
from .machine import Machine
from .tunnels import with_certificate


def check_dead_certificates(machine: Machine, end: Span) -> None:
    """Find revoked and expired certificates that stay, and valid ones that went. `end`: the last command."""
    for address, record in machine.records.items():
        if address in machine.flawed or address in machine.spoiled:
            continue
        expired = record.is_expired(machine.circumstances.now)
        if address not in machine.candidate:
            if not expired and not record.is_revoked and address in machine.deleted:
                machine.report(_deleted(machine, address, record))
        elif is_bound(address, record, machine.candidate):
            if record.is_revoked and record.script == machine.script:
                found = _revoked(machine, address, record, end)
                machine.report(*([found] if found else []))
            elif expired and not record.is_revoked:
                machine.report(_expired(machine, address, record, end))


def _deleted(machine: Machine, address: Address, record: CertificateRecord) -> Diagnostic:
    made = machine.obtained.get(record.certificate)
    until = f" until {record.not_after:%Y-%m-%d}" if record.not_after else ""
    return finding(
        rules.DELETED_WHILE_VALID,
        f"{address} is deleted, and its certificate stays valid{until}",
        machine.deleted[address],
        "whoever has its key can go on using it",
        secondary=(Label(made, "obtained here"),) if made else (),
        help=f"end it at the CA first: `certmgr -revoke -clientcert={address.reference}`",
    )


def _revoked(
    machine: Machine, address: Address, record: CertificateRecord, end: Span
) -> Diagnostic | None:
    users = _users(machine, address)
    if not users:
        return None
    return finding(
        rules.REVOKED_IN_USE,
        f"{users[0]} goes on with the revoked certificate of {address.reference}",
        machine.revoked.get(address) or machine.obtained.get(record.certificate) or end,
        "its peers refuse it from here on",
        help="obtain and bind a new one with -initiate, or take the tunnel's certificate out",
    )


def _users(machine: Machine, address: Address) -> list[Address]:
    """Who refers to a certificate, and the tunnels that look for one by identity."""
    named = [a for a in machine.users.get(address.reference, {}) if a in machine.candidate]
    return named or [tunnel for tunnel, _ in with_certificate(machine)]


def _expired(
    machine: Machine, address: Address, record: CertificateRecord, end: Span
) -> Diagnostic:
    day = f" on {record.not_after:%Y-%m-%d}" if record.not_after else ""
    users = _users(machine, address)
    return finding(
        rules.EXPIRED_IN_USE,
        f"the certificate of {address.reference} has expired{day} and stays configured",
        machine.origins.get((address, "CertificateData"), end),
        f"{users[0]} cannot authenticate with it" if users else "nothing can use it",
        help="obtain a new one with -initiate; -update would have had to come before that day",
    )

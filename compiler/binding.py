"""Whether an object takes a certificate together with the key that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping

from ..grammar.ast import Property
from . import rules
from .address import Address
from .configuration import FileValue
from .device import KEY_FILE, CertificateRecord
from .diagnostics import Label, finding
from .machine import Machine


def check_binding(machine: Machine, address: Address, written: Mapping[str, Property]) -> None:
    """Find a certificate of certmgr's that is bound without its key, or with another one's."""
    if not {"CertificateData", "PrivateKey"} & written.keys():
        return
    properties = machine.candidate.get(address, {})
    certificate, key = properties.get("CertificateData"), properties.get("PrivateKey")
    if not isinstance(certificate, FileValue):
        return
    owner = _record_of(machine, certificate.content)
    if owner is None:
        if not isinstance(key, FileValue) or not _is_key_of_another(machine, key.content):
            return
        wanted_key = ""
    else:
        wanted_key = owner.key
    argument = written.get("CertificateData") or written["PrivateKey"]
    made = machine.obtained.get(certificate.content)
    made_here = (Label(made, "the certificate is obtained here"),) if made else ()
    if not isinstance(key, FileValue):
        machine.spoiled.add(address)
        if "PrivateKey" not in written:
            machine.report(
                finding(
                    rules.BOUND_WITHOUT_KEY,
                    f"{address} gets a certificate without its private key",
                    argument.span,
                    "its key stays behind, and a restart deletes it",
                    secondary=made_here,
                    help=f"add `PrivateKey=file://{KEY_FILE}` to this command",
                )
            )
    elif key.content != wanted_key:
        machine.spoiled.add(address)
        machine.report(
            finding(
                rules.FOREIGN_KEY,
                f"{address} gets a certificate together with another one's key",
                written.get("PrivateKey", argument).span,
                "this key does not belong to the certificate",
                secondary=made_here,
                help="bind certificate and key of one certmgr run in one `set`",
            )
        )


def _is_key_of_another(machine: Machine, key: str) -> bool:
    """Whether the key belongs to a certificate that CMP obtained."""
    return any(record.key == key for record in machine.records.values())


def _record_of(machine: Machine, content: str) -> CertificateRecord | None:
    return next((r for r in machine.records.values() if r.certificate == content), None)

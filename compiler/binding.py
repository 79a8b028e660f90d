"""Whether an object takes a certificate together with the key that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping

from ..grammar.ast import Property
from . import rules
from .address import Address
from .configuration import FileValue
from .device import KEY_FILE
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
    owner = machine.owner(certificate.content)
    if owner is None:
        # An old certificate, or one that was uploaded, with a key that CMP obtained another one for.
        if not isinstance(key, FileValue) or machine.owner(key.content) is None:
            return
        wanted_key = ""
    else:
        wanted_key = owner[1].key
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

"""Tunnels that authenticate with a certificate: whether there is one that could serve.

A Stream device names no certificate in a tunnel: it takes one whose identity matches `LocalID` (SEG-100
Administration Guide, IPsec). So a script that has none of its own cannot work.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..grammar.ast import Span
from . import rules
from .address import Address
from .configuration import Properties
from .diagnostics import finding
from .machine import Machine

_METHODS = ("LocalAuthMethod", "AuthMethod")


def chooses_by_identity(address: Address, properties: Properties) -> bool:
    """Whether it is a tunnel that authenticates with a certificate, and names none."""
    return (
        address.type == "IPsecTunnel"
        and "GatewayCertificate" not in properties
        and _method(properties) is not None
    )


def _method(properties: Properties) -> str | None:
    """The property that asks for a certificate."""
    return next((name for name in _METHODS if properties.get(name) == "Certificate"), None)


def check_tunnels(machine: Machine, span: Span) -> None:
    """Find tunnels that need a certificate where there is none with a key. `span`: what activates."""
    if not machine.candidate.references("IPsecTunnel") or any(
        address.type == "Certificate" and properties.get("Type") in ("Local", "CMPv2")
        for address, properties in machine.candidate.items()
    ):
        return
    for address, method in with_certificate(machine):
        if (address, method) in machine.reported:
            continue
        machine.reported.add((address, method))
        machine.report(
            finding(
                rules.NO_CERTIFICATE,
                f"{address} authenticates with a certificate, and there is none",
                machine.origins.get((address, method), span),
                "needs a Certificate with a private key",
                help="add one with Type=Local or Type=CMPv2 whose identity is the tunnel's LocalID",
            )
        )


def with_certificate(machine: Machine) -> Iterator[tuple[Address, str]]:
    """The tunnels that look for a certificate by identity, and the property that says so."""
    for address, properties in machine.candidate.items():
        method = _method(properties)
        if method is not None and chooses_by_identity(address, properties):
            yield address, method

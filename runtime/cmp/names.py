"""Subject alternative names (RFC 5280 4.2.1.6) as `KIND:value` in; as objects of `cryptography` out."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from cryptography import x509

from .model import Extension

_SAN = "2.5.29.17"  # id-ce-subjectAltName
_KINDS: dict[type[x509.GeneralName], str] = {
    x509.DNSName: "DNS",
    x509.IPAddress: "IP",
    x509.RFC822Name: "EMAIL",
    x509.UniformResourceIdentifier: "URI",
}


def alternative_names(entries: Sequence[str]) -> x509.SubjectAlternativeName | None:
    """The names `DNS:…`, `IP:…`, `EMAIL:…` and `URI:…`; None for no entries.

    Raises:
        ValueError: if an entry is not one of these.
    """
    if not entries:
        return None
    return x509.SubjectAlternativeName([_general_name(entry) for entry in entries])


def names_of(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    """The alternative names of a certificate."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def extensions_for(names: x509.SubjectAlternativeName | None) -> tuple[Extension, ...]:
    """The extensions of a template that ask for these names."""
    return () if names is None else (Extension(_SAN, False, names.public_bytes()),)


def missing_names(
    certificate: x509.Certificate, wanted: x509.SubjectAlternativeName | None
) -> tuple[str, ...]:
    """Which of the names that were asked for the certificate does not have."""
    held = list(names_of(certificate) or ())
    return tuple(_text(name) for name in wanted or () if name not in held)


def _general_name(entry: str) -> x509.GeneralName:
    kind, _, value = entry.partition(":")
    match kind:
        case "DNS":
            return x509.DNSName(value)
        case "IP":
            return x509.IPAddress(ipaddress.ip_address(value))
        case "EMAIL":
            return x509.RFC822Name(value)
        case "URI":
            return x509.UniformResourceIdentifier(value)
        case _:
            raise ValueError(f"{kind!r} is no kind of alternative name")


def _text(name: x509.GeneralName) -> str:
    return f"{_KINDS.get(type(name), type(name).__name__)}:{name.value}"

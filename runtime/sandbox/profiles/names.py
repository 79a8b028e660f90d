"""A requested subject alternative name in, what is granted of it out (RFC 5280 4.2.1.6)."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

from cryptography import x509

from .model import NameKind, Need, Profile
from .patterns import matches
from .violation import shown, violation

ATTRIBUTE = "subject-alt-name"
_KINDS: dict[type[x509.GeneralName], NameKind] = {
    x509.DNSName: NameKind.DNS,
    x509.IPAddress: NameKind.IP,
    x509.RFC822Name: NameKind.EMAIL,
    x509.UniformResourceIdentifier: NameKind.URI,
    x509.DirectoryName: NameKind.DIRECTORY,
    x509.RegisteredID: NameKind.RID,
    x509.OtherName: NameKind.OTHER,
}
# RFC 5280 4.2.1.6: letters, digits and hyphens in labels. Underlines are in use for all that, and `*`
# stands for a whole label (RFC 9525 6.3). An URI has a scheme (RFC 3986 3.1).
_SYNTAX = {
    NameKind.DNS: re.compile(r"(\*\.)?[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*"),
    NameKind.EMAIL: re.compile(r"[^@\s]+@[^@\s]+"),
    NameKind.URI: re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+"),
}


def check_names(profile: Profile, names: x509.SubjectAlternativeName | None) -> None:
    """Check requested names; None where there are none.

    Raises:
        Refusal: if the profile has no such names, or the RFC has not.
    """
    need = profile.names.need
    if names is None:
        if need is Need.REQUIRED:
            raise violation(profile, ATTRIBUTE, "it is required, and missing")
        return
    if need is Need.FORBIDDEN:
        raise violation(profile, ATTRIBUTE, "there may be none")
    if not len(names):
        raise violation(profile, ATTRIBUTE, "one name at least has to be in it")
    for name in names:
        _check_name(profile, name)


def _check_name(profile: Profile, name: x509.GeneralName) -> None:
    allowed = profile.names
    kind = _KINDS[type(name)]
    if kind not in allowed.kinds:
        raise violation(
            profile, ATTRIBUTE, f"a name of the kind {kind} is not among {', '.join(allowed.kinds)}"
        )
    value: object = name.value
    if kind is NameKind.IP:
        if not isinstance(value, IPv4Address | IPv6Address):
            raise violation(profile, ATTRIBUTE, f"{shown(value)} is no address")
        # An address is in no network of the other version.
        if allowed.networks and not any(value in network for network in allowed.networks):
            networks = ", ".join(map(str, allowed.networks))
            raise violation(profile, ATTRIBUTE, f"{value} is not in {networks}")
        return
    if kind in _SYNTAX and not _SYNTAX[kind].fullmatch(str(value)):
        raise violation(profile, ATTRIBUTE, f"{shown(value)} is no {kind} name")
    patterns = dict(allowed.patterns).get(kind)
    if patterns is not None and not any(_is_like(kind, p, str(value)) for p in patterns):
        raise violation(profile, ATTRIBUTE, f"{shown(value)} is not like {', '.join(patterns)}")


def _is_like(kind: NameKind, pattern: str, value: str) -> bool:
    """Case makes a difference in URIs only (RFC 5280 7.2 to 7.5)."""
    if kind is NameKind.URI:
        return matches(pattern, value)
    return matches(pattern.lower(), value.lower())

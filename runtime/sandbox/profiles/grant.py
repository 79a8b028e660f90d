"""A profile and what a request wants in; the certificate that may be issued for it out.

RFC 9483 4.1.1: what cannot be granted is refused with badCertTemplate, and what is granted otherwise than it
was asked for is grantedWithMods, with a text that says how.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from cryptography import x509

from ...cmp.model import Extension
from .extension import by_identifier, read_extension
from .keys import check_key, kind_of
from .model import Profile, Unknown
from .names import check_names
from .subject import granted_subject
from .usages import extended_key_usage, granted_bits, granted_purposes, key_usage
from .validity import granted_period
from .violation import said, violation
from .wish import Grant, Wish

_NAMES = x509.SubjectAlternativeName.oid.dotted_string
_USAGE = x509.KeyUsage.oid.dotted_string
_PURPOSES = x509.ExtendedKeyUsage.oid.dotted_string
_CONSTRAINTS = x509.BasicConstraints(ca=False, path_length=None)

Granted = x509.Extension[x509.ExtensionType]
T = TypeVar("T", bound=x509.ExtensionType)


def grant(profile: Profile, wish: Wish, now: datetime, latest: datetime) -> Grant:
    """The certificate that a wish gets. No certificate is valid beyond `latest`.

    Raises:
        Refusal: if the profile has no such certificate.
    """
    check_key(profile, wish.key)
    requested = by_identifier(wish.extensions)
    names = _requested(requested, _NAMES, x509.SubjectAlternativeName)
    check_names(profile, names)
    subject, renamed = granted_subject(profile, wish.subject, has_names=names is not None)
    usage = _requested(requested, _USAGE, x509.KeyUsage)
    bits, other_bits = granted_bits(profile, kind_of(wish.key), usage, signs=wish.signs)
    rules = profile.extended_key_usage
    purposes, other_purposes = rules.fixed, ()
    if rules.fixed or rules.allowed is not None:
        asked = _requested(requested, _PURPOSES, x509.ExtendedKeyUsage)
        purposes, other_purposes = granted_purposes(profile, asked)
    extensions = [_extension(_CONSTRAINTS, critical=True)]
    extensions.append(_extension(key_usage(bits), critical=True))
    if purposes:
        # Critical if it was asked for so, and just so (RFC 5280 4.2.1.12 leaves it open).
        critical = _PURPOSES in requested and not other_purposes and requested[_PURPOSES].critical
        extensions.append(_extension(extended_key_usage(purposes), critical=critical))
    if names is not None:
        # RFC 5280 4.2.1.6: critical where it stands in for the subject.
        critical = requested[_NAMES].critical or not subject.rdns
        extensions.append(_extension(names, critical=critical))
    period, other_period = granted_period(profile, wish.not_before, wish.not_after, now, latest)
    dropped = _dropped(profile, requested, extensions)
    return Grant(
        subject,
        wish.key,
        tuple(extensions),
        period.begins,
        period.ends,
        (*renamed, *other_bits, *other_purposes, *other_period, *dropped),
    )


def _requested(requested: dict[str, Extension], oid: str, kind: type[T]) -> T | None:
    extension = requested.get(oid)
    return None if extension is None else read_extension(extension, kind)


def _extension(value: x509.ExtensionType, *, critical: bool) -> Granted:
    return x509.Extension(value.oid, critical, value)


def _dropped(
    profile: Profile, requested: dict[str, Extension], granted: list[Granted]
) -> tuple[str, ...]:
    """What is said of requested extensions that the certificate does not have.

    Of those that it has with another value it is said elsewhere; BasicConstraints are the exception.
    """
    there = {extension.oid.dotted_string: extension.value.public_bytes() for extension in granted}
    constraints = x509.BasicConstraints.oid.dotted_string
    dropped = [
        oid
        for oid, extension in requested.items()
        if oid not in there or (oid == constraints and extension.value != there[oid])
    ]
    if not dropped:
        return ()
    if profile.unknown_extensions is Unknown.REFUSE:
        text = f"{', '.join(dropped)} cannot be had"
        raise violation(profile, "unknown-extensions", text)
    return (said(profile, "unknown-extensions", f"without the extensions {', '.join(dropped)}"),)

"""A requested subject in, the one that is granted, and how it was changed, out."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from . import words
from .model import ATTRIBUTES, Profile
from .patterns import matches
from .violation import said, shown, violation

_NAMES = {oid: name for name, oid in ATTRIBUTES.items()}


def granted_subject(
    profile: Profile, requested: x509.Name, *, has_names: bool
) -> tuple[x509.Name, tuple[str, ...]]:
    """The subject of the certificate, and what was changed. `has_names` tells of a subject alternative name.

    Raises:
        Refusal: if the profile has no such subject.
    """
    if not requested.rdns:
        _check_empty(profile, has_names=has_names)
    else:
        _check(profile, requested)
    subject = requested
    changed: list[str] = []
    for name, value in reversed(profile.subject.fixed):
        if [str(a.value) for a in requested.get_attributes_for_oid(ATTRIBUTES[name])] != [value]:
            subject = _with(subject, name, value)
            changed.append(f"{name}={value}")
    if not changed:
        return requested, ()
    text = f"it has to hold {', '.join(reversed(changed))}; it is {subject.rfc4514_string()}"
    return subject, (said(profile, "subject", text),)


def _check_empty(profile: Profile, *, has_names: bool) -> None:
    """RFC 5280 4.1.2.6: the subject is empty only where a subject alternative name stands in for it."""
    if not has_names:
        raise violation(profile, "subject", "it is empty, and there is no subject alternative name")
    if not profile.subject.may_be_empty:
        raise violation(profile, "subject", "it is empty")


def _check(profile: Profile, requested: x509.Name) -> None:
    rules = profile.subject
    patterns = dict(rules.patterns)
    there = list(_attributes(requested))
    fixed = dict(rules.fixed)
    for name, value in there:
        if problem := words.value_problem(name, value):
            raise violation(profile, "subject", problem)
        if rules.allowed is not None and name not in (*rules.allowed, *rules.required, *fixed):
            allowed = ", ".join(dict.fromkeys((*rules.required, *rules.allowed, *fixed)))
            raise violation(profile, "subject", f"{name} is not among {allowed}")
        if name in patterns and name not in fixed and not matches(patterns[name], value):
            text = f"{name} is {shown(value)}, and has to be like {patterns[name]}"
            raise violation(profile, "subject", text)
    for name in rules.required:
        if name not in (*(other for other, _ in there), *fixed):
            raise violation(profile, "subject", f"{name} is required, and missing")


def _attributes(subject: x509.Name) -> Iterator[tuple[str, str]]:
    for attribute in subject:
        value = attribute.value
        text = value.hex() if isinstance(value, bytes) else value
        yield _NAMES.get(attribute.oid, attribute.oid.dotted_string), text


def _with(subject: x509.Name, name: str, value: str) -> x509.Name:
    """A subject with this attribute once, in the place of the first that it had, or at the beginning."""
    oid = ATTRIBUTES[name]
    new = x509.RelativeDistinguishedName([x509.NameAttribute(oid, value)])
    rdns: list[x509.RelativeDistinguishedName] = []
    place = None
    for rdn in subject.rdns:
        others = [attribute for attribute in rdn if attribute.oid != oid]
        if len(others) < len(list(rdn)) and place is None:
            place = len(rdns)
        if others:
            rdns.append(x509.RelativeDistinguishedName(others) if place is not None else rdn)
    rdns.insert(place or 0, new)
    return x509.Name(rdns)

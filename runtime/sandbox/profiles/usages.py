"""Requested usages of a key in, those that are granted, and how they were changed, out.

KeyUsage (RFC 5280 4.2.1.3) and ExtendedKeyUsage (4.2.1.12).
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from .keys import KINDS
from .model import Profile
from .violation import said, violation
from .words import PURPOSES, USAGE_BITS

KEY_USAGE = "key-usage"
EXTENDED_KEY_USAGE = "extended-key-usage"
_SIGNING = ("digitalSignature", "nonRepudiation")
_PURPOSE_NAMES = {oid: name for name, oid in PURPOSES.items()}
# The bits by the names that cryptography has for them.
_FIELDS = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}


def granted_bits(
    profile: Profile, kind: str, requested: x509.KeyUsage | None, *, signs: bool = True
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The bits for a key of this kind, and what was changed. `signs` tells whether it may be to sign with.

    What is fixed is cut to what such keys can do; what is requested has to be so.

    Raises:
        Refusal: if the profile has no such usage.
    """
    rules, can = profile.key_usage, KINDS[kind].can
    if not signs:
        can = tuple(bit for bit in can if bit not in _SIGNING)
    asked = None if requested is None else _bits(requested)
    if asked is not None and rules.allowed is not None:
        for bit in asked:
            if bit not in (*rules.fixed, *rules.allowed):
                known = ", ".join(dict.fromkeys((*rules.fixed, *rules.allowed)))
                raise violation(profile, KEY_USAGE, f"{bit} is not among {known}")
            if bit not in can:
                raise violation(profile, KEY_USAGE, f"{bit} is not for {kind} keys")
    bits = _cut(_usual_bits(profile, kind), can)
    if asked is not None and rules.allowed is not None:
        bits = _cut((*rules.fixed, *asked), can)
    if not bits:
        possible = _cut(possible_bits(profile, kind), can)
        text = f"one of {', '.join(possible)} has to be requested"
        if not possible:
            text = f"none that it has is for {kind} keys that are not to sign with"
        raise violation(profile, KEY_USAGE, text)
    if asked is None or set(asked) == set(bits):
        return bits, ()
    text = f"{', '.join(bits)}, instead of {', '.join(asked) or 'none'}"
    return bits, (said(profile, KEY_USAGE, text),)


def unasked_bits(profile: Profile, kind: str) -> tuple[str, ...]:
    """The bits of a key of this kind if nothing is requested; none if something has to be."""
    return _cut(_usual_bits(profile, kind), KINDS[kind].can)


def possible_bits(profile: Profile, kind: str) -> tuple[str, ...]:
    """The bits that a key of this kind can have in this profile, unasked or if they are requested."""
    rules = profile.key_usage
    return _cut((*_usual_bits(profile, kind), *(rules.allowed or ())), KINDS[kind].can)


def granted_purposes(
    profile: Profile, requested: x509.ExtendedKeyUsage | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The purposes as dotted OIDs, and what was changed. There need not be any.

    Raises:
        Refusal: if the profile has no such purpose.
    """
    rules = profile.extended_key_usage
    if requested is None:
        return rules.fixed, ()
    asked = tuple(dict.fromkeys(oid.dotted_string for oid in requested))
    if not asked:
        raise violation(profile, EXTENDED_KEY_USAGE, "one purpose at least has to be in it")
    purposes = rules.fixed
    if rules.allowed is not None:
        for oid in asked:
            if oid not in (*rules.fixed, *rules.allowed):
                known = purpose_names(dict.fromkeys((*rules.fixed, *rules.allowed)))
                text = f"{purpose_names([oid])} is not among {known}"
                raise violation(profile, EXTENDED_KEY_USAGE, text)
        purposes = tuple(dict.fromkeys((*rules.fixed, *asked)))
    if set(purposes) == set(asked):
        return purposes, ()
    text = f"{purpose_names(purposes) or 'none'}, instead of {purpose_names(asked)}"
    return purposes, (said(profile, EXTENDED_KEY_USAGE, text),)


def key_usage(bits: Iterable[str]) -> x509.KeyUsage:
    """The extension with these bits."""
    there = set(bits)
    return x509.KeyUsage(**{field: bit in there for bit, field in _FIELDS.items()})


def extended_key_usage(purposes: Iterable[str]) -> x509.ExtendedKeyUsage:
    """The extension with these purposes, of which there is one at least."""
    return x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in purposes])


def purpose_names(oids: Iterable[str]) -> str:
    """Purposes as a text shows them."""
    return ", ".join(_PURPOSE_NAMES.get(oid, oid) for oid in oids)


def _usual_bits(profile: Profile, kind: str) -> tuple[str, ...]:
    rules = profile.key_usage
    if rules.fixed:
        return rules.fixed
    usual = KINDS[kind].usual
    return usual if rules.allowed is None else tuple(b for b in usual if b in rules.allowed)


def _cut(bits: Iterable[str], can: tuple[str, ...]) -> tuple[str, ...]:
    """Each bit that can be, once, in the order of the RFC."""
    there = set(bits)
    return tuple(bit for bit in USAGE_BITS if bit in there and bit in can)


def _bits(requested: x509.KeyUsage) -> tuple[str, ...]:
    # What says how keyAgreement is meant can be asked for only where that is set.
    agrees = requested.key_agreement
    return tuple(
        bit
        for bit, field in _FIELDS.items()
        if (agrees or field not in ("encipher_only", "decipher_only")) and getattr(requested, field)
    )

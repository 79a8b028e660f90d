"""A profile in, what is told to who asks for it out: kinds of keys, and a template (RFC 9483 4.3.3)."""

from __future__ import annotations

from cryptography import x509

from ...cmp.codec import der
from ...cmp.codec.tlv import content_of, tlv
from ...cmp.model import AlgorithmIdentifier
from ...cmp.signatures import MAX_RSA
from .keys import KINDS, RSA, kinds_of, least_rsa_bits
from .model import ATTRIBUTES, NameKind, Need, Profile
from .usages import extended_key_usage, key_usage, possible_bits, unasked_bits

_ALGORITHM_CONTROL = "1.3.6.1.5.5.7.5.1.11"  # id-regCtrl-algId
_RSA_LENGTH_CONTROL = "1.3.6.1.5.5.7.5.1.12"  # id-regCtrl-rsaKeyLen
# Bits of RSA keys that are named; lengths in between are certified as well.
_RSA_STEPS = range(2048, MAX_RSA + 1, 1024)
# Tags of attributes that are no UTF8String (RFC 5280 A.1): PrintableString, IA5String.
_UTF8 = 0x0C
_TAGS = {"C": 0x13, "serialNumber": 0x13, "DC": 0x16, "emailAddress": 0x16}
# GeneralNames with nothing in them, for whoever asks to fill (RFC 5280 4.2.1.6).
_EMPTY_NAMES = {
    NameKind.DNS: tlv(0x82, b""),
    NameKind.IP: tlv(0x87, b""),
    NameKind.EMAIL: tlv(0x81, b""),
    NameKind.URI: tlv(0x86, b""),
}
_ENCRYPTING = {"keyEncipherment", "dataEncipherment", "keyAgreement"}


def signing_keys(profile: Profile) -> tuple[AlgorithmIdentifier, ...]:
    """The keys that get certificates to sign with (RFC 9810 5.3.19.2)."""
    return tuple(
        KINDS[kind].algorithm
        for kind in kinds_of(profile)
        if "digitalSignature" in possible_bits(profile, kind)
    )


def encryption_keys(profile: Profile) -> tuple[AlgorithmIdentifier, ...]:
    """The keys that get certificates to encrypt with (RFC 9810 5.3.19.3)."""
    return tuple(
        KINDS[kind].algorithm
        for kind in kinds_of(profile)
        if _ENCRYPTING & set(possible_bits(profile, kind))
    )


def template_content(profile: Profile) -> bytes:
    """The DER of CertReqTemplateContent (RFC 9810 5.3.19.16): what a request has to hold, and keySpec.

    What stands in it is granted as it is. An empty value is for whoever asks to fill.
    """
    subject = _subject(profile)
    fields = tlv(0xA5, subject) if subject else b""
    extensions = _extensions(profile)
    if extensions:
        fields += tlv(0xA9, b"".join(extensions))
    return der.sequence(der.sequence(fields), der.sequence_of(_controls(profile)))


def _subject(profile: Profile) -> bytes:
    """An RDNSequence of what is fixed and what is required; empty if that is nothing."""
    fixed = dict(profile.subject.fixed)
    known = x509.Name([x509.NameAttribute(ATTRIBUTES[name], text) for name, text in fixed.items()])
    named = content_of(known.public_bytes())
    for name in profile.subject.required:
        if name not in fixed:
            attribute = der.oid(ATTRIBUTES[name].dotted_string) + tlv(_TAGS.get(name, _UTF8), b"")
            named += tlv(0x31, der.sequence(attribute))
    return der.sequence(named) if named else b""


def _extensions(profile: Profile) -> list[bytes]:
    extensions: list[bytes] = []
    bits = {unasked_bits(profile, kind) for kind in kinds_of(profile)}
    if profile.key_usage.fixed and len(bits) == 1:  # otherwise it depends on the key
        extensions.append(_extension(key_usage(*bits), critical=True))
    if profile.extended_key_usage.fixed:
        purposes = extended_key_usage(profile.extended_key_usage.fixed)
        extensions.append(_extension(purposes, critical=False))
    fillable = [kind for kind in profile.names.kinds if kind in _EMPTY_NAMES]
    if profile.names.need is Need.REQUIRED and fillable:
        oid = der.oid(x509.SubjectAlternativeName.oid.dotted_string)
        value = der.octets(der.sequence(_EMPTY_NAMES[fillable[0]]))
        extensions.append(der.sequence(oid, value))
    return extensions


def _extension(value: x509.ExtensionType, *, critical: bool) -> bytes:
    flag = b"\x01\x01\xff" if critical else b""
    return der.sequence(der.oid(value.oid.dotted_string), flag, der.octets(value.public_bytes()))


def _controls(profile: Profile) -> list[bytes]:
    """keySpec: RSA by its lengths, everything else by its algorithm (RFC 9483 4.3.3)."""
    controls: list[bytes] = []
    for kind in kinds_of(profile):
        if kind == RSA:
            least = least_rsa_bits(profile) or 0
            lengths = sorted({least, *(bits for bits in _RSA_STEPS if bits > least)})
            controls += [_control(_RSA_LENGTH_CONTROL, der.integer(bits)) for bits in lengths]
        else:
            controls.append(_control(_ALGORITHM_CONTROL, der.algorithm(KINDS[kind].algorithm)))
    return controls


def _control(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), value)

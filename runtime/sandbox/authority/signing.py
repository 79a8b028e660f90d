"""A CA with its key in, and whom or what it vouches for; certificates and CRLs out (RFC 5280)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from .certified_key import CertifiedKey, Key, digest_of
from .extensions import of_ca

CA_VALIDITY = timedelta(days=3650)
# Clocks of end entities may be behind; a certificate that is not valid yet helps nobody.
BACKDATED = timedelta(minutes=5)


def self_signed(subject: x509.Name, key: Key, now: datetime) -> CertifiedKey:
    """A new root."""
    period = now - BACKDATED, now + CA_VALIDITY
    builder = _builder(subject, subject, key.public_key(), of_ca(), period)
    return CertifiedKey(builder.sign(key, digest_of(key)), key)


def certify(
    ca: CertifiedKey,
    *,
    subject: x509.Name,
    key: CertificatePublicKeyTypes,
    extensions: Sequence[x509.Extension[x509.ExtensionType]],
    period: tuple[datetime, datetime],
) -> x509.Certificate:
    """A certificate by `ca`, valid in `period`, but no longer than the CA's own.

    `extensions` are taken over as they are, and are all but the key identifiers.
    """
    begins, ends = period
    ends = min(ends, ca.certificate.not_valid_after_utc)
    return _signed(ca, _builder(subject, ca.name, key, extensions, (begins, ends)))


def vouch(
    root: CertifiedKey, other: CertifiedKey, period: tuple[datetime, datetime]
) -> x509.Certificate:
    """Another root's key under `root`: a link between the two (RFC 9810 4.4)."""
    return _signed(root, _builder(other.name, root.name, other.key.public_key(), of_ca(), period))


def sign_crl(
    ca: CertifiedKey,
    revoked: Sequence[x509.RevokedCertificate],
    *,
    number: int,
    begins: datetime,
    ends: datetime,
) -> x509.CertificateRevocationList:
    """A CA's CRL number `number`."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.name)
        .last_update(begins)
        .next_update(ends)
        .add_extension(_authority_key(ca), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for certificate in revoked:
        builder = builder.add_revoked_certificate(certificate)
    return builder.sign(ca.key, digest_of(ca.key))


def _signed(ca: CertifiedKey, builder: x509.CertificateBuilder) -> x509.Certificate:
    builder = builder.add_extension(_authority_key(ca), critical=False)
    return builder.sign(ca.key, digest_of(ca.key))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    extensions: Sequence[x509.Extension[x509.ExtensionType]],
    period: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    begins, ends = period
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder


def _authority_key(ca: CertifiedKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())

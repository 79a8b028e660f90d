"""Names, keys and certificates for tests, made in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificatePublicKeyTypes,
)
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
SIGNS = ("digital_signature",)
ISSUES = ("key_cert_sign", "crl_sign")
# id-kp-cmcRA, RFC 6402 2.10: such a certificate signs CMP messages for its CA.
SPEAKS_FOR_THE_CA = x509.Extension(
    x509.ExtendedKeyUsage.oid,
    False,
    x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")]),
)


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def make_certificate(
    subject: x509.Name,
    key: CertificatePublicKeyTypes,
    issuer: x509.Name,
    issuer_key: CertificateIssuerPrivateKeyTypes,
    *,
    is_ca: bool | None = False,
    path_length: int | None = None,
    usages: Sequence[str] | None = SIGNS,
    extensions: Sequence[x509.Extension[x509.ExtensionType]] = (),
    begins: datetime = NOW - timedelta(days=1),
    ends: datetime = NOW + timedelta(days=30),
) -> x509.Certificate:
    """A certificate; `is_ca` and `usages` leave their extension out where they are None."""
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
    if is_ca is not None:
        builder = builder.add_extension(
            x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True
        )
    if usages is not None:
        usage = x509.KeyUsage(**{usage: usage in usages for usage in _USAGES})
        builder = builder.add_extension(usage, critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    plain = isinstance(issuer_key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return builder.sign(issuer_key, None if plain else hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA: its certificate, and the key that issues."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes

    def issue(
        self,
        subject: x509.Name,
        key: CertificatePublicKeyTypes,
        *,
        is_ca: bool | None = False,
        usages: Sequence[str] | None = SIGNS,
        extensions: Sequence[x509.Extension[x509.ExtensionType]] = (),
        begins: datetime = NOW - timedelta(days=1),
        ends: datetime = NOW + timedelta(days=30),
    ) -> x509.Certificate:
        return make_certificate(
            subject,
            key,
            self.certificate.subject,
            self.key,
            is_ca=is_ca,
            usages=usages,
            extensions=extensions,
            begins=begins,
            ends=ends,
        )


def make_root(common_name: str = "Test Root") -> Issuer:
    key = new_key()
    subject = name(common_name)
    certificate = make_certificate(
        subject, key.public_key(), subject, key, is_ca=True, usages=ISSUES
    )
    return Issuer(certificate, key)


def make_intermediate(above: Issuer, common_name: str) -> Issuer:
    key = new_key()
    return Issuer(above.issue(name(common_name), key.public_key(), is_ca=True, usages=ISSUES), key)

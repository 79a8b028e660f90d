"""Names, keys and certificates for tests, made in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
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
# id-kp-cmcCA, RFC 9810 4.5: a signer that speaks for its CA.
SPEAKS_FOR_CA = x509.Extension(
    x509.ExtendedKeyUsage.oid,
    False,
    x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")]),
)
ISSUES = ("key_cert_sign", "crl_sign")


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
    pss: padding.PSS | None = None,
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
    hashed = isinstance(issuer_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return builder.sign(issuer_key, hashes.SHA256() if hashed else None, rsa_padding=pss)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA: its certificate, and the key that issues."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes

    def issue(
        self, subject: x509.Name, key: CertificatePublicKeyTypes, **options
    ) -> x509.Certificate:
        """A certificate; the options are `make_certificate`'s."""
        return make_certificate(subject, key, self.certificate.subject, self.key, **options)


def make_root(
    common_name: str = "Test Root", key: CertificateIssuerPrivateKeyTypes | None = None
) -> Issuer:
    key = key or new_key()
    subject = name(common_name)
    certificate = make_certificate(
        subject, key.public_key(), subject, key, is_ca=True, usages=ISSUES
    )
    return Issuer(certificate, key)


def make_intermediate(
    above: Issuer, common_name: str, key: CertificateIssuerPrivateKeyTypes | None = None, **options
) -> Issuer:
    key = key or new_key()
    options = {"is_ca": True, "usages": ISSUES} | options
    return Issuer(above.issue(name(common_name), key.public_key(), **options), key)

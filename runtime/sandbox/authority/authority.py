"""The CA's keys and what it signs with them: its own certificates, those of end entities, and CRLs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

from ...files import write_atomically
from .extensions import of_ca, of_signer
from .root import ROOT_FILE

_ROOT_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csc sandbox root CA")])
_SIGNER_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csc sandbox CMP server")])
_CMC_CA = ObjectIdentifier("1.3.6.1.5.5.7.3.27")  # id-kp-cmcCA, RFC 6402; RFC 9810 4.5

_ROOT_VALIDITY = timedelta(days=3650)
# Clocks of end entities may be behind; a certificate that is not valid yet helps nobody.
_BACKDATED = timedelta(minutes=5)

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """A private key of the CA, and the certificate that says what it is for."""

    certificate: x509.Certificate
    key: Key = field(repr=False)

    @property
    def name(self) -> x509.Name:
        """The subject of the certificate."""
        return self.certificate.subject

    @property
    def identifier(self) -> str:
        """The key's identifier (RFC 5280 4.2.1.2), hexadecimal."""
        return x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()).digest.hex()


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom end entities trust, who issues their certificates, and who signs messages for the CA."""

    root: CertifiedKey
    issuing: CertifiedKey
    signer: CertifiedKey

    @property
    def name(self) -> x509.Name:
        """What the CA calls itself where no certificate speaks for it."""
        return self.root.name

    @property
    def names(self) -> tuple[x509.Name, ...]:
        """Under which names requests are sent to it."""
        return (*self.issuers, self.signer.name)

    @property
    def issuers(self) -> tuple[x509.Name, ...]:
        """The names of its CAs, of those that have issued certificates before as well."""
        return tuple(dict.fromkeys(ca.name for ca in self.cas))

    @property
    def cas(self) -> tuple[CertifiedKey, ...]:
        """Every CA that has a CRL, the one that issues now first."""
        return (self.issuing,)


def open_authority(folder: Path, now: datetime) -> Authority:
    """The authority whose keys lie in `folder`; it is made if there is none.

    Raises:
        OSError: if the folder cannot be used.
        ValueError: if what lies there is no authority.
    """
    root_file, signer_file = folder / ROOT_FILE, folder / "signer.pem"
    if not root_file.exists():
        _store(root_file, _make_root(now))
    root = _load(root_file)
    if not signer_file.exists():
        _store(signer_file, _make_signer(root, now))
    return Authority(root, root, _load(signer_file))


def issue(
    authority: Authority,
    *,
    subject: x509.Name,
    key: CertificatePublicKeyTypes,
    extensions: Sequence[x509.Extension[x509.ExtensionType]],
    begins: datetime,
    ends: datetime,
) -> x509.Certificate:
    """An end entity's certificate.

    `extensions` are taken over as they are, and are all but the key identifiers: BasicConstraints and
    KeyUsage are the caller's to give, too.
    """
    now = begins + _BACKDATED
    return _certify(authority.issuing, subject, key, extensions, ends - now, now)


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
    return builder.sign(ca.key, hashes.SHA256())


def _make_root(now: datetime) -> CertifiedKey:
    key = _new_key()
    builder = _builder(_ROOT_NAME, _ROOT_NAME, key.public_key(), of_ca(), _ROOT_VALIDITY, now)
    return CertifiedKey(builder.sign(key, hashes.SHA256()), key)


def _make_signer(root: CertifiedKey, now: datetime) -> CertifiedKey:
    key, extensions = _new_key(), of_signer(_CMC_CA)
    certificate = _certify(root, _SIGNER_NAME, key.public_key(), extensions, _ROOT_VALIDITY, now)
    return CertifiedKey(certificate, key)


def _certify(
    ca: CertifiedKey,
    subject: x509.Name,
    key: CertificatePublicKeyTypes,
    extensions: Sequence[x509.Extension[x509.ExtensionType]],
    validity: timedelta,
    now: datetime,
) -> x509.Certificate:
    return (
        _builder(subject, ca.name, key, extensions, validity, now)
        .add_extension(_authority_key(ca), critical=False)
        .sign(ca.key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    extensions: Sequence[x509.Extension[x509.ExtensionType]],
    validity: timedelta,
    now: datetime,
) -> x509.CertificateBuilder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder


def _authority_key(ca: CertifiedKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())


def _new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def _store(path: Path, pair: CertifiedKey) -> None:
    """Key and certificate in one file, so that neither is there without the other."""
    pem = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_atomically(path, pem + pair.certificate.public_bytes(Encoding.PEM), 0o600)


def _load(path: Path) -> CertifiedKey:
    data = path.read_bytes()
    key = load_pem_private_key(data, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds no key of the sandbox CA")  # noqa: TRY004
    return CertifiedKey(x509.load_pem_x509_certificate(data), key)

"""The CA's keys and what it signs with them: its own certificates, those of end entities, and CRLs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

from ...files import write_atomically
from .root import ROOT_FILE

ROOT_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csc sandbox root CA")])
SIGNER_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csc sandbox CMP server")])
_CMC_CA = ObjectIdentifier("1.3.6.1.5.5.7.3.27")  # id-kp-cmcCA, RFC 6402; RFC 9810 4.5

ROOT_VALIDITY = timedelta(days=3650)
VALIDITY = timedelta(days=90)
# Clocks of end entities may be behind; a certificate that is not valid yet helps nobody.
_BACKDATED = timedelta(minutes=5)

# RFC 9935 5: keyEncipherment, and nothing else.
_KEM_KEYS = (mlkem.MLKEM768PublicKey, mlkem.MLKEM1024PublicKey)
# RFC 8410 5: keyAgreement, and no signature.
_MONTGOMERY_KEYS = (x25519.X25519PublicKey, x448.X448PublicKey)

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """Root and CMP signer. The signer speaks for the CA; the root signs certificates only."""

    root: x509.Certificate
    root_key: Key = field(repr=False)
    signer: x509.Certificate
    signer_key: Key = field(repr=False)


def open_authority(folder: Path, now: datetime) -> Authority:
    """The authority whose keys lie in `folder`; it is made if there is none.

    Raises:
        OSError: if the folder cannot be used.
        ValueError: if what lies there is no authority.
    """
    root_file, signer_file = folder / ROOT_FILE, folder / "signer.pem"
    if not root_file.exists():
        root_key = _new_key()
        _store(root_file, root_key, _make_root(root_key, now))
    root_key, root = _load(root_file)
    if not signer_file.exists():
        signer_key = _new_key()
        _store(signer_file, signer_key, _make_signer(root_key, signer_key, now))
    signer_key, signer = _load(signer_file)
    return Authority(root, root_key, signer, signer_key)


def issue(
    authority: Authority,
    *,
    subject: x509.Name,
    key: CertificatePublicKeyTypes,
    extensions: Sequence[x509.Extension[x509.ExtensionType]],
    now: datetime,
    signs: bool = True,
) -> x509.Certificate:
    """An end entity's certificate. `extensions` are taken over as they are.

    Without `signs` it is not for signatures, although the key could make some.
    """
    usage = _usage(
        digital_signature=signs and not isinstance(key, (*_KEM_KEYS, *_MONTGOMERY_KEYS)),
        key_encipherment=isinstance(key, (rsa.RSAPublicKey, *_KEM_KEYS)),
        key_agreement=isinstance(key, (ec.EllipticCurvePublicKey, *_MONTGOMERY_KEYS)),
    )
    builder = (
        _builder(subject, ROOT_NAME, key, now, VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_authority_key(authority.root_key), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(authority.root_key, hashes.SHA256())


def sign_crl(
    authority: Authority,
    revoked: Sequence[x509.RevokedCertificate],
    *,
    number: int,
    begins: datetime,
    ends: datetime,
) -> x509.CertificateRevocationList:
    """The root's CRL number `number`."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ROOT_NAME)
        .last_update(begins)
        .next_update(ends)
        .add_extension(_authority_key(authority.root_key), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for certificate in revoked:
        builder = builder.add_revoked_certificate(certificate)
    return builder.sign(authority.root_key, hashes.SHA256())


def _make_root(key: Key, now: datetime) -> x509.Certificate:
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return (
        _builder(ROOT_NAME, ROOT_NAME, key.public_key(), now, ROOT_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _make_signer(root_key: Key, key: Key, now: datetime) -> x509.Certificate:
    return (
        _builder(SIGNER_NAME, ROOT_NAME, key.public_key(), now, ROOT_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        # keyAgreement: keys that the CA made are encrypted with its help (RFC 9483 4.1.6.2).
        .add_extension(_usage(digital_signature=True, key_agreement=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_CMC_CA]), critical=False)
        .add_extension(_authority_key(root_key), critical=False)
        .sign(root_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    now: datetime,
    validity: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _authority_key(key: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_agreement: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def _store(path: Path, key: Key, certificate: x509.Certificate) -> None:
    """Key and certificate in one file, so that neither is there without the other."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_atomically(path, pem + certificate.public_bytes(Encoding.PEM), 0o600)


def _load(path: Path) -> tuple[Key, x509.Certificate]:
    data = path.read_bytes()
    key = load_pem_private_key(data, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds no key of the sandbox CA")  # noqa: TRY004
    return key, x509.load_pem_x509_certificate(data)

"""Certificates and private keys as bytes in; objects of `cryptography`, content ids and facts out."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

_PEM = b"-----BEGIN "


def load_certificate(data: bytes) -> x509.Certificate:
    """The certificate in `data`, PEM or DER.

    Raises:
        ValueError: if there is none.
    """
    if _PEM in data:
        return x509.load_pem_x509_certificate(data)
    return x509.load_der_x509_certificate(data)


def load_chain(data: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates behind the first one in `data`: issuers that travel with it. None in DER.

    Raises:
        ValueError: if one cannot be read.
    """
    return tuple(x509.load_pem_x509_certificates(data)[1:]) if _PEM in data else ()


def load_key(data: bytes) -> PrivateKeyTypes:
    """The unencrypted private key in `data`, PEM or DER.

    Raises:
        ValueError, TypeError: if there is none, or it is encrypted.
    """
    if _PEM in data:
        return load_pem_private_key(data, password=None)
    return load_der_private_key(data, password=None)


def dump_certificate(certificate: x509.Certificate) -> bytes:
    """The certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


def pem_of(der: bytes) -> str:
    """The PEM of a certificate's DER, whatever is in it."""
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[n : n + 64] for n in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def dump_key(key: PrivateKeyTypes) -> bytes:
    """The private key as unencrypted PKCS#8 PEM, for the vault."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def key_id(key: PublicKeyTypes) -> str:
    """The content id of an issued private key, made from its public half."""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"key:{hashlib.sha256(spki).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What people want to know of a certificate. Times are ISO 8601 in UTC; the rest is hexadecimal."""

    subject: str
    issuer: str
    serial_number: str
    not_before: str
    not_after: str
    sha256: str


def facts_of(data: bytes) -> Facts | None:
    """The facts of the certificate in `data`, None if it is none."""
    try:
        certificate = load_certificate(data)
    except ValueError:
        return None
    return Facts(
        subject=one_line(certificate.subject.rfc4514_string()),
        issuer=one_line(certificate.issuer.rfc4514_string()),
        serial_number=f"{certificate.serial_number:x}",
        not_before=f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        not_after=f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        sha256=hashlib.sha256(dump_certificate(certificate)).hexdigest(),
    )


def one_line(text: str) -> str:
    """`text` without control characters: a name in a certificate cannot end a comment line."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)

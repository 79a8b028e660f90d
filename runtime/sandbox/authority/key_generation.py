"""The CA's keys in, a key generation authority (RFC 9810 4.5) out: who signs for keys that the CA makes.

It is made for one delivery, and its key is gone with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from .authority import Authority

KEY_GENERATION = ObjectIdentifier("1.3.6.1.5.5.7.3.32")  # id-kp-cmKGA, RFC 9810 4.5
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csc sandbox key generation")])
_VALIDITY = timedelta(days=1)  # the delivery is read at once, or after a time of waiting
_BACKDATED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class KeyGeneration:
    """A key generation authority, and the certificates above its own, the root last."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def open_key_generation(authority: Authority, now: datetime) -> KeyGeneration:
    """A new one, which the CA has authorized by its certificate's extendedKeyUsage."""
    key = ec.generate_private_key(ec.SECP256R1())
    public_key = key.public_key()
    issuer, issuer_key = authority.root, authority.root_key
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - _BACKDATED, issuer.not_valid_before_utc))
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([KEY_GENERATION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return KeyGeneration(certificate, (issuer,), key)

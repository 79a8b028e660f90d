"""The CA's keys in, a key generation authority (RFC 9810 4.5) out: who signs for keys that the CA makes.

It is made for one delivery, and its key is gone with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from .authority import Authority
from .extensions import of_signer
from .signing import BACKDATED, certify

KEY_GENERATION = ObjectIdentifier("1.3.6.1.5.5.7.3.32")  # id-kp-cmKGA, RFC 9810 4.5
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csc sandbox key generation")])
_VALIDITY = timedelta(days=1)  # the delivery is read at once, or after a time of waiting


@dataclass(frozen=True, slots=True)
class KeyGeneration:
    """A key generation authority, and the certificates above its own, the root last."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def open_key_generation(authority: Authority, now: datetime) -> KeyGeneration:
    """A new one, which the CA has authorized by its certificate's extendedKeyUsage."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = certify(
        authority.issuing,
        subject=_NAME,
        key=key.public_key(),
        extensions=of_signer(KEY_GENERATION),
        period=(now - BACKDATED, now + _VALIDITY),
    )
    return KeyGeneration(certificate, (*authority.chain, authority.root.certificate), key)

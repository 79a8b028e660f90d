"""What a message is protected with: a shared secret or a key, and in which way, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


class MacScheme(StrEnum):
    """How a MAC is made of a shared secret (RFC 9481 6.1)."""

    PBM = "PBM"
    """PasswordBasedMac with SHA-256 and HMAC-SHA256 (RFC 9481 6.1.1): what every server knows."""
    PBMAC1 = "PBMAC1"
    """PBKDF2 and HMAC, both with SHA-256 (RFC 9481 6.1.2): guessing costs more."""
    PBM_SHA1 = "PBM-SHA1"
    """PasswordBasedMac with SHA-1 and HMAC-SHA1, RFC 4210's mandatory one: for old servers only."""


class RSAPadding(StrEnum):
    """How an RSA key signs (RFC 9481 3.1): RSASSA-PKCS1-v1_5 or RSASSA-PSS, with SHA-256."""

    PKCS1 = "PKCS1"
    PSS = "PSS"


@dataclass(frozen=True, slots=True)
class PasswordCredential:
    """A reference number and the secret that belongs to it, as bytes; `mac` is what is sent."""

    reference: bytes
    secret: bytes = field(repr=False)
    mac: MacScheme = MacScheme.PBM


@dataclass(frozen=True, slots=True)
class SignatureCredential:
    """A certificate with its private key; `chain` travels along in extraCerts.

    `padding` says how an RSA key signs; other keys know one way only.
    """

    certificate: x509.Certificate
    private_key: PrivateKeyTypes = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()
    padding: RSAPadding = RSAPadding.PKCS1


Credential = PasswordCredential | SignatureCredential

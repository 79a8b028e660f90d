"""A private key of the CA with its certificate: made, written as PEM, and read again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ...cmp.keys import KeyType, generate, key_type_of

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)
Digest = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----\n?", re.DOTALL)


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
    def key_type(self) -> KeyType:
        """What kind of key it is."""
        return key_type_of(self.key.public_key())

    @property
    def identifier(self) -> str:
        """The key's identifier (RFC 5280 4.2.1.2), hexadecimal."""
        return x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()).digest.hex()


def digest_of(key: Key) -> Digest | None:
    """The hash that a key signs certificates and CRLs with, as RFC 9481 3 has it for CMP.

    None for keys whose signatures name no hash: EdDSA (RFC 8410) and ML-DSA (RFC 9881).
    """
    match key:
        case rsa.RSAPrivateKey():
            return hashes.SHA256()
        case ec.EllipticCurvePrivateKey():
            if key.curve.key_size <= 256:
                return hashes.SHA256()
            return hashes.SHA384() if key.curve.key_size <= 384 else hashes.SHA512()
        case _:
            return None


def new_key(kind: KeyType) -> Key:
    """A new private key.

    Raises:
        ValueError: if keys of this kind do not sign.
    """
    key = generate(kind)
    if not isinstance(key, Key):
        raise ValueError(f"a key of the kind {kind} cannot sign")  # noqa: TRY004
    return key


def to_pem(pairs: Sequence[CertifiedKey], others: Sequence[x509.Certificate] = ()) -> bytes:
    """Each key with its certificate behind it, then the other certificates."""
    blocks: list[bytes] = []
    for pair in pairs:
        blocks.append(pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        blocks.append(pair.certificate.public_bytes(Encoding.PEM))
    blocks.extend(certificate.public_bytes(Encoding.PEM) for certificate in others)
    return b"".join(blocks)


def from_pem(data: bytes) -> tuple[tuple[CertifiedKey, ...], tuple[x509.Certificate, ...]]:
    """What `to_pem` wrote.

    Raises:
        ValueError: if something else is there.
    """
    blocks = [(match[1] == b"CERTIFICATE", match[0]) for match in _BLOCK.finditer(data)]
    pairs: list[CertifiedKey] = []
    while blocks and not blocks[0][0]:
        if len(blocks) == 1 or not blocks[1][0]:
            raise ValueError("a key has no certificate behind it")
        pairs.append(_pair(blocks.pop(0)[1], blocks.pop(0)[1]))
    if not pairs or not all(is_certificate for is_certificate, _ in blocks):
        raise ValueError("keys and certificates of the sandbox CA were expected")
    return tuple(pairs), tuple(x509.load_pem_x509_certificate(pem) for _, pem in blocks)


def _pair(key_pem: bytes, certificate_pem: bytes) -> CertifiedKey:
    key = load_pem_private_key(key_pem, password=None)
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    if not isinstance(key, Key) or key.public_key() != certificate.public_key():
        raise ValueError("a key of the sandbox CA is not its certificate's")
    return CertifiedKey(certificate, key)

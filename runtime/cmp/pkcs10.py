"""A name and its key in, a PKCS #10 certification request (RFC 2986) signed with it out."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding


def certification_request(
    subject: x509.Name, names: x509.SubjectAlternativeName | None, key: PrivateKeyTypes
) -> bytes:
    """The DER of a CertificationRequest, with the alternative names asked for as an extension.

    Raises:
        ValueError: if the key cannot sign.
    """
    if not hasattr(key, "sign"):
        raise ValueError("a PKCS #10 request is signed with the key, and this one cannot sign")
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, _hash(key)).public_bytes(Encoding.DER)  # pyright: ignore[reportArgumentType]


def _hash(key: PrivateKeyTypes) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """As strong as the curve (RFC 9481 3.2); EdDSA and ML-DSA name no hash."""
    if isinstance(key, rsa.RSAPrivateKey):
        return hashes.SHA256()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = key.curve.key_size
        return (
            hashes.SHA256() if size <= 256 else hashes.SHA384() if size <= 384 else hashes.SHA512()
        )
    return None

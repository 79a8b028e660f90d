"""An issued certificate in, what confirms it out: certHash, and hashAlg where it is needed.

RFC 9810 5.3.18: certHash is made with the hash of the certificate's signature, as its algorithm or the
parameters name it, and hashAlg stays out (a server that speaks cmp2000 only does not know the field). Where
the signature algorithm names no hash, hashAlg says which one was taken, and pvno is cmp2021.

    signature of the certificate         certHash                       hashAlg
    RSA PKCS #1 v1.5, ECDSA              the hash in the algorithm      none
    RSASSA-PSS                           the hash in its parameters     none
    Ed25519                              SHA-512 (RFC 9481 3.3)         SHA-512
    Ed448                                SHAKE256, 512 bits (the same)  SHAKE256
    ML-DSA                               SHA-512                        SHA-512
    another, or one that is unreadable   SHA-512                        SHA-512

RFC 9481 names no hash for ML-DSA, so it is the sender's choice: SHA-512, as strong as each of the three, and
what every implementation of RFC 9882 (ML-DSA in CMS) has. A certificate that cannot be read tells no
algorithm, which is the same exceptional case.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from .model import AlgorithmIdentifier
from .signatures import ED448

_SHA512 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.3")
# RFC 8702 2: as a hash, id-shake256 has an output of 512 bits, and no parameters.
_SHAKE256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.12")


def cert_hash(
    der: bytes, certificate: x509.Certificate | None
) -> tuple[bytes, AlgorithmIdentifier | None]:
    """certHash over a certificate's DER, and hashAlg, None where the signature names the hash.

    `certificate` is what was read of `der`, None where it cannot be.
    """
    algorithm = _hash_of_signature(certificate)
    if algorithm is not None:
        return _digest(algorithm, der), None
    if certificate is not None and certificate.signature_algorithm_oid.dotted_string == ED448:
        return _digest(hashes.SHAKE256(64), der), _SHAKE256
    return _digest(hashes.SHA512(), der), _SHA512


def _hash_of_signature(certificate: x509.Certificate | None) -> hashes.HashAlgorithm | None:
    if certificate is None:
        return None
    try:
        return certificate.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):  # ValueError: parameters that cannot be read
        return None


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()

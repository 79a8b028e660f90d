"""A PKCS #10 request (RFC 2986) in, read and checked, out."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ...cmp.model import PKIFailureInfo
from ...cmp.signatures import algorithm_problem
from .recipients import KEMKey
from .refusal import Refusal


def read_pkcs10(der: bytes) -> tuple[x509.CertificateSigningRequest, bytes]:
    """The request and its key (SubjectPublicKeyInfo). Nothing about it is checked.

    Raises:
        Refusal: if it cannot be read.
    """
    try:
        request = x509.load_der_x509_csr(der)
        _ = request.subject
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise Refusal(
            PKIFailureInfo.BAD_DATA_FORMAT, "the PKCS #10 request cannot be read"
        ) from None
    return request, key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def check_pkcs10_signed(request: x509.CertificateSigningRequest) -> None:
    """Check that its own key signed it (RFC 9810 5.2.8).

    Raises:
        Refusal: if it did not, or cannot.
    """
    if isinstance(request.public_key(), KEMKey):
        raise Refusal(PKIFailureInfo.BAD_POP, "an ML-KEM key cannot sign a PKCS #10 request")
    problem = algorithm_problem(request.signature_algorithm_oid.dotted_string)
    if problem is not None:
        raise Refusal(PKIFailureInfo.BAD_ALG, problem)
    try:
        is_signed = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        is_signed = False
    if not is_signed:
        raise Refusal(PKIFailureInfo.BAD_POP, "the signature of the PKCS #10 request is wrong")

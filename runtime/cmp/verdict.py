"""A granted response in; whether its certificate is taken, and the CertStatus that tells the CA so, out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from . import checks, issued
from .confirmation import cert_hash
from .errors import (
    AlgorithmNotSupported,
    DecryptionFailed,
    MalformedMessage,
    ProtectionError,
    UnexpectedAnswer,
    UntrustedCertificate,
    WrongCertificate,
)
from .events import CertificateReceived, CertificateRefused, Request
from .model import CertResponse, CertStatus, PKIFailureInfo, PKIStatus, PKIStatusInfo

_UNUSABLE = (
    MalformedMessage,
    WrongCertificate,
    UntrustedCertificate,
    DecryptionFailed,
    AlgorithmNotSupported,
    ProtectionError,  # of a private key that the CA made; the message itself is protected
    UnexpectedAnswer,
)


def judge(
    response: CertResponse,
    request: Request,
    chain: Sequence[x509.Certificate],
    now: datetime,
    transaction: bytes,
) -> tuple[CertificateReceived | CertificateRefused, tuple[CertStatus, ...]]:
    """Checks 12 to 16; what certConf says of the certificate (RFC 9810 5.3.18).

    `chain` holds what came along, untrusted. What cannot be decrypted has no hash: no CertStatus rejects it.

    Raises:
        UnexpectedAnswer: if there is no certificate that could be rejected.
    """
    der, certificate, key, refusal = b"", None, None, None
    try:
        der, key = issued.open_response(response, request, chain, now, transaction)
        certificate = checks.load_certificate(der, transaction)
        changes, path = checks.check_issued(
            certificate,
            response,
            request,
            key=key.public_key(),
            untrusted=chain,
            now=now,
            transaction=transaction,
        )
        event = CertificateReceived(
            certificate, tuple(chain), response.status, key, changes, path[1:]
        )
    except _UNUSABLE as error:
        error.transaction_id = transaction  # what was encrypted does not know it
        if isinstance(error, UnexpectedAnswer) and response.certificate is None:
            raise
        event = CertificateRefused(certificate, error, _its_key(certificate, key))
        refusal = PKIStatusInfo(
            PKIStatus.REJECTION,
            (error.message,),
            frozenset({PKIFailureInfo.BAD_CERT_TEMPLATE}),
        )
    seen = der or response.certificate
    if not seen:
        return event, ()
    digest, hash_alg = cert_hash(seen, certificate)
    return event, (CertStatus(digest, response.cert_req_id, refusal, hash_alg),)


def _its_key(
    certificate: x509.Certificate | None, key: PrivateKeyTypes | None
) -> PrivateKeyTypes | None:
    """The key, if the certificate is for it."""
    if certificate is None or key is None or certificate.public_key() != key.public_key():
        return None
    return key

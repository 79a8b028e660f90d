"""A message and the certificate that is to have signed it in; refused, unless it did (RFC 9483 3.1, 3.2)."""

from __future__ import annotations

from cryptography import x509

from ...cmp.checks import load_certificate
from ...cmp.errors import MalformedMessage, ProtectionError, UntrustedCertificate
from ...cmp.model import PKIFailureInfo, PKIMessage
from ...cmp.protection import subject_key_identifier, verify_signature
from ...cmp.trust import check_signer
from .refusal import Refusal


def load_signer(message: PKIMessage) -> x509.Certificate:
    """The certificate that signed, the first of extraCerts (RFC 9483 3.3). Nothing about it is checked.

    Raises:
        Refusal: if there is none that can be read.
    """
    if not message.extra_certs:
        raise Refusal(
            PKIFailureInfo.SIGNER_NOT_TRUSTED, "the signer's certificate is not in extraCerts"
        )
    try:
        return load_certificate(message.extra_certs[0])
    except MalformedMessage:
        raise Refusal(
            PKIFailureInfo.SIGNER_NOT_TRUSTED, "the first of extraCerts is no certificate"
        ) from None


def check_signed(message: PKIMessage, certificate: x509.Certificate) -> None:
    """Check that the key of a certificate signed a message, which says so in its header.

    Raises:
        Refusal: if it did not, may not, or the header names somebody else.
    """
    if certificate.subject != message.header.sender:
        raise Refusal(
            PKIFailureInfo.BAD_MESSAGE_CHECK,
            "sender is not the subject of the certificate that signed",
        )
    identifier = subject_key_identifier(certificate)
    if identifier is not None and message.header.sender_kid != identifier:
        raise Refusal(
            PKIFailureInfo.BAD_MESSAGE_CHECK,
            "senderKID is not the subject key identifier of the certificate that signed",
        )
    try:
        check_signer(certificate)
        verify_signature(message, certificate.public_key())
    except (ProtectionError, UntrustedCertificate) as error:
        raise Refusal(PKIFailureInfo.BAD_MESSAGE_CHECK, error.message) from None

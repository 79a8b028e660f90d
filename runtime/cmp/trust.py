"""Certificates in; whether they lead to the CA's own, and may do what they did, decided.

Path validation is `cryptography.x509.verification` (RFC 5280 6). Its usual policy is the web's, which refuses
private CAs: no names or purposes are demanded here, but every issuer has to be a CA.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from .errors import UntrustedCertificate

# A chain of a private CA has a root, one or two issuing CAs, and the certificate itself.
_LONGEST_CHAIN = 8
_SMALLEST_RSA = 2048  # bits; what the path validation accepts


def verify_chain(
    leaf: x509.Certificate,
    anchors: Sequence[x509.Certificate],
    untrusted: Sequence[x509.Certificate],
    at: datetime,
) -> None:
    """Check that `leaf` leads to one of `anchors` by signatures that hold at the time `at`.

    `untrusted` certificates may serve as links and are trusted by nothing. An anchor leads to itself.

    Raises:
        UntrustedCertificate: if it does not; the message says what is wrong.
    """
    name = leaf.subject.rfc4514_string() or "without a subject"
    for anchor in anchors:
        _check_anchor(anchor)
    if leaf in anchors:
        if leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
            return
        raise UntrustedCertificate(f"the certificate {name} is not valid now")
    issuers = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.AGNOSTIC, None
    )
    verifier = (
        PolicyBuilder()
        .store(Store(list(anchors)))
        .time(at)
        .max_chain_depth(_LONGEST_CHAIN)
        .extension_policies(ca_policy=issuers, ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, list(untrusted))
    except (VerificationError, ValueError) as error:
        wanted = " or ".join(anchor.subject.rfc4514_string() for anchor in anchors)
        raise UntrustedCertificate(
            f"the certificate {name}, issued by {leaf.issuer.rfc4514_string()}, does not lead to"
            f" {wanted}: {error}"
        ) from None


def _check_anchor(anchor: x509.Certificate) -> None:
    """Find what path validation would refuse with words that help nobody."""
    name = anchor.subject.rfc4514_string()
    key = anchor.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SMALLEST_RSA:
        raise UntrustedCertificate(
            f"the CA certificate {name} has an RSA key of {key.key_size} bits, and {_SMALLEST_RSA}"
            " are the least that can be trusted"
        )
    try:
        constraints = anchor.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise UntrustedCertificate(
            f"the CA certificate {name} has no BasicConstraints, so it is no CA's"
        ) from None
    if not constraints.ca:
        raise UntrustedCertificate(f"the certificate {name} is not a CA's")


def check_signer(signer: x509.Certificate) -> None:
    """Check that a certificate may sign messages: keyUsage, if it is there, has digitalSignature.

    Raises:
        UntrustedCertificate: if it may not (RFC 9483 3.2).
    """
    try:
        usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.digital_signature:
        raise UntrustedCertificate(
            f"the certificate {signer.subject.rfc4514_string()} signed the answer, and its keyUsage"
            " does not allow it to"
        )

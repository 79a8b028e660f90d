"""Certificates in; whether they lead to the CA's own, and may do what they did, decided.

Path validation is `cryptography.x509.verification` (RFC 5280 6). Its usual policy is the web's, which refuses
private CAs: no names or purposes are demanded here, but every issuer has to be a CA.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from .errors import UntrustedCertificate, clean

# A chain of a private CA has a root, one or two issuing CAs, and the certificate itself.
_LONGEST_CHAIN = 8
# What the path validation accepts of a CA.
_SMALLEST_RSA = 2048  # bits
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_VERIFIER_TALK = (
    "validation failed: ",
    "candidates exhausted: ",
    "Python extension validator failed: ",
    "ValueError: ",
)


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
    if not anchors:
        raise UntrustedCertificate(
            f"there is no CA certificate that {_dn(leaf.subject)} could lead to"
        )
    for anchor in anchors:
        _check_anchor(anchor)
    if leaf in anchors:
        if leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
            return
        raise UntrustedCertificate(f"the certificate {_dn(leaf.subject)} is not valid now")
    if leaf.version is x509.Version.v1:
        _verify_version_1(leaf, anchors, at)
        return
    verifier = (
        PolicyBuilder()
        .store(Store(list(anchors)))
        .time(at)
        .max_chain_depth(_LONGEST_CHAIN)
        .extension_policies(ca_policy=_issuers(), ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, list(untrusted))
    except (VerificationError, ValueError) as error:
        wanted = " or ".join(_dn(anchor.subject) for anchor in anchors)
        raise UntrustedCertificate(
            f"the certificate {_dn(leaf.subject)}, issued by {_dn(leaf.issuer)}, does not lead to"
            f" {wanted}: {_reason(leaf, error, at)}"
        ) from None


def _verify_version_1(
    leaf: x509.Certificate, anchors: Sequence[x509.Certificate], at: datetime
) -> None:
    """As `verify_chain`, of a certificate that cannot have extensions: issued by an anchor itself.

    Small CAs issue such certificates (`openssl x509 -req` without extensions), and the path validation
    refuses them.
    """
    problem = "it is an X.509v1 certificate, and no CA certificate at hand issued it itself"
    for anchor in anchors:
        with suppress(ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            leaf.verify_directly_issued_by(anchor)  # takes no hash weaker than SHA-2
            verify_chain(anchor, [anchor], [], at)
            if leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
                return
            problem = _out_of_date(leaf, at)
    raise UntrustedCertificate(f"the certificate {_dn(leaf.subject)} is not trusted: {problem}")


def _issuers() -> ExtensionPolicy:
    """What is demanded of every certificate that issued another one (RFC 5280 6.1.4 k and n)."""
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_issue)
    )


def _may_issue(_: Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError(
            f"the keyUsage of {_dn(certificate.subject)} does not let it issue certificates"
        )


def _check_anchor(anchor: x509.Certificate) -> None:
    """Find what path validation would refuse with words that help nobody."""
    name = _dn(anchor.subject)
    key = anchor.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _SMALLEST_RSA:
            raise UntrustedCertificate(
                f"the CA certificate {name} has an RSA key of {key.key_size} bits, and"
                f" {_SMALLEST_RSA} are the least that can be trusted"
            )
    elif not (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES):
        raise UntrustedCertificate(
            f"the CA certificate {name} has a key that is neither RSA nor of the curves P-256, P-384"
            " and P-521: a chain to it cannot be checked"
        )
    try:
        constraints = anchor.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise UntrustedCertificate(
            f"the CA certificate {name} has no BasicConstraints, so it is no CA's"
        ) from None
    if not constraints.ca:
        raise UntrustedCertificate(f"the certificate {name} is not a CA's")


def _reason(leaf: x509.Certificate, error: Exception, at: datetime) -> str:
    """The verifier's reason in words that need no knowledge of the verifier."""
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        return _out_of_date(leaf, at)
    text = re.sub(r" \(encountered processing .*", "", str(error), flags=re.DOTALL)
    text = re.sub(r": AlgorithmIdentifier .*", "", text, flags=re.DOTALL)
    for prefix in _VERIFIER_TALK:
        text = text.removeprefix(prefix)
    if text in ("", "candidates exhausted", "all candidates exhausted with no interior errors"):
        return "no certificate of its issuer is at hand"
    if text == "cert is not valid at validation time":
        return "a certificate on the way is not valid now"
    return clean(text)


def _out_of_date(leaf: x509.Certificate, at: datetime) -> str:
    if at > leaf.not_valid_after_utc:
        return f"it expired at {leaf.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC"
    return f"it is not valid before {leaf.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC"


def _dn(name: x509.Name) -> str:
    """A peer's name, fit to be shown."""
    return clean(name.rfc4514_string()) or "without a subject"


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
            f"the certificate {_dn(signer.subject)} signed the answer, and its keyUsage"
            " does not allow it to"
        )

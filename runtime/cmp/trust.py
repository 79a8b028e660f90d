"""Certificates in; whether they lead to the CA's own, and may do what they did, decided.

Path validation is `cryptography.x509.verification` (RFC 5280 6). Its usual policy is the web's, which refuses
private CAs: no names or purposes are demanded here, but every issuer has to be a CA. Whatever its policy, it
takes certificates signed with RSA (from 2048 bits), with ECDSA on P-256, P-384 and P-521 by SHA-256 or better
and, from version 50 on, with ML-DSA. Chains of EdDSA keys, and of RSASSA-PSS with other salts than the usual
one, it does not take; those are searched by `paths`, which takes nothing else that it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from .errors import UntrustedCertificate, clean
from .paths import LONGEST_CHAIN, MOST_LINKS, NO_ISSUER, NOT_VALID, find_path, needs_own_search
from .signatures import MIN_RSA, key_problem

# RFC 9810 4.5, RFC 6402 2.10: a CA lets the holder of such a certificate speak for it.
CMC_CA = "1.3.6.1.5.5.7.3.27"  # id-kp-cmcCA
CMC_RA = "1.3.6.1.5.5.7.3.28"  # id-kp-cmcRA
SPEAKS_FOR_CA = frozenset({CMC_CA, CMC_RA})
"""Who may sign an answer."""

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
) -> tuple[x509.Certificate, ...]:
    """The path from `leaf` to one of `anchors`, both included, by signatures that hold at the time `at`.

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
            return (leaf,)
        raise UntrustedCertificate(f"the certificate {_dn(leaf.subject)} is not valid now")
    if leaf.version is x509.Version.v1:
        return (leaf, _issuer_of_version_1(leaf, anchors, at))
    verifier = (
        PolicyBuilder()
        .store(Store(list(anchors)))
        .time(at)
        .max_chain_depth(LONGEST_CHAIN)
        .extension_policies(ca_policy=_issuers(), ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    links = [link for link in untrusted[:MOST_LINKS] if _key(link) is not None]
    try:
        return tuple(verifier.verify(leaf, links).chain)
    except (VerificationError, ValueError) as error:
        reason = _reason(leaf, error, at)
    if needs_own_search((leaf, *anchors, *links)):
        try:
            return find_path(leaf, anchors, links, at)
        except UntrustedCertificate as error:
            reason = _out_of_date(leaf, at) or error.message
    wanted = " or ".join(_dn(anchor.subject) for anchor in anchors)
    raise UntrustedCertificate(
        f"the certificate {_dn(leaf.subject)}, issued by {_dn(leaf.issuer)}, does not lead to"
        f" {wanted}: {reason}"
    )


def _issuer_of_version_1(
    leaf: x509.Certificate, anchors: Sequence[x509.Certificate], at: datetime
) -> x509.Certificate:
    """As `verify_chain`, of a certificate that cannot have extensions: the anchor that issued it itself.

    Small CAs issue such certificates (`openssl x509 -req` without extensions), and the path validation
    refuses them.
    """
    problem = "it is an X.509v1 certificate, and no CA certificate at hand issued it itself"
    for anchor in anchors:
        with suppress(ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            leaf.verify_directly_issued_by(anchor)  # takes no hash weaker than SHA-2
            verify_chain(anchor, [anchor], [], at)
            if leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
                return anchor
            problem = _out_of_date(leaf, at) or problem
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
    key = _key(anchor)
    if key is None:
        raise UntrustedCertificate(f"the CA certificate {name} has a key that cannot be read")
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA:
        raise UntrustedCertificate(
            f"the CA certificate {name} has an RSA key of {key.key_size} bits, and"
            f" {MIN_RSA} are the least that can be trusted"
        )
    problem = key_problem(key)
    if problem is not None:
        raise UntrustedCertificate(
            f"the key of the CA certificate {name} cannot be trusted: {problem}"
        )
    try:
        constraints = anchor.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise UntrustedCertificate(
            f"the CA certificate {name} has no BasicConstraints, so it is no CA's"
        ) from None
    if not constraints.ca:
        raise UntrustedCertificate(f"the certificate {name} is not a CA's")


def _key(certificate: x509.Certificate) -> CertificatePublicKeyTypes | None:
    """The public key, None if it is of a kind that nobody here knows."""
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _reason(leaf: x509.Certificate, error: Exception, at: datetime) -> str:
    """The verifier's reason in words that need no knowledge of the verifier."""
    late = _out_of_date(leaf, at)
    if late is not None:
        return late
    text = re.sub(r" \(encountered processing .*", "", str(error), flags=re.DOTALL)
    text = re.sub(r": AlgorithmIdentifier .*", "", text, flags=re.DOTALL)
    for prefix in _VERIFIER_TALK:
        text = text.removeprefix(prefix)
    if text in ("", "candidates exhausted", "all candidates exhausted with no interior errors"):
        return NO_ISSUER
    if text == "cert is not valid at validation time":
        return NOT_VALID
    return clean(text)


def _out_of_date(leaf: x509.Certificate, at: datetime) -> str | None:
    """What is wrong with the time, None if nothing is."""
    if at > leaf.not_valid_after_utc:
        return f"it expired at {leaf.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC"
    if at < leaf.not_valid_before_utc:
        return f"it is not valid before {leaf.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC"
    return None


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
        error = UntrustedCertificate(
            f"the certificate {_dn(signer.subject)} signed the answer, and its keyUsage"
            " does not allow it to"
        )
        error.way_out = "have the CA sign with a certificate whose keyUsage has digitalSignature"
        raise error


def check_authorized(
    signer: x509.Certificate,
    anchors: Sequence[x509.Certificate],
    purposes: Collection[str] = SPEAKS_FOR_CA,
) -> None:
    """Check that the holder of a certificate that leads to an anchor may speak for the CA.

    An anchor may, and a CA's certificate; another one if its extendedKeyUsage has one of `purposes`. A
    certificate of an end entity may not: any device of the same CA could answer in the CA's name.

    Raises:
        UntrustedCertificate: if it may not (RFC 9483 3.5, RFC 9810 4.5).
    """
    if signer in anchors:
        return
    with suppress(x509.ExtensionNotFound):
        if signer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return
    with suppress(x509.ExtensionNotFound):
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if any(purpose.dotted_string in purposes for purpose in usage):
            return
    error = UntrustedCertificate(
        f"the certificate {_dn(signer.subject)} is an end entity's, and no extendedKeyUsage lets it"
        " speak for the CA (cmcCA or cmcRA)"
    )
    error.way_out = (
        "have the CA sign with its own certificate, or issue the signer's with cmcCA; if it cannot,"
        " Tolerate=any-signer at the CMPServer lets every certificate of the CA sign"
    )
    raise error

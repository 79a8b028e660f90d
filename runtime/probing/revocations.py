"""CRLs that a CA sent in; which can be relied on, and what they say of a certificate, out (RFC 5280 6.3).

A list is relied on if

 1. a certificate of the CA has the issuer's name, and its keyUsage, if it is there, has cRLSign (6.3.3 f);
 2. the list is signed with that one's key, by an algorithm that `signatures` accepts (6.3.3 g);
 3. it is in date: thisUpdate is not ahead, nextUpdate, if it is there, is not past (6.3.3 a);
 4. no extension is critical but issuingDistributionPoint, which does not make it an indirect one (5.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

from ..cmp.checks import CLOCK_TOLERANCE
from ..cmp.errors import UntrustedCertificate, clean
from ..cmp.signatures import algorithm_problem


def check_crl(
    crl: x509.CertificateRevocationList, issuers: Sequence[x509.Certificate], now: datetime
) -> None:
    """Check that a list can be relied on. `issuers` are trusted certificates of the CA.

    Raises:
        UntrustedCertificate: if it cannot; the message says why.
    """
    named = [issuer for issuer in issuers if issuer.subject == crl.issuer and _may_sign(issuer)]
    if not named:  # 1
        raise UntrustedCertificate(
            f"it is issued by {clean(crl.issuer.rfc4514_string())}, and no certificate of the CA"
            " with this name may sign it"
        )
    problem = algorithm_problem(crl.signature_algorithm_oid.dotted_string)
    if problem is None and not any(_is_signed_by(crl, issuer) for issuer in named):
        problem = "it is not signed with the CA's key"
    if problem is not None:  # 2
        raise UntrustedCertificate(problem)
    if crl.last_update_utc > now + CLOCK_TOLERANCE:  # 3
        raise UntrustedCertificate(f"it begins at {_utc(crl.last_update_utc)}")
    if crl.next_update_utc is not None and crl.next_update_utc < now:
        raise UntrustedCertificate(f"it ended at {_utc(crl.next_update_utc)}")
    for extension in crl.extensions:  # 4
        point = extension.value
        is_scope = isinstance(point, x509.IssuingDistributionPoint) and not point.indirect_crl
        if extension.critical and not is_scope:
            raise UntrustedCertificate(
                f"its critical extension {extension.oid.dotted_string} is not understood"
            )


def revocation_in(
    crls: Sequence[x509.CertificateRevocationList], certificate: x509.Certificate
) -> x509.RevokedCertificate | None:
    """The entry of a certificate in lists that were checked, None if it is in none."""
    for crl in crls:
        if crl.issuer == certificate.issuer:
            entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None:
                return entry
    return None


def in_words(entry: x509.RevokedCertificate) -> str:
    """When and why a certificate was revoked: `2026-01-31 (keyCompromise)`."""
    day = f"{entry.revocation_date_utc:%Y-%m-%d}"
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return day
    return f"{day} ({reason})"


def _may_sign(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _is_signed_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    if not isinstance(key, CertificateIssuerPublicKeyTypes):
        return False
    try:
        return crl.is_signature_valid(key)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _utc(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"

"""A certificate that this CA did not issue in; refused, unless it was told to trust it or its root.

Those are RAs, whose certificates are given one by one, and other PKIs, whose roots are: with the certificate
that a manufacturer put into a device, the device asks for its first one here (RFC 9483 4.1.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ...cmp.checks import load_certificates
from ...cmp.errors import UntrustedCertificate
from ...cmp.model import PKIFailureInfo
from ...cmp.trust import CMC_RA, verify_chain
from ..ledger.ledger import LedgerEntry
from .refusal import Refusal

RA_USAGE = x509.ObjectIdentifier(CMC_RA)


@dataclass(frozen=True, slots=True)
class Outsiders:
    """Whom the CA was told to trust, beside those with secrets and with certificates of its own.

    `ras` are certificates of RAs, `ra_references` the reference numbers of secrets that RAs have (which
    RFC 9810 5.1.3.5 lets them use, and RFC 9483 does not), and `roots` the CA certificates of other PKIs.
    """

    ras: tuple[x509.Certificate, ...] = ()
    roots: tuple[x509.Certificate, ...] = ()
    ra_references: frozenset[bytes] = frozenset()


NOBODY = Outsiders()


def outsiders(ras: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]) -> Outsiders:
    """Certificates of RAs and of other PKIs' CAs, looked at.

    Raises:
        ValueError: if one of `roots` is no CA's, or has a key that cannot be trusted.
    """
    for root in roots:
        try:
            # Whether it is in force shows when it is needed; here it has to be a CA's at all.
            verify_chain(root, [root], [], root.not_valid_before_utc)
        except UntrustedCertificate as error:
            raise ValueError(error.message) from None
    return Outsiders(tuple(ras), tuple(roots))


def check_outsider(
    certificate: x509.Certificate, links: Sequence[bytes], known: Outsiders, now: datetime
) -> None:
    """Check that a certificate is an RA's, or leads to the root of another PKI by `links` (DER).

    Raises:
        Refusal: if it is neither, or is not in force.
    """
    if certificate in known.ras:
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Refusal(
                PKIFailureInfo.SIGNER_NOT_TRUSTED, "the RA's certificate is not valid now"
            )
        return
    if not known.roots:
        raise Refusal(
            PKIFailureInfo.SIGNER_NOT_TRUSTED, "the signer's certificate is not of this CA"
        )
    try:
        verify_chain(certificate, known.roots, load_certificates(links), now)
    except UntrustedCertificate as error:
        raise Refusal(
            PKIFailureInfo.SIGNER_NOT_TRUSTED,
            f"the signer's certificate is not of this CA, and {error.message}",
        ) from None


def is_ra(certificate: x509.Certificate, entry: LedgerEntry | None, known: Outsiders) -> bool:
    """Whether a certificate is an RA's: one of those given, or with id-kp-cmcRA in the ledger (RFC 9810 4.5).

    What another PKI lets its RAs do means nothing here.
    """
    if certificate in known.ras:
        return True
    if entry is None:
        return False
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return RA_USAGE in usage

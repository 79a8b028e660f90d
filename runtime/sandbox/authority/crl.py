"""What the ledger says is revoked in, a CA's current CRL out (RFC 5280 5).

A list is kept until a certificate is revoked or taken back, or until the list is about to be out of date, so
that who holds it is told that there is no newer one. While it is kept, nothing but the list itself is read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..ledger.ledger import LedgerEntry, StoredCRL
from ..ledger.reasons import REASONS
from ..ledger.standing import Revocation, revocation_of
from ..requests.desk import Desk
from ..requests.expiry import expire
from .certified_key import CertifiedKey
from .signing import BACKDATED, sign_crl

VALIDITY = timedelta(days=7)
_RENEWED_AFTER = timedelta(days=1)
_FLAGS = {flag.value: flag for flag in x509.ReasonFlags}


def current_crl(desk: Desk, ca: CertifiedKey) -> StoredCRL:
    """The CRL of `ca` in force, made and stored if there is none, or none that still is.

    It lists what was issued under the CA's name, with whichever key (RFC 5280 5: one issuer is one name).
    """
    expire(desk.ledger, desk.now)
    changes = desk.ledger.count_changes()
    last = desk.ledger.last_crl(ca.identifier)
    if last is not None and last.this_update > desk.now + BACKDATED:
        last = None  # the CA's clock was ahead: nobody would take that list now
    # A newer list is told by its thisUpdate, which counts whole seconds. Lists that are made faster than that
    # go through those of the time that they are backdated by, before any is of the future.
    begins = desk.now.replace(microsecond=0) - BACKDATED
    if last is not None:
        if last.changes == changes and desk.now < last.this_update + _RENEWED_AFTER:
            return last
        begins = max(begins, last.this_update + timedelta(seconds=1))
    number, ends = desk.ledger.last_crl_number() + 1, begins + VALIDITY
    invalid = desk.ledger.invalidities()
    revoked = [
        _revoked(entry.serial_number, revocation, invalid.get(entry.serial_number))
        for entry in desk.ledger.revoked()
        if (revocation := revocation_of(entry)) is not None and _is_listed(entry, ca, last)
    ]
    signed = sign_crl(ca, revoked, number=number, begins=begins, ends=ends)
    der = signed.public_bytes(Encoding.DER)
    crl = StoredCRL(ca.identifier, number, changes, begins, ends, der)
    desk.ledger.store_crl(crl)
    return crl


def _is_listed(entry: LedgerEntry, ca: CertifiedKey, last: StoredCRL | None) -> bool:
    """Whether an entry is the CA's; it stays until a list has been made after its end (RFC 5280 3.3)."""
    certificate = entry.certificate
    if certificate.issuer != ca.name:
        return False
    return last is None or last.this_update <= certificate.not_valid_after_utc


def _revoked(
    serial_number: str, revocation: Revocation, invalid_since: datetime | None
) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(int(serial_number, 16))
        .revocation_date(revocation.time)
    )
    if revocation.reason != REASONS[0]:  # RFC 5280 5.3.1: unspecified is said by leaving it out
        reason = x509.CRLReason(_FLAGS[revocation.reason])
        builder = builder.add_extension(reason, critical=False)
    if invalid_since is not None:  # RFC 5280 5.3.2
        since = x509.InvalidityDate(invalid_since.replace(tzinfo=None))
        builder = builder.add_extension(since, critical=False)
    return builder.build()

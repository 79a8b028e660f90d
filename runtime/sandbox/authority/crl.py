"""What the ledger says is revoked in, a CA's current CRL out (RFC 5280 5).

A list is kept until a certificate is revoked or taken back, or until the list is about to be out of date, so
that who holds it is told that there is no newer one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..ledger.ledger import LedgerEntry, Status
from ..ledger.reasons import REASONS
from ..requests.desk import Desk
from ..requests.expiry import expire
from .certified_key import CertifiedKey
from .signing import sign_crl

VALIDITY = timedelta(days=7)
_RENEWED_AFTER = timedelta(days=1)
# What its holder rejected is revoked, too (RFC 9483 5.1.2).
_LISTED = (Status.REVOKED, Status.REJECTED)
_FLAGS = {flag.value: flag for flag in x509.ReasonFlags}


def current_crl(desk: Desk, ca: CertifiedKey) -> x509.CertificateRevocationList:
    """The CRL of `ca` in force, made and stored if there is none, or none that still is.

    It lists what was issued under the CA's name, with whichever key (RFC 5280 5: one issuer is one name).
    """
    expire(desk.ledger, desk.now)
    revoked = [
        entry
        for entry in desk.ledger.entries()
        if entry.status in _LISTED and entry.certificate.issuer == ca.name
    ]
    listed = "\n".join(f"{e.serial_number} {_reason(e)} {e.changed_at}" for e in revoked)
    begins = desk.now.replace(microsecond=0)
    last = desk.ledger.last_crl(ca.identifier)
    if last is not None:
        crl = x509.load_der_x509_crl(last.data)
        if last.listed == listed and desk.now < crl.last_update_utc + _RENEWED_AFTER:
            return crl
        # A newer list is told by its thisUpdate, which counts whole seconds.
        begins = max(begins, crl.last_update_utc + timedelta(seconds=1))
    number = desk.ledger.last_crl_number() + 1
    crl = sign_crl(
        ca,
        [_revoked(entry) for entry in revoked],
        number=number,
        begins=begins,
        ends=begins + VALIDITY,
    )
    desk.ledger.store_crl(ca.identifier, number, listed, crl.public_bytes(Encoding.DER))
    return crl


def _revoked(entry: LedgerEntry) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(int(entry.serial_number, 16))
        .revocation_date(datetime.fromisoformat(entry.changed_at).astimezone(UTC))
    )
    # RFC 5280 5.3.1: unspecified is said by leaving the reason out.
    reason = _reason(entry)
    if reason in REASONS.values() and reason != REASONS[0]:
        builder = builder.add_extension(x509.CRLReason(_FLAGS[reason]), critical=False)
    return builder.build()


def _reason(entry: LedgerEntry) -> str:
    """The name of the CRLReason. What was said when a certificate was rejected is none."""
    return entry.reason if entry.status is Status.REVOKED else ""

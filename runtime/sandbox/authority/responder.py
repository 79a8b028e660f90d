"""A CA in, the key and certificate that answer OCSP requests for it out (RFC 6960 4.2.2.2).

They are in memory only, and do not live long: nobody asks whether the certificate is revoked
(id-pkix-ocsp-nocheck), so that another CA process can have its own, and a lost key does little harm.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .authority import CertifiedKey, _certify, _new_key
from .extensions import of_signer, plain

VALIDITY = timedelta(days=7)
_RENEWED_BEFORE = timedelta(days=3)
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csc sandbox OCSP responder")])


class Responders:
    """The responders of CAs, each made when it is first needed. Not safe to use from several threads."""

    def __init__(self) -> None:
        self._made: dict[str, CertifiedKey] = {}

    def of(self, ca: CertifiedKey, now: datetime) -> CertifiedKey:
        """The responder of `ca`, with a certificate that is valid at `now` and for some days."""
        known = self._made.get(ca.identifier)
        if known is None or not _is_fresh(known.certificate, now):
            known = self._made[ca.identifier] = _make(ca, now)
        return known


def _is_fresh(certificate: x509.Certificate, now: datetime) -> bool:
    left = certificate.not_valid_after_utc - now
    return certificate.not_valid_before_utc <= now and left > _RENEWED_BEFORE


def _make(ca: CertifiedKey, now: datetime) -> CertifiedKey:
    key = _new_key()
    extensions = [*of_signer(ExtendedKeyUsageOID.OCSP_SIGNING), plain(x509.OCSPNoCheck())]
    return CertifiedKey(_certify(ca, _NAME, key.public_key(), extensions, VALIDITY, now), key)

"""A CA in, the key and certificate that answer OCSP requests for it out (RFC 6960 4.2.2.2).

They are in memory only, and do not live long: nobody asks whether the certificate is revoked
(id-pkix-ocsp-nocheck), so that another CA process can have its own, and a lost key does little harm.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .certified_key import CertifiedKey, new_key
from .extensions import of_signer, plain
from .signing import BACKDATED, certify

VALIDITY = timedelta(days=7)
_RENEWED_BEFORE = timedelta(days=3)
_ROLES = (" issuing CA", " root CA")


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
    key = new_key(ca.key_type)
    certificate = certify(
        ca,
        subject=_name(ca.name),
        key=key.public_key(),
        extensions=[*of_signer(ExtendedKeyUsageOID.OCSP_SIGNING), plain(x509.OCSPNoCheck())],
        period=(now - BACKDATED, now + VALIDITY),
    )
    return CertifiedKey(certificate, key)


def _name(ca: x509.Name) -> x509.Name:
    """As the CA is called, in another role."""
    label = str(ca.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    for role in _ROLES:
        label = label.partition(role)[0]
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{label} OCSP responder")])

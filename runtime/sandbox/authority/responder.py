"""A CA in, who answers OCSP requests for it out: a key that this very CA certified (RFC 6960 4.2.2.2).

Who asks need not look up whether the responder is revoked (id-pkix-ocsp-nocheck, RFC 6960 4.2.2.2.1), so its
certificate is short-lived. It lies in the folder, in a file for each CA, until little of its time is left.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ...files import write_atomically
from .certified_key import CertifiedKey, from_pem, new_key, to_pem
from .extensions import of_signer, plain
from .signing import BACKDATED, certify

_VALIDITY = timedelta(days=30)
_RENEWED_BEFORE = timedelta(days=10)


class Responders:
    """The responders of the CAs in a folder. Those that were asked for are kept in memory, too.

    Only who holds the ledger's transaction may ask.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, CertifiedKey] = {}

    def of(self, ca: CertifiedKey, now: datetime) -> CertifiedKey:
        """As `responder_of`."""
        known = self._known.get(ca.identifier)
        if known is None or not _is_fresh(known, now):
            known = self._known[ca.identifier] = responder_of(self._folder, ca, now)
        return known


def responder_of(folder: Path, ca: CertifiedKey, now: datetime) -> CertifiedKey:
    """The OCSP responder of `ca`, made or renewed where that is due. Nobody else may be in the folder.

    Raises:
        OSError: if the folder cannot be used.
        ValueError: if what lies there is no responder.
    """
    file = folder / f"responder-{ca.identifier}.pem"
    with suppress(FileNotFoundError):
        (responder,), _ = from_pem(file.read_bytes())
        if _is_fresh(responder, now):
            return responder
    responder = _new(ca, now)
    write_atomically(file, to_pem([responder]), 0o600)
    return responder


def _is_fresh(responder: CertifiedKey, now: datetime) -> bool:
    certificate = responder.certificate
    ends = certificate.not_valid_after_utc - _RENEWED_BEFORE
    return certificate.not_valid_before_utc <= now < ends


def _new(ca: CertifiedKey, now: datetime) -> CertifiedKey:
    key = new_key(ca.key_type)
    certificate = certify(
        ca,
        subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _name(ca))]),
        key=key.public_key(),
        extensions=[*of_signer(ExtendedKeyUsageOID.OCSP_SIGNING), plain(x509.OCSPNoCheck())],
        period=(now - BACKDATED, now + _VALIDITY),
    )
    return CertifiedKey(certificate, key)


def _name(ca: CertifiedKey) -> str:
    """RFC 5280 A.1: a common name has 64 characters at the most."""
    label = str(ca.name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    return f"{label[: 64 - len(' OCSP')]} OCSP"

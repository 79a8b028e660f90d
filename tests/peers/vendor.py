"""A manufacturer's PKI: a root, a CA below it, and certificates that it puts into devices, valid today."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from csc.runtime.cmp.protection import SignatureCredential

from .asker import utc_now
from .certificates import ISSUES, Issuer, make_certificate, make_intermediate, name, new_key


def lifetime(begins: int = -1, ends: int = 30) -> dict[str, datetime]:
    """When a certificate is valid, in days from now."""
    now = utc_now()
    return {"begins": now + timedelta(days=begins), "ends": now + timedelta(days=ends)}


def valid_root(common_name: str) -> Issuer:
    key, subject = new_key(), name(common_name)
    certificate = make_certificate(
        subject, key.public_key(), subject, key, is_ca=True, usages=ISSUES, **lifetime()
    )
    return Issuer(certificate, key)


@dataclass(frozen=True, slots=True)
class Vendor:
    """What signs devices' certificates, and what the CA has to trust for it."""

    root: Issuer
    below: Issuer

    def device(
        self,
        common_name: str = "device",
        *,
        key: PrivateKeyTypes | None = None,
        chain: tuple[x509.Certificate, ...] | None = None,
        **options: object,
    ) -> SignatureCredential:
        """A device's certificate with its key; the options are `make_certificate`'s."""
        key = key or new_key()
        certificate = self.below.issue(name(common_name), key.public_key(), **lifetime() | options)
        chain = (self.below.certificate,) if chain is None else chain
        return SignatureCredential(certificate, key, chain)


def new_vendor(common_name: str = "Vendor") -> Vendor:
    root = valid_root(f"{common_name} Root")
    return Vendor(root, make_intermediate(root, f"{common_name} Devices", **lifetime()))

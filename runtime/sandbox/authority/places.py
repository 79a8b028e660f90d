"""Where over HTTP certificates and status of the CAs are: paths, and the extensions that name them.

RFC 5280 4.2.1.13 and 4.2.2.1. Names of files are those of RFC 2585.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from .authority import Authority
from .certified_key import CertifiedKey
from .extensions import plain

CRLS = "/crl/"
CERTIFICATES = "/ca/"
OCSP = "/ocsp"


def base_url(text: str) -> str:
    """A URL to which paths can be added.

    Raises:
        ValueError: if `text` is no URL of HTTP, or says more than a place.
    """
    parts = urlsplit(text)
    is_plain = text.isascii() and text.isprintable() and " " not in text
    if not is_plain or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("where the CA publishes is no URL of HTTP")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("where the CA publishes has more than a host and a path")
    _ = parts.port  # raises if it is none
    return text.rstrip("/")


def crl_url(base: str, ca: str) -> str:
    """Where the CRL of the CA is that is called `ca` in paths."""
    return f"{base}{CRLS}{ca}.crl"


def status_extensions(
    base: str | None, ca: CertifiedKey
) -> tuple[x509.Extension[x509.ExtensionType], ...]:
    """What a certificate that `ca` issues says of where its status and its issuer's certificate are.

    It says nothing if they are nowhere.
    """
    if base is None:
        return ()
    crl = x509.UniformResourceIdentifier(crl_url(base, ca.identifier))
    ocsp = x509.UniformResourceIdentifier(f"{base}{OCSP}")
    issuer = x509.UniformResourceIdentifier(f"{base}{CERTIFICATES}{ca.identifier}.cer")
    points = x509.CRLDistributionPoints([x509.DistributionPoint([crl], None, None, None)])
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, ocsp),
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, issuer),
        ]
    )
    return plain(points), plain(access)


def ca_named(authority: Authority, name: str) -> CertifiedKey | None:
    """The CA that is called `name` in paths: root, issuing, or by its key's identifier.

    Certificates name it by the latter, which means the same CA for ever.
    """
    if name == "root":
        return authority.root
    if name == "issuing":
        return authority.issuing
    return next((ca for ca in authority.cas if ca.identifier == name), None)

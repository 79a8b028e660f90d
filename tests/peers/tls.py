"""TLS contexts of servers for tests, with certificates that are valid now unless a test says otherwise."""

import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from .certificates import ISSUES, SIGNS, Issuer, make_certificate, name, new_key

DAY = timedelta(days=1)


@cache
def make_tls_root(common_name: str) -> Issuer:
    """A CA whose certificate is valid today; the same for the same name."""
    key, subject = new_key(), name(common_name)
    today = datetime.now(UTC)
    certificate = make_certificate(
        subject, key.public_key(), subject, key, is_ca=True, usages=ISSUES,
        begins=today - 30 * DAY, ends=today + 30 * DAY,
    )  # fmt: skip
    return Issuer(certificate, key)


@cache
def make_issuing_ca(common_name: str) -> Issuer:
    """A CA below a root that nobody here knows."""
    root, key, today = make_tls_root(f"{common_name}'s root"), new_key(), datetime.now(UTC)
    certificate = root.issue(
        name(common_name), key.public_key(), is_ca=True, usages=ISSUES,
        begins=today - 30 * DAY, ends=today + 30 * DAY,
    )  # fmt: skip
    return Issuer(certificate, key)


def der(issuer: Issuer) -> bytes:
    return issuer.certificate.public_bytes(Encoding.DER)


def server_context(
    issuer: Issuer | None,
    *names: str,
    common_name: str = "TLS server",
    begins: int = -1,
    ends: int = 1,
) -> ssl.SSLContext:
    """A server whose certificate has `names`, and is valid from `begins` to `ends`, in days from today.

    Without `issuer` the certificate is signed by itself.
    """
    key, subject = new_key(), name(common_name)
    today = datetime.now(UTC)
    certificate = make_certificate(
        subject,
        key.public_key(),
        issuer.certificate.subject if issuer else subject,
        issuer.key if issuer else key,
        usages=SIGNS,
        begins=today + begins * DAY,
        ends=today + ends * DAY,
        extensions=[x509.Extension(x509.SubjectAlternativeName.oid, False, _names(names))]
        if names
        else [],
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        context.load_cert_chain(file)
    return context


def _names(names: tuple[str, ...]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(text) for text in names])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)

"""What a server's certificate has to lead to in, a TLS context out; and a refused handshake, in words.

Verified are the chain, the dates and the name (RFC 9110 4.3.4); the name only against subjectAltName
(RFC 9525 2). TLS 1.2 at least (RFC 9325 3.1.1).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from ..errors import TlsFailed, clean

# OpenSSL's X509_V_ERR_…: CERT_NOT_YET_VALID, CERT_HAS_EXPIRED; HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH.
_WRONG_TIME = (9, 10)
_WRONG_NAME = (62, 64)


@dataclass(frozen=True, slots=True)
class TlsTrust:
    """What a server's certificate may lead to: the certificate `ca` (DER), the system's roots, or either."""

    ca: bytes | None = field(repr=False)
    uses_system: bool

    def __post_init__(self) -> None:
        if self.ca is None and not self.uses_system:
            raise ValueError("a server that nothing is trusted for cannot be talked to")


SYSTEM_ROOTS = TlsTrust(None, uses_system=True)


def make_context(trust: TlsTrust) -> ssl.SSLContext:
    """The context that demands what `trust` says. With the system's roots it takes some 20 ms to make.

    Raises:
        TlsFailed: if `trust.ca` is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    # The CA of a CMPServer may be an issuing CA: its own certificate is the anchor, not its root's.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if trust.uses_system:
        context.load_default_certs()
    if trust.ca is not None:
        try:
            context.load_verify_locations(cadata=trust.ca)
        except (ssl.SSLError, ValueError):
            raise TlsFailed(
                "the CA's certificate for TLS", "a certificate in DER", "something else"
            ) from None
    return context


def refused(host: str, error: ssl.SSLError) -> TlsFailed:
    """What went wrong in the handshake with `host`."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = (error.reason or str(error)).lower().replace("_", " ")
        failed = TlsFailed(f"no TLS with {host}", "a handshake of TLS 1.2 or 1.3", reason)
        if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"):
            failed.way_out = "check URL and Port of the CMPServer: is this a port for https?"
        return failed
    failed = TlsFailed(
        f"the TLS certificate of {host} is refused",
        f"one that is valid now, for {host}, and leads to what is trusted",
        clean(error.verify_message),
    )
    if error.verify_code in _WRONG_TIME:
        failed.way_out = "have the server's certificate renewed, and check this machine's clock"
    elif error.verify_code in _WRONG_NAME:
        failed.way_out = "use a host name that the server's certificate has in subjectAltName"
    return failed

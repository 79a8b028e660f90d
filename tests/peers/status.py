"""A sandbox CA's certificates revoked and rejected, and what it publishes about them fetched."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.model import (
    BodyType,
    CertConfirmContent,
    CertStatus,
    CertTemplate,
    Extension,
    PKIBody,
    PKIStatus,
    PKIStatusInfo,
    RevDetails,
    RevReqContent,
)
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.published import Published, published

from peers.asker import ask, confirm, enrolled, header, ir, issued

KEY_COMPROMISE, SUPERSEDED, CESSATION, HOLD, REMOVE_FROM_CRL = 1, 4, 5, 6, 8  # RFC 5280 5.3.1


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


def confirmed(ca: SandboxCA) -> x509.Certificate:
    return enrolled(ca)[1].certificate


def rejected(ca: SandboxCA) -> x509.Certificate:
    """A certificate that its requester refused in certConf."""
    answer = ask(ca, ir())
    certificate = issued(answer)
    refusal = PKIStatusInfo(PKIStatus.REJECTION, ("it is not what was asked for",))
    status = CertStatus(certificate.fingerprint(hashes.SHA256()), 0, refusal)
    _, head = confirm(answer, b"")
    body = PKIBody(BodyType.CERT_CONF, CertConfirmContent((status,)))
    assert ask(ca, body, head).body.type is BodyType.PKI_CONF
    return certificate


def revocation(
    certificate: x509.Certificate, reason: int, invalid_since: bytes | None = None
) -> PKIBody:
    """rr with a reason and, as the content of a GeneralizedTime, an invalidityDate."""
    details = [Extension("2.5.29.21", False, bytes([10, 1, reason]))]
    if invalid_since is not None:
        details.append(Extension("2.5.29.24", False, tlv(0x18, invalid_since)))
    wanted = CertTemplate(issuer=certificate.issuer, serial_number=certificate.serial_number)
    return PKIBody(BodyType.RR, RevReqContent((RevDetails(wanted, tuple(details)),)))


def revoke(
    ca: SandboxCA,
    certificate: x509.Certificate,
    reason: int = SUPERSEDED,
    invalid_since: bytes | None = None,
) -> None:
    now = ca._clock()  # pyright: ignore[reportPrivateUsage]
    body = revocation(certificate, reason, invalid_since)
    assert ask(ca, body, header(message_time=now)).body.type is BodyType.RP


def get(ca: SandboxCA, path: str, **headers: str) -> Published:
    """`headers` are written with underscores."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    found = published(ca, "GET", path, given, b"")
    assert found is not None
    return found


def crl(ca: SandboxCA, name: str = "issuing") -> x509.CertificateRevocationList:
    """The CRL of a CA, which it signed."""
    found = x509.load_der_x509_crl(get(ca, f"/crl/{name}.crl").body)
    signer = ca_certificate(ca, name)
    assert found.is_signature_valid(signer.public_key())  # pyright: ignore[reportArgumentType]
    assert found.issuer == signer.subject
    return found


def ca_certificate(ca: SandboxCA, name: str = "issuing") -> x509.Certificate:
    return x509.load_der_x509_certificate(get(ca, f"/ca/{name}.cer").body)

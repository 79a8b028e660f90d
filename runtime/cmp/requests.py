"""What a device wants of its CA in, the transaction that asks for it out: ir, kur and rr."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .codec import encode_cert_request
from .model import (
    BodyType,
    CertId,
    CertReqMessages,
    CertReqMsg,
    CertTemplate,
    Extension,
    PopoKind,
    ProofOfPossession,
    RevDetails,
    RevReqContent,
)
from .protection import PasswordCredential, SignatureCredential, sign, signature_algorithm
from .transaction import Random, Request, Transaction

_REASON_CODE = "2.5.29.21"  # id-ce-cRLReasons


def initialize(
    *,
    subject: x509.Name,
    key: PrivateKeyTypes,
    credential: PasswordCredential,
    anchors: Sequence[x509.Certificate],
    recipient: x509.Name,
    now: datetime,
    random: Random,
    resend: bytes | None = None,
) -> Transaction:
    """An ir (RFC 9483 4.1.1): a first certificate, authenticated by reference number and secret.

    `anchors` are what the CA's answers and the certificate have to lead to. `resend`, here and below, is the
    exact request of an earlier run of the same operation with the same key, which is then sent again.

    Raises:
        ValueError: if the key cannot sign.
    """
    request = Request(BodyType.IR, credential, tuple(anchors), recipient, key, subject)
    return Transaction(request, _cert_request(request, None), now, random, resend)


def update(
    *,
    certificate: x509.Certificate,
    certificate_key: PrivateKeyTypes,
    key: PrivateKeyTypes,
    anchors: Sequence[x509.Certificate],
    now: datetime,
    random: Random,
    chain: Sequence[x509.Certificate] = (),
    resend: bytes | None = None,
) -> Transaction:
    """A kur (RFC 9483 4.1.3): the same certificate for a new key, signed with the one in force.

    Raises:
        ValueError: if a key cannot sign.
    """
    request = Request(
        BodyType.KUR,
        SignatureCredential(certificate, certificate_key, tuple(chain)),
        tuple(anchors),
        certificate.issuer,
        key,
        certificate.subject,
    )
    old = CertId(certificate.issuer, certificate.serial_number)
    return Transaction(request, _cert_request(request, old), now, random, resend)


def revoke(
    *,
    certificate: x509.Certificate,
    certificate_key: PrivateKeyTypes,
    anchors: Sequence[x509.Certificate],
    now: datetime,
    random: Random,
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified,
    chain: Sequence[x509.Certificate] = (),
    resend: bytes | None = None,
) -> Transaction:
    """An rr (RFC 9483 4.2): the end of a certificate, signed with itself.

    Raises:
        ValueError: if the key cannot sign.
    """
    request = Request(
        BodyType.RR,
        SignatureCredential(certificate, certificate_key, tuple(chain)),
        tuple(anchors),
        certificate.issuer,
    )
    details = RevDetails(
        CertTemplate(issuer=certificate.issuer, serial_number=certificate.serial_number),
        (Extension(_REASON_CODE, False, x509.CRLReason(reason).public_bytes()),),
    )
    return Transaction(request, RevReqContent((details,)), now, random, resend)


def _cert_request(request: Request, old: CertId | None) -> CertReqMessages:
    """The one CertReqMsg, with proof of possession by signature (RFC 4211 4.1)."""
    assert request.key is not None  # noqa: S101
    template = CertTemplate(
        subject=request.subject,
        public_key=request.key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        ),
    )
    cert_request = encode_cert_request(0, template, old)
    pop = ProofOfPossession(
        PopoKind.SIGNATURE, signature_algorithm(request.key), sign(request.key, cert_request)
    )
    return CertReqMessages((CertReqMsg(0, template, pop, cert_request, old),))

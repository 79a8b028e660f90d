"""What a device wants of its CA in, the transaction that asks for it out: ir, cr, p10cr, kur, rr and genm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .codec import encode_cert_request, encode_profile
from .events import Request
from .model import (
    BodyType,
    CertId,
    CertReqMessages,
    CertReqMsg,
    CertTemplate,
    Extension,
    GeneralContent,
    InfoTypeAndValue,
    Pkcs10Request,
    PopoKind,
    ProofOfPossession,
    RevDetails,
    RevReqContent,
)
from .names import extensions_for, names_of
from .pkcs10 import certification_request
from .policy import STRICT, Policy
from .protection import Credential, SignatureCredential, sign, signature_algorithm
from .transaction import Random, Transaction

_REASON_CODE = "2.5.29.21"  # id-ce-cRLReasons
_CERT_PROFILE = "1.3.6.1.5.5.7.4.21"  # id-it-certProfile, RFC 9810 5.1.1.4
# How a key that cannot sign proves itself: by reading its certificate, encrypted for it (RFC 4211 4.2).
_ENCR_CERT = b"\x81\x01\x00"


def initialize(
    *,
    subject: x509.Name,
    key: PrivateKeyTypes | None,
    credential: Credential,
    anchors: Sequence[x509.Certificate],
    recipient: x509.Name,
    now: datetime,
    random: Random,
    body_type: BodyType = BodyType.IR,
    names: x509.SubjectAlternativeName | None = None,
    profile: str | None = None,
    policy: Policy = STRICT,
    resend: bytes | None = None,
    last: bytes | None = None,
) -> Transaction:
    """An ir (RFC 9483 4.1.1), or with `body_type` a cr (4.1.2) or p10cr (4.1.4): a certificate for a key.

    Without a `key` the CA makes it (4.1.6). `credential` is reference number and secret, or a certificate of
    the CA's or of a vendor whom the CA trusts. `anchors` are what the CA's answers and the certificate have
    to lead to. `resend`, here and below, is the exact request of an earlier run of the same operation with
    the same key, `last` the pollReq or certConf that it came to: the transaction goes on there.

    Raises:
        ValueError: if the key cannot do what is asked of it.
    """
    request = Request(
        body_type,
        credential,
        tuple(anchors),
        recipient,
        key,
        subject,
        names,
        _profile(profile),
        policy,
        is_central=key is None,
    )
    if body_type is BodyType.P10CR:
        if key is None:
            raise ValueError("a PKCS #10 request is signed with a key of one's own")
        content = Pkcs10Request(certification_request(subject, names, key))
        return Transaction(request, content, now, random, resend, last)
    return Transaction(request, _cert_request(request, None), now, random, resend, last)


def update(
    *,
    certificate: x509.Certificate,
    certificate_key: PrivateKeyTypes,
    key: PrivateKeyTypes | None,
    anchors: Sequence[x509.Certificate],
    now: datetime,
    random: Random,
    credential: SignatureCredential | None = None,
    names: x509.SubjectAlternativeName | None = None,
    profile: str | None = None,
    policy: Policy = STRICT,
    resend: bytes | None = None,
    last: bytes | None = None,
) -> Transaction:
    """A kur (RFC 9483 4.1.3): the same certificate for a new key, signed with the one in force.

    Subject and, unless others are given, alternative names stay. `credential` is made of the certificate
    unless one is given, with a chain or a padding of its own.

    Raises:
        ValueError: if a key cannot do what is asked of it.
    """
    request = Request(
        BodyType.KUR,
        credential or SignatureCredential(certificate, certificate_key),
        tuple(anchors),
        certificate.issuer,
        key,
        certificate.subject,
        names or names_of(certificate),
        _profile(profile),
        policy,
        is_central=key is None,
    )
    old = CertId(certificate.issuer, certificate.serial_number)
    return Transaction(request, _cert_request(request, old), now, random, resend, last)


def revoke(
    *,
    certificate: x509.Certificate,
    certificate_key: PrivateKeyTypes,
    anchors: Sequence[x509.Certificate],
    now: datetime,
    random: Random,
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified,
    credential: Credential | None = None,
    policy: Policy = STRICT,
    resend: bytes | None = None,
    last: bytes | None = None,
) -> Transaction:
    """An rr (RFC 9483 4.2): the end of a certificate, signed with itself.

    The reason certificateHold suspends it, and removeFromCRL takes that back (RFC 5280 5.3.1).

    Raises:
        ValueError: if the key cannot sign.
    """
    request = Request(
        BodyType.RR,
        credential or SignatureCredential(certificate, certificate_key),
        tuple(anchors),
        certificate.issuer,
        policy=policy,
    )
    details = RevDetails(
        CertTemplate(issuer=certificate.issuer, serial_number=certificate.serial_number),
        (Extension(_REASON_CODE, False, x509.CRLReason(reason).public_bytes()),),
    )
    return Transaction(request, RevReqContent((details,)), now, random, resend, last)


def ask(
    *,
    infos: Sequence[InfoTypeAndValue],
    credential: Credential,
    anchors: Sequence[x509.Certificate],
    recipient: x509.Name,
    now: datetime,
    random: Random,
    profile: str | None = None,
    policy: Policy = STRICT,
) -> Transaction:
    """A genm (RFC 9483 4.3): questions to the CA; `general` makes them, and reads the answers.

    `profile` is what the first question is about (RFC 9810 5.1.1.4).
    """
    request = Request(
        BodyType.GENM,
        credential,
        tuple(anchors),
        recipient,
        general_info=_profile(profile),
        policy=policy,
    )
    return Transaction(request, GeneralContent(tuple(infos)), now, random, None)


def _profile(name: str | None) -> tuple[InfoTypeAndValue, ...]:
    return () if name is None else (InfoTypeAndValue(_CERT_PROFILE, encode_profile(name)),)


def _cert_request(request: Request, old: CertId | None) -> CertReqMessages:
    """The one CertReqMsg, with its proof of possession (RFC 4211 4)."""
    key = request.key
    template = CertTemplate(
        subject=request.subject,
        public_key=None if key is None else _public_key(key),
        extensions=extensions_for(request.names),
    )
    cert_request = encode_cert_request(0, template, old)
    return CertReqMessages(
        (CertReqMsg(0, template, _possession(key, cert_request), cert_request, old),)
    )


def _possession(key: PrivateKeyTypes | None, cert_request: bytes) -> ProofOfPossession:
    if key is None:  # the CA makes the key, RFC 9483 4.1.6
        return ProofOfPossession(PopoKind.ABSENT)
    if hasattr(key, "sign"):
        return ProofOfPossession(
            PopoKind.SIGNATURE, signature_algorithm(key), sign(key, cert_request)
        )
    return ProofOfPossession(PopoKind.KEY_ENCIPHERMENT, private_key_pop=_ENCR_CERT)


def _public_key(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

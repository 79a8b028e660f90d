"""Requests of an authenticated sender in; what the CA does about them, entered into the ledger, out."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import ObjectIdentifier

from ..cmp.errors import ProtectionError
from ..cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    CertConfirmContent,
    CertRepMessage,
    CertReqMessages,
    CertReqMsg,
    CertResponse,
    PKIBody,
    PKIConfirmContent,
    PKIFailureInfo,
    PKIHeader,
    PKIStatus,
    PKIStatusInfo,
    PopoKind,
    RevRepContent,
    RevReqContent,
)
from ..cmp.protection import verify_raw
from .authority import ROOT_NAME, Authority, issue
from .ledger import Answer, Ledger, LedgerEntry, Status
from .refusal import Refusal
from .requester import Requester

_SUBJECT_ALT_NAME = "2.5.29.17"
_REASON_CODE = "2.5.29.21"
_SMALLEST_RSA = 2048  # bits
_SMALLEST_CURVE = 256  # bits
_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
_ACCEPTED = PKIStatusInfo(PKIStatus.ACCEPTED)
_ANSWERS = {BodyType.IR: BodyType.IP, BodyType.CR: BodyType.CP, BodyType.KUR: BodyType.KUP}

SigningKey = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What requests are handled with."""

    authority: Authority
    ledger: Ledger
    now: datetime


def enrol(
    desk: Desk,
    body_type: BodyType,
    content: CertReqMessages,
    header: PKIHeader,
    requester: Requester,
) -> PKIBody:
    """Answer ir, cr or kur with a certificate (RFC 9483 4.1.1 to 4.1.3).

    Raises:
        Refusal: if the request is wrong, or not the requester's to make.
    """
    if len(content.requests) != 1:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "exactly one certificate can be requested")
    request = content.requests[0]
    if request.cert_req_id != 0:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "certReqId has to be 0")
    subject = request.template.subject
    if body_type is BodyType.KUR:
        subject = _renewed_subject(desk, request, requester)
    elif subject is None or not subject.rdns:
        raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, "the template has no subject")
    if request.template.issuer not in (None, x509.Name([]), ROOT_NAME):
        raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, "the template names another issuer")
    key = _public_key(request)
    _check_possession(request, key)
    extensions, dropped = _extensions(request)
    certificate = issue(
        desk.authority, subject=subject, key=key, extensions=extensions, now=desk.now
    )
    _check_readable(certificate)
    assert header.transaction_id is not None  # noqa: S101  (check_header)
    desk.ledger.add(
        certificate,
        transaction_id=header.transaction_id,
        requested_with=body_type,
        authenticated_by=str(requester),
        now=desk.now,
    )
    status = _ACCEPTED
    if dropped:
        status = PKIStatusInfo(
            PKIStatus.GRANTED_WITH_MODS, (f"without the extensions {', '.join(dropped)}",)
        )
    response = CertResponse(0, status, certificate.public_bytes(Encoding.DER))
    ca_pubs: tuple[bytes, ...] = ()
    if body_type is BodyType.IR and requester.reference is not None:  # RFC 9483 4.1.1
        ca_pubs = (desk.authority.root.public_bytes(Encoding.DER),)
    return PKIBody(_ANSWERS[body_type], CertRepMessage((response,), ca_pubs))


def _renewed_subject(desk: Desk, request: CertReqMsg, requester: Requester) -> x509.Name:
    """The subject of the certificate that a kur renews, which it has to keep."""
    old_id = request.old_cert_id
    if old_id is None:
        old = requester.certificate
        if old is None:
            raise Refusal(PKIFailureInfo.BAD_CERT_ID, "oldCertId does not say what to renew")
    else:
        old = desk.ledger.find(f"{old_id.serial_number:x}")
        if old is None or old_id.issuer != ROOT_NAME:
            raise Refusal(PKIFailureInfo.BAD_CERT_ID, "oldCertId is not of this CA")
    _check_owner(old, requester)
    if old.status is Status.REVOKED:
        raise Refusal(PKIFailureInfo.CERT_REVOKED, "the certificate to renew is revoked")
    if not old.is_good or old.certificate.not_valid_after_utc < desk.now:
        raise Refusal(PKIFailureInfo.BAD_CERT_ID, "the certificate to renew is not in force")
    subject = old.certificate.subject
    if request.template.subject not in (None, x509.Name([]), subject):
        raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, "a key update cannot change the subject")
    return subject


def _check_owner(entry: LedgerEntry, requester: Requester) -> None:
    """A certificate is its own key's to renew and revoke, or the secret's that obtained it."""
    if requester.certificate is not None:
        is_owner = requester.certificate.serial_number == entry.serial_number
    else:
        is_owner = entry.authenticated_by == str(requester)
    if not is_owner:
        raise Refusal(PKIFailureInfo.NOT_AUTHORIZED, "the certificate belongs to somebody else")


def _public_key(request: CertReqMsg) -> SigningKey:
    der = request.template.public_key
    if der is None:
        raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, "the template has no public key")
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, "the public key cannot be read") from None
    match key:
        case rsa.RSAPublicKey() if key.key_size >= _SMALLEST_RSA:
            return key
        case ec.EllipticCurvePublicKey() if key.curve.key_size >= _SMALLEST_CURVE:
            return key
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return key
        case _:
            raise Refusal(
                PKIFailureInfo.BAD_CERT_TEMPLATE,
                "the public key is too short, or of a kind that is not certified here",
            )


def _check_possession(request: CertReqMsg, key: SigningKey) -> None:
    """RFC 4211 4.1: the signature is over certReq; POPOSigningKeyInput is for templates without key."""
    pop = request.pop
    if pop.kind is not PopoKind.SIGNATURE or pop.algorithm is None or pop.signature is None:
        raise Refusal(
            PKIFailureInfo.BAD_POP, f"proof of possession has to be by signature, not {pop.kind}"
        )
    if pop.poposk_input is not None:
        raise Refusal(
            PKIFailureInfo.BAD_POP, "poposkInput has no place where the template holds the key"
        )
    try:
        verify_raw(key, pop.algorithm, pop.signature, request.cert_request)
    except ProtectionError as error:
        raise Refusal(PKIFailureInfo.BAD_POP, error.message) from None


def _extensions(
    request: CertReqMsg,
) -> tuple[list[x509.Extension[x509.ExtensionType]], list[str]]:
    """What is taken over of the requested extensions, and the identifiers of the others."""
    taken: list[x509.Extension[x509.ExtensionType]] = []
    dropped: list[str] = []
    for extension in request.template.extensions:
        if extension.oid == _SUBJECT_ALT_NAME and not taken:
            oid = ObjectIdentifier(extension.oid)
            value = x509.UnrecognizedExtension(oid, extension.value)
            taken.append(x509.Extension(oid, extension.critical, value))
        else:
            dropped.append(extension.oid)
    return taken, dropped


def _check_readable(certificate: x509.Certificate) -> None:
    try:
        _ = certificate.extensions
    except (ValueError, x509.UnsupportedGeneralNameType):
        raise Refusal(
            PKIFailureInfo.BAD_CERT_TEMPLATE, "a requested extension cannot be read"
        ) from None


def confirm(
    desk: Desk,
    content: CertConfirmContent,
    header: PKIHeader,
    requester: Requester,
    last: Answer | None,
) -> PKIBody:
    """Answer certConf with pkiconf (RFC 9810 5.3.18). `last` is the transaction's last answer.

    Raises:
        Refusal: if there is nothing to confirm, or the wrong thing is confirmed.
    """
    assert header.transaction_id is not None  # noqa: S101  (check_header)
    entry = desk.ledger.issued_in(header.transaction_id)
    if last is None or entry is None:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "the transaction is not known")
    if last.expects != BodyType.CERT_CONF:
        raise Refusal(PKIFailureInfo.CERT_CONFIRMED, "the certificate was confirmed already")
    if header.recip_nonce != last.sender_nonce:
        raise Refusal(PKIFailureInfo.BAD_RECIPIENT_NONCE, "recipNonce is not our senderNonce")
    if entry.authenticated_by != str(requester):
        raise Refusal(
            PKIFailureInfo.WRONG_INTEGRITY, "the request was protected with another credential"
        )
    if len(content.statuses) > 1:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "there is one certificate to confirm")
    if not content.statuses:  # RFC 9810 5.3.18: rejects them all
        desk.ledger.change(entry.serial_number, Status.REJECTED, "", desk.now)
        return PKIBody(BodyType.PKI_CONF, PKIConfirmContent())
    status = content.statuses[0]
    if status.cert_req_id != 0:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "certReqId has to be 0")
    if not hmac.compare_digest(status.cert_hash, _cert_hash(entry, status.hash_alg)):
        raise Refusal(PKIFailureInfo.BAD_CERT_ID, "certHash is not of the certificate issued")
    if status.status is None or status.status.status == PKIStatus.ACCEPTED:
        desk.ledger.change(entry.serial_number, Status.CONFIRMED, "", desk.now)
    else:
        reason = "; ".join(status.status.status_string)
        desk.ledger.change(entry.serial_number, Status.REJECTED, reason, desk.now)
    return PKIBody(BodyType.PKI_CONF, PKIConfirmContent())


def _cert_hash(entry: LedgerEntry, hash_alg: AlgorithmIdentifier | None) -> bytes:
    certificate = entry.certificate
    if hash_alg is None:
        algorithm = certificate.signature_hash_algorithm
        assert algorithm is not None  # noqa: S101  (we sign with ECDSA)
        return certificate.fingerprint(algorithm)
    if hash_alg.oid not in _HASHES:
        raise Refusal(PKIFailureInfo.BAD_ALG, f"the hash {hash_alg.oid} is not accepted")
    return certificate.fingerprint(_HASHES[hash_alg.oid]())


def revoke(desk: Desk, content: RevReqContent, requester: Requester) -> PKIBody:
    """Answer rr with rp (RFC 9483 4.2).

    Raises:
        Refusal: if the certificate is not known, revoked already, or not the requester's.
    """
    if len(content.details) != 1:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "exactly one certificate can be revoked")
    details = content.details[0]
    serial, issuer = details.template.serial_number, details.template.issuer
    if serial is None or issuer is None:
        raise Refusal(
            PKIFailureInfo.ADD_INFO_NOT_AVAILABLE, "issuer and serial number have to be given"
        )
    entry = desk.ledger.find(f"{serial:x}")
    if entry is None or issuer != ROOT_NAME:
        raise Refusal(PKIFailureInfo.BAD_CERT_ID, "no such certificate was issued here")
    _check_owner(entry, requester)
    if not entry.is_good:
        raise Refusal(PKIFailureInfo.CERT_REVOKED, f"the certificate is {entry.status} already")
    reason = "unspecified"
    for extension in details.crl_entry_details:
        if extension.oid == _REASON_CODE:
            reason = _reason(extension.value)
    desk.ledger.change(entry.serial_number, Status.REVOKED, reason, desk.now)
    return PKIBody(BodyType.RP, RevRepContent((_ACCEPTED,)))


def _reason(der: bytes) -> str:
    """The name of a CRLReason: an ENUMERATED of one byte (RFC 5280 5.3.1)."""
    names = {
        0: "unspecified",
        1: "keyCompromise",
        2: "cACompromise",
        3: "affiliationChanged",
        4: "superseded",
        5: "cessationOfOperation",
        6: "certificateHold",
        8: "removeFromCRL",
        9: "privilegeWithdrawn",
        10: "aACompromise",
    }
    if len(der) != 3 or der[:2] != b"\x0a\x01" or der[2] not in names:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "the reason for revocation is not known")
    return names[der[2]]

"""certConf in, what becomes of the certificate that it is about entered, pkiconf out (RFC 9810 5.3.18)."""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives import hashes

from ...cmp.model import (
    CMP2021,
    AlgorithmIdentifier,
    BodyType,
    CertConfirmContent,
    PKIBody,
    PKIConfirmContent,
    PKIFailureInfo,
    PKIHeader,
    PKIStatus,
    PKIStatusInfo,
)
from ...cmp.signatures import ED448, ED25519
from ..ledger.ledger import Answer, LedgerEntry, Status
from .desk import Desk, Order, Response
from .enrolment import ANSWERS
from .refusal import Refusal

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
    "2.16.840.1.101.3.4.2.12": hashes.SHAKE256(64),  # RFC 8702 2: 512 bits
}
# RFC 9481 3.3 names the hash that EdDSA's signatures do not; none is named for ML-DSA.
_OF_SIGNATURE: dict[str, hashes.HashAlgorithm] = {
    ED25519: hashes.SHA512(),
    ED448: hashes.SHAKE256(64),
}
_CONFIRMED = Response(PKIBody(BodyType.PKI_CONF, PKIConfirmContent()))


def confirm(desk: Desk, order: Order) -> Response:
    """Answer certConf with pkiconf.

    Raises:
        Refusal: if there is nothing to confirm, or the wrong thing is confirmed.
    """
    content = order.body.content
    assert isinstance(content, CertConfirmContent)  # noqa: S101
    last = desk.ledger.last_answer(order.transaction_id)
    entry = desk.ledger.issued_in(order.transaction_id)
    if last is None or entry is None:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "the transaction is not known")
    if last.expects != BodyType.CERT_CONF:
        if entry.status is Status.REJECTED:
            raise Refusal(PKIFailureInfo.BAD_REQUEST, "the certificate was rejected already")
        raise Refusal(PKIFailureInfo.CERT_CONFIRMED, "the certificate was confirmed already")
    check_continues(order, last, entry.authenticated_by)
    if entry.status is Status.REVOKED:
        raise Refusal(PKIFailureInfo.CERT_REVOKED, "the certificate has been revoked")
    if len(content.statuses) > 1:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "there is one certificate to confirm")
    if not content.statuses:  # RFC 9810 5.3.18: rejects them all
        desk.ledger.memory.end_confirmation(order.transaction_id)
        desk.ledger.change(entry.serial_number, Status.REJECTED, "", desk.now)
        return _CONFIRMED
    status = content.statuses[0]
    _, cert_req_id = ANSWERS[BodyType(entry.requested_with)]
    if status.cert_req_id != cert_req_id:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, f"certReqId has to be {cert_req_id}")
    expected = _cert_hash(order.header, entry, status.hash_alg)
    if not hmac.compare_digest(status.cert_hash, expected):
        raise Refusal(PKIFailureInfo.BAD_CERT_ID, "certHash is not of the certificate issued")
    _check_verdict(status.status)
    desk.ledger.memory.end_confirmation(order.transaction_id)
    if status.status is None or status.status.status == PKIStatus.ACCEPTED:
        desk.ledger.change(entry.serial_number, Status.CONFIRMED, "", desk.now)
    else:
        reason = "; ".join(status.status.status_string)
        desk.ledger.change(entry.serial_number, Status.REJECTED, reason, desk.now)
    return _CONFIRMED


def _check_verdict(info: PKIStatusInfo | None) -> None:
    """RFC 9483 4.1.1: a certificate is accepted, without a failure, or it is rejected."""
    if info is None:
        return
    if info.status not in (PKIStatus.ACCEPTED, PKIStatus.REJECTION):
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "a certificate is accepted or rejected")
    if info.status == PKIStatus.ACCEPTED and info.fail_info:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "what is accepted has no failInfo")


def check_continues(order: Order, last: Answer, begun_by: str) -> None:
    """Check that a message goes on from the last answer of its transaction, which `begun_by` began.

    Raises:
        Refusal: if it does not (RFC 9810 5.1.1), or is somebody else's.
    """
    if order.header.recip_nonce != last.sender_nonce:
        raise Refusal(PKIFailureInfo.BAD_RECIPIENT_NONCE, "recipNonce is not our senderNonce")
    if str(order.requester) != begun_by:
        raise Refusal(
            PKIFailureInfo.WRONG_INTEGRITY, "the request was protected with another credential"
        )


def _cert_hash(
    header: PKIHeader, entry: LedgerEntry, hash_alg: AlgorithmIdentifier | None
) -> bytes:
    certificate = entry.certificate
    if hash_alg is None:
        oid = certificate.signature_algorithm_oid.dotted_string
        algorithm = certificate.signature_hash_algorithm or _OF_SIGNATURE.get(oid)
        if algorithm is None:
            raise Refusal(
                PKIFailureInfo.BAD_DATA_FORMAT,
                "hashAlg is missing, and the certificate's signature names no hash",
            )
        return _digest(algorithm, entry.data)
    if header.pvno != CMP2021:  # RFC 9810 5.3.18
        raise Refusal(PKIFailureInfo.BAD_DATA_FORMAT, "hashAlg belongs to cmp2021: pvno 3")
    if hash_alg.oid not in _HASHES:
        raise Refusal(PKIFailureInfo.BAD_ALG, f"the hash {hash_alg.oid} is not accepted")
    return _digest(_HASHES[hash_alg.oid], entry.data)


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()

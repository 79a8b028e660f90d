"""rr in, checked; what revokes or takes back, and answers rp, out (RFC 9483 4.2, RFC 5280 5.3.1)."""

from __future__ import annotations

from datetime import datetime

from ...cmp.errors import MalformedMessage
from ...cmp.model import (
    BodyType,
    Extension,
    PKIBody,
    PKIFailureInfo,
    RevRepContent,
    RevReqContent,
)
from ..ledger.ledger import LedgerEntry, Status
from ..ledger.reasons import HOLD, REASONS, TAKE_BACK
from .der import read_time
from .desk import ACCEPTED, Deed, Desk, Order, Response
from .owner import check_owner
from .ra import acts_for_others
from .refusal import Refusal, rejection

_REASON_CODE = "2.5.29.21"
_INVALIDITY_DATE = "2.5.29.24"
_GENERALIZED_TIME = 0x18


def revoke(desk: Desk, order: Order) -> Deed:
    """What answers rr with rp.

    Raises:
        Refusal: if the certificate is not known, revoked already, or not the requester's.
    """
    content = order.body.content
    assert isinstance(content, RevReqContent)  # noqa: S101
    if len(content.details) != 1:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "exactly one certificate can be revoked")
    details = content.details[0]
    serial, issuer = details.template.serial_number, details.template.issuer
    if serial is None or issuer is None:
        raise Refusal(
            PKIFailureInfo.ADD_INFO_NOT_AVAILABLE, "issuer and serial number have to be given"
        )
    entry = desk.ledger.find(f"{serial:x}")
    if entry is None or issuer != entry.certificate.issuer:
        raise Refusal(PKIFailureInfo.BAD_CERT_ID, "no such certificate was issued here")
    if not acts_for_others(order):
        check_owner(entry, order.requester)
    reason = _reason(details.crl_entry_details)
    invalid_since = _invalid_since(details.crl_entry_details)
    _check_may_become(entry, reason)
    if entry.certificate.not_valid_after_utc < desk.now:  # RFC 9483 5.1.3
        raise Refusal(PKIFailureInfo.CERT_REVOKED, "the certificate has expired")
    return lambda: _change(desk, entry, reason, invalid_since)


def _check_may_become(entry: LedgerEntry, reason: str) -> None:
    """What is on hold can be taken back or revoked for good; what is revoked stays so (RFC 5280 5.3.1)."""
    if reason == TAKE_BACK:
        if not entry.is_held:
            raise Refusal(
                PKIFailureInfo.BAD_REQUEST,
                f"{TAKE_BACK} takes a certificate off hold, and this one is {entry.status}",
            )
    elif reason == HOLD and entry.status is Status.ISSUED:
        # Taken back, it would count as confirmed, and nobody has proved that it was read.
        raise Refusal(
            PKIFailureInfo.BAD_REQUEST, "a certificate can be put on hold once it is confirmed"
        )
    elif not entry.is_good and (not entry.is_held or reason == HOLD):
        raise Refusal(PKIFailureInfo.CERT_REVOKED, f"the certificate is {entry.status} already")


def _change(
    desk: Desk, entry: LedgerEntry, reason: str, invalid_since: datetime | None
) -> Response:
    if desk.behaviour.rejects is not None:
        refused = rejection(desk.behaviour.rejects)
        return Response(PKIBody(BodyType.RP, RevRepContent((refused,))))
    if reason == TAKE_BACK:
        desk.ledger.change(entry.serial_number, Status.CONFIRMED, "", desk.now)
        desk.ledger.set_invalid_since(entry.serial_number, None)
    else:
        desk.ledger.change(entry.serial_number, Status.REVOKED, reason, desk.now)
        desk.ledger.set_invalid_since(entry.serial_number, invalid_since)
    return Response(PKIBody(BodyType.RP, RevRepContent((ACCEPTED,))))


def _reason(details: tuple[Extension, ...]) -> str:
    """The name of the CRLReason, an ENUMERATED of one byte; unspecified where there is none."""
    given = [extension.value for extension in details if extension.oid == _REASON_CODE]
    if not given:
        return "unspecified"
    der = given[0]
    if len(given) > 1 or len(der) != 3 or der[:2] != b"\x0a\x01" or der[2] not in REASONS:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "the reason for revocation is not known")
    return REASONS[der[2]]


def _invalid_since(details: tuple[Extension, ...]) -> datetime | None:
    """When the certificate became invalid, which may be long before it is revoked (RFC 5280 5.3.2)."""
    given = [extension.value for extension in details if extension.oid == _INVALIDITY_DATE]
    if not given:
        return None
    wrong = Refusal(PKIFailureInfo.BAD_REQUEST, "invalidityDate is no GeneralizedTime, given once")
    if len(given) > 1 or given[0][:1] != bytes([_GENERALIZED_TIME]):
        raise wrong
    try:
        return read_time(given[0])
    except MalformedMessage:
        raise wrong from None

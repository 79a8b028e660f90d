"""A client's error in, its transaction ended, pkiconf out (RFC 9810 5.3.21)."""

from __future__ import annotations

from ...cmp.model import BodyType, ErrorMsgContent, PKIBody, PKIConfirmContent
from ..ledger.ledger import Status
from .confirmation import check_continues
from .desk import Desk, Order, Response


def give_up(desk: Desk, order: Order) -> Response:
    """Answer error with pkiconf. A certificate that is not confirmed is rejected, what waits is forgotten.

    Raises:
        Refusal: if the header does not go on from our last answer, or is somebody else's.
    """
    content = order.body.content
    assert isinstance(content, ErrorMsgContent)  # noqa: S101
    last = desk.ledger.last_answer(order.transaction_id)
    entry = desk.ledger.issued_in(order.transaction_id)
    waits = desk.ledger.waits(order.transaction_id)
    if last is not None and entry is not None:
        check_continues(order, last, entry.authenticated_by)
        if last.expects == BodyType.CERT_CONF and entry.status is Status.ISSUED:
            reason = "; ".join(content.status.status_string)
            desk.ledger.change(entry.serial_number, Status.REJECTED, reason, desk.now)
    elif last is not None and waits is not None:
        check_continues(order, last, waits.requested_by)
        desk.ledger.end_waiting(order.transaction_id)
    return Response(PKIBody(BodyType.PKI_CONF, PKIConfirmContent()))

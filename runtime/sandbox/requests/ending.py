"""error from a client in, the transaction ended, pkiconf out (RFC 9810 5.3.21).

RFC 9483 3.6.1 has end entities send none, and reject certificates by certConf; RFC 9810 lets them.
"""

from __future__ import annotations

from ...cmp.model import BodyType, ErrorMsgContent, PKIBody, PKIConfirmContent
from ..ledger.ledger import Status
from .confirmation import check_continues
from .desk import Desk, Order, Response

_ENDED = Response(PKIBody(BodyType.PKI_CONF, PKIConfirmContent()))


def end(desk: Desk, order: Order) -> Response:
    """Answer error with pkiconf. A certificate that is not confirmed yet counts as rejected.

    Raises:
        Refusal: if the header is not that of a next message in a transaction.
    """
    content = order.body.content
    assert isinstance(content, ErrorMsgContent)  # noqa: S101
    ledger, transaction_id = desk.ledger, order.transaction_id
    last = ledger.last_answer(transaction_id)
    if last is None:
        return _ENDED  # nothing was begun
    entry = ledger.issued_in(transaction_id)
    waits = ledger.memory.waits(transaction_id)
    challenge = ledger.memory.challenge(transaction_id)
    owners = [
        *([entry.authenticated_by] if entry else []),
        *([waits.requested_by] if waits else []),
        *([challenge.requested_by] if challenge else []),
    ]
    check_continues(order, last, owners[0] if owners else str(order.requester))
    if entry is not None and last.expects == BodyType.CERT_CONF and entry.status is Status.ISSUED:
        reason = "; ".join(content.status.status_string)
        ledger.change(entry.serial_number, Status.REJECTED, reason, desk.now)
    ledger.memory.end_waiting(transaction_id)
    ledger.memory.end_challenge(transaction_id)
    ledger.memory.end_confirmation(transaction_id)
    return _ENDED

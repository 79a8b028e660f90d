"""popdecr in, checked; what answers the request that was challenged out (RFC 9810 5.2.8.3.3)."""

from __future__ import annotations

import hmac
from dataclasses import replace

from ...cmp.codec import decode
from ...cmp.codec.pop import decode_responses
from ...cmp.errors import MalformedMessage
from ...cmp.model import BodyType, PKIFailureInfo, PKIMessage, PopResponseContent
from .challenge import witness_of
from .confirmation import check_continues
from .desk import Desk, Order, Response
from .examine import examine
from .refusal import Refusal
from .rejecting import reject


def prove(desk: Desk, order: Order) -> Response:
    """Answer popdecr with ip, cp or kup. A wrong number ends the transaction: there is no second guess.

    Raises:
        Refusal: if no challenge is open, or this does not answer it.
    """
    content = order.body.content
    assert isinstance(content, PopResponseContent)  # noqa: S101
    challenged = desk.ledger.memory.challenge(order.transaction_id)
    last = desk.ledger.last_answer(order.transaction_id)
    if challenged is None or last is None or last.expects != BodyType.POP_DEC_RESP:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "no challenge is open in this transaction")
    check_continues(order, last, challenged.requested_by)
    try:
        numbers = decode_responses(content.der)
    except MalformedMessage as error:
        raise Refusal(PKIFailureInfo.BAD_DATA_FORMAT, error.message) from None
    request: PKIMessage = decode(challenged.request)
    asked = Order(request.header, request.body, order.requester, challenged.vouched, is_proved=True)
    desk.ledger.memory.end_challenge(order.transaction_id)
    try:
        if len(numbers) != 1 or not _is_right(numbers[0], challenged.witness):
            raise Refusal(PKIFailureInfo.BAD_POP, "the challenge is not answered with its number")
        deed = examine(replace(desk, profile=challenged.profile), asked)
    except Refusal as refusal:
        return reject(asked, refusal)
    return deed()


def _is_right(number: int, witness: bytes) -> bool:
    return hmac.compare_digest(witness_of(number), witness)

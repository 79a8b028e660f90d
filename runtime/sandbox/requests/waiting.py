"""Requests that wait, and pollReqs for them, in; status waiting, pollRep and at last the answer out.

RFC 9810 5.3.22, RFC 9483 4.4. A request that is right is kept in the ledger as it came, and is looked at
again when the client has polled often enough: what it asks for may have become wrong by then.
"""

from __future__ import annotations

from dataclasses import replace

from ...cmp.codec import decode
from ...cmp.model import (
    BodyType,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PollEntry,
    PollRepContent,
    PollReqContent,
)
from .confirmation import check_continues
from .desk import NO_CERT_REQ_ID, Desk, Order, Response
from .enrolment import ANSWERS
from .examine import examine
from .refusal import Refusal
from .rejecting import reject

_WAITING = PKIStatusInfo(PKIStatus.WAITING, ("this CA was told to let everything wait",))


def put_off(desk: Desk, order: Order, data: bytes) -> Response | None:
    """The answer that has the client wait for a request that was found right; None if it need not wait.

    `data` is the request as it came.
    """
    behaviour = desk.behaviour
    answer = ANSWERS.get(order.body.type)
    if behaviour.polls == 0 or (answer is None and not behaviour.waits_by_error):
        return None
    if answer is None or behaviour.waits_by_error:
        cert_req_id = NO_CERT_REQ_ID
        body = PKIBody(BodyType.ERROR, ErrorMsgContent(_WAITING))
    else:
        answer_type, cert_req_id = answer
        body = PKIBody(answer_type, CertRepMessage((CertResponse(cert_req_id, _WAITING),)))
    desk.ledger.memory.keep_waiting(
        order.transaction_id,
        data,
        cert_req_id,
        str(order.requester),
        behaviour.polls,
        vouched=order.vouched,
        profile=desk.profile,
    )
    return Response(body, BodyType.POLL_REQ)


def poll(desk: Desk, order: Order) -> Response:
    """Answer pollReq: with pollRep, or with what answers the request that waits.

    Raises:
        Refusal: if nothing waits, something else does, or the request cannot be granted any more and
            is none that is rejected by an answer of its own kind.
    """
    content = order.body.content
    assert isinstance(content, PollReqContent)  # noqa: S101
    waits = desk.ledger.memory.waits(order.transaction_id)
    last = desk.ledger.last_answer(order.transaction_id)
    if waits is None or last is None:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "nothing waits in this transaction")
    check_continues(order, last, waits.requested_by)
    if content.cert_req_ids != (waits.cert_req_id,):
        raise Refusal(
            PKIFailureInfo.BAD_REQUEST, f"pollReq has to be for certReqId {waits.cert_req_id}"
        )
    if waits.polls > 0:
        desk.ledger.memory.count_poll(order.transaction_id)
        reason = _WAITING.status_string
        entry = PollEntry(waits.cert_req_id, desk.behaviour.check_after, reason)
        return Response(PKIBody(BodyType.POLL_REP, PollRepContent((entry,))), BodyType.POLL_REQ)
    request: PKIMessage = decode(waits.request)
    asked = Order(request.header, request.body, order.requester, waits.vouched)
    desk.ledger.memory.end_waiting(order.transaction_id)
    try:
        deed = examine(replace(desk, profile=waits.profile), asked)
    except Refusal as refusal:
        return reject(asked, refusal)
    return deed()

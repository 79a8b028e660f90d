"""A request that is refused, and why, in; the answer of the request's own kind out (RFC 9483 3.6.2).

What is wrong in the body of ir, cr, kur, p10cr and rr is said by ip, cp, kup and rp with the status
rejection, everything else by an error message.
"""

from __future__ import annotations

from ...cmp.model import (
    BodyType,
    CertRepMessage,
    CertResponse,
    PKIBody,
    RevRepContent,
    RevReqContent,
)
from .desk import Order, Response
from .enrolment import ANSWERS
from .refusal import Refusal


def reject(order: Order, refusal: Refusal) -> Response:
    """What ends the transaction with a rejection.

    Raises:
        Refusal: `refusal` again, if it has to be said by an error message.
    """
    answer = ANSWERS.get(order.body.type)
    if answer is not None:
        kind, cert_req_id = answer
        response = CertResponse(cert_req_id, refusal.status)
        return Response(PKIBody(kind, CertRepMessage((response,))))
    if isinstance(order.body.content, RevReqContent):
        statuses = (refusal.status,) * max(1, len(order.body.content.details))
        return Response(PKIBody(BodyType.RP, RevRepContent(statuses)))
    raise refusal

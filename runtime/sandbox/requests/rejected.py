"""A request and why it is refused in, the answer of the request's own kind that says so out.

RFC 9483 3.6.2: what is wrong with the body of ir, cr, kur, p10cr or rr is said in ip, cp, kup or rp with
status rejection. What is wrong with a header or a protection, and with any other body, is said in an error.
"""

from __future__ import annotations

from ...cmp.model import BodyType, CertRepMessage, CertResponse, PKIBody, RevRepContent
from .desk import Order, Response
from .enrolment import ANSWERS
from .refusal import Refusal


def rejected(order: Order, refusal: Refusal) -> Response:
    """The answer that ends the transaction.

    Raises:
        Refusal: `refusal` itself, if the request is of a kind that has no such answer.
    """
    if order.body.type is BodyType.RR:
        return Response(PKIBody(BodyType.RP, RevRepContent((refusal.status,))))
    answer = ANSWERS.get(order.body.type)
    if answer is None:
        raise refusal
    kind, cert_req_id = answer
    return Response(PKIBody(kind, CertRepMessage((CertResponse(cert_req_id, refusal.status),))))

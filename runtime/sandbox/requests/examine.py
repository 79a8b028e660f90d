"""The first message of a transaction in, checked; what carries it out, out."""

from __future__ import annotations

from ...cmp.model import (
    BodyType,
    CertReqMessages,
    GeneralContent,
    Pkcs10Request,
    PKIFailureInfo,
    RevReqContent,
)
from .desk import Deed, Desk, Order
from .enrolment import enrol, enrol_pkcs10
from .information import inform
from .refusal import Refusal
from .revocation import revoke


def examine(desk: Desk, order: Order) -> Deed:
    """Check a request. Nothing is granted before the deed is called.

    Raises:
        Refusal: if it is wrong, not the requester's to make, or not served here.
    """
    content = order.body.content
    match content:
        case CertReqMessages():
            return enrol(desk, order)
        case Pkcs10Request():
            return enrol_pkcs10(desk, order)
        case RevReqContent():
            return revoke(desk, order)
        case GeneralContent() if order.body.type is BodyType.GENM:
            return inform(desk, order)
        case _:
            name = order.body.type or getattr(content, "name", "this")
            raise Refusal(PKIFailureInfo.BAD_REQUEST, f"{name} is not served here")

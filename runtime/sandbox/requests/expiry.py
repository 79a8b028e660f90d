"""The time in, certificates that were not confirmed in time revoked (RFC 9810 5.1.1.2, RFC 9483 4.1.1).

There is no clock that strikes: whoever opens a transaction, or looks at what is revoked, calls this first.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ...cmp.codec import der
from ...cmp.model import InfoTypeAndValue
from ..ledger.ledger import Ledger, Status
from .desk import Desk, Order

CONFIRM_WAIT_TIME = "1.3.6.1.5.5.7.4.14"  # id-it-confirmWaitTime, RFC 9810 5.1.1.2
# RFC 5280 5.3.1: not needed any more, and no cause to suspect its key.
REASON = "cessationOfOperation"


def expire(ledger: Ledger, now: datetime) -> None:
    """Revoke what should have been confirmed before `now`, as of the time when it should have been."""
    for overdue in ledger.memory.take_overdue(now):
        entry = ledger.find(overdue.serial_number)
        if entry is not None and entry.status is Status.ISSUED:
            ledger.change(entry.serial_number, Status.REVOKED, REASON, overdue.until)


def await_confirmation(desk: Desk, order: Order, serial_number: str) -> InfoTypeAndValue:
    """Enter until when a certificate can be confirmed; what says so in the answer's generalInfo."""
    until = (desk.now + timedelta(seconds=desk.behaviour.confirm_wait)).replace(microsecond=0)
    desk.ledger.memory.await_confirmation(order.transaction_id, serial_number, until)
    return InfoTypeAndValue(CONFIRM_WAIT_TIME, der.generalized_time(until))

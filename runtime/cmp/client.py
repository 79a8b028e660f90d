"""A transaction and a way to send bytes in, the transaction's outcome out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from .errors import CMPError
from .transaction import CertificateReceived, CertificateRefused, Event, Revoked, Transaction


def run(
    transaction: Transaction,
    send: Callable[[bytes], bytes],
    clock: Callable[[], datetime],
    observe: Callable[[Event], None],
) -> CertificateReceived | Revoked:
    """Drive a transaction to its end.

    `observe` sees each event before the next message is sent: what it makes durable is durable before the CA
    is told.

    Raises:
        CMPError: if the transaction fails; where the CA issued what was not asked for, after it was told so.
    """
    outcome: CertificateReceived | Revoked | None = None
    refused: CMPError | None = None
    while transaction.outgoing is not None:
        answer = send(transaction.outgoing)
        try:
            event = transaction.receive(answer, clock())
        except CMPError as error:
            if refused is None:
                raise
            # That the CA dislikes the rejection, too, explains less than what it rejects.
            raise refused from error
        observe(event)
        match event:
            case CertificateReceived() | Revoked():
                outcome = event
            case CertificateRefused(error=error):
                refused = error
            case _:
                pass
    if refused is not None:
        raise refused
    assert outcome is not None  # noqa: S101  (a transaction ends with one or with an exception)
    return outcome

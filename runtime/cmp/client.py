"""A transaction and a way to send bytes in, the transaction's outcome out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .errors import CMPError, StillWaiting, TransportError
from .events import Answered, CertificateReceived, CertificateRefused, Event, Revoked, Waiting
from .transaction import Transaction

# Seconds between two polls, whatever the CA says: less is a load for nothing, more outlasts everybody's
# patience, and what the CA asks for may be a mistake.
SHORTEST_PAUSE = 1
LONGEST_PAUSE = 3600


@dataclass(frozen=True, slots=True)
class Connection:
    """How a transaction reaches its CA, and how long it may take.

    `send` posts a message and gives back the answer; `pause` waits for so many seconds; `limit` is how long
    a CA may go on saying that it has not decided.
    """

    send: Callable[[bytes], bytes]
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    limit: timedelta


def run(
    transaction: Transaction, connection: Connection, observe: Callable[[Event], None]
) -> CertificateReceived | Revoked | Answered:
    """Drive a transaction to its end.

    `observe` sees each event before the next message is sent: what it makes durable is durable before the CA
    is told.

    Raises:
        StillWaiting: if the CA has not decided within the limit; `outgoing` is what to go on with.
        CMPError: if the transaction fails; where the CA issued what was not asked for, after it was told so.
    """
    deadline = connection.clock() + connection.limit
    outcome: CertificateReceived | Revoked | Answered | None = None
    refused: CMPError | None = None
    while transaction.outgoing is not None:
        try:
            answer = connection.send(transaction.outgoing)
            event = transaction.receive(answer, connection.clock())
        except CMPError as error:
            error.transaction_id = transaction.transaction_id
            if refused is None or isinstance(error, TransportError):
                raise
            # That the CA dislikes the rejection, too, explains less than what it rejects.
            raise refused from error
        observe(event)
        match event:
            case CertificateReceived() | Revoked() | Answered():
                outcome = event
            case CertificateRefused(error=error):
                error.transaction_id = transaction.transaction_id
                refused = error
            case Waiting():
                _wait(event, connection, deadline, transaction)
            case _:
                pass
    if refused is not None:
        raise refused
    assert outcome is not None  # noqa: S101  (a transaction ends with one or with an exception)
    return outcome


def pause_before_poll(check_after: int) -> int:
    """How many seconds are waited where the CA says `check_after`."""
    return min(max(check_after, SHORTEST_PAUSE), LONGEST_PAUSE)


def _wait(
    event: Waiting, connection: Connection, deadline: datetime, transaction: Transaction
) -> None:
    seconds = pause_before_poll(event.check_after)
    if connection.clock() + timedelta(seconds=seconds) > deadline:
        said = f", and says: {event.reason}" if event.reason else ""
        raise StillWaiting(
            f"the CA has not decided within {connection.limit.total_seconds():.0f} seconds{said}",
            transaction.transaction_id,
        )
    connection.pause(seconds)

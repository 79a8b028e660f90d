"""A way to send messages in, the same way out, which tells of every message that goes over it.

Whose step a message is: whoever carries an operation out says what it does before it sends anything, in the
thread that sends. The first message of a transaction ties the transaction to that step.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..cmp.codec import decode
from ..cmp.errors import CMPError, MalformedMessage
from ..evidence.description import statuses_of
from .run import Exchange, status_facts

if TYPE_CHECKING:
    from ..cmp.http.tls import TlsTrust
    from ..cmp.model import PKIMessage
    from ..operation import Send

UNKNOWN = "unknown"
current_step: ContextVar[str] = ContextVar("current_step", default="")


def telling(
    send: Send,
    tell: Callable[[Exchange], None],
    clock: Callable[[], datetime],
    steps: dict[str, str],
) -> Send:
    """`send`, with `tell` called behind each message. `steps` gets the step of every transaction."""

    def send_telling(url: str, message: bytes, tls: TlsTrust | None) -> bytes:
        parts = urlsplit(url)
        request = _read(message)
        transaction = _transaction(request)
        step = steps.setdefault(transaction, current_step.get()) if transaction else ""
        begun = clock()

        def end(answer: bytes | None, error: CMPError | None) -> None:
            reply = None if answer is None else _read(answer)
            tell(
                Exchange(
                    step=step,
                    host=parts.hostname or "",
                    port=parts.port or (443 if parts.scheme == "https" else 80),
                    transaction=transaction,
                    request=_body(request),
                    request_size=len(message),
                    begun_at=begun,
                    ended_at=clock(),
                    answer=None if answer is None else _body(reply),
                    answer_size=None if answer is None else len(answer),
                    statuses=tuple(map(status_facts, statuses_of(reply))) if reply else (),
                    error=error,
                )
            )

        try:
            answer = send(url, message, tls)
        except CMPError as error:
            end(None, error)
            raise
        end(answer, None)
        return answer

    return send_telling


def _read(message: bytes) -> PKIMessage | None:
    try:
        return decode(message)
    except MalformedMessage:
        return None


def _transaction(message: PKIMessage | None) -> str:
    identifier = None if message is None else message.header.transaction_id
    return "" if identifier is None else identifier.hex()


def _body(message: PKIMessage | None) -> str:
    if message is None:
        return UNKNOWN
    return str(message.body.type or UNKNOWN)

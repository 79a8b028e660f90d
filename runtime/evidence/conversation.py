"""Runs of a record in, their transactions out: each message decoded, and beside an answer its request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cryptography import x509

from ..cmp.checks import load_certificate
from ..cmp.codec import decode
from ..cmp.errors import MalformedMessage
from ..cmp.model import CertRepMessage, PKIMessage
from .record import Direction, Exchange, Failure, Message, Run


@dataclass(frozen=True, slots=True)
class Seen:
    """A recorded message with its run. `message` is None where the bytes are none: `fault` says why.

    `request` is what an answer answers. `is_second` says that the record has another answer before it.
    """

    run: Run
    entry: Message
    message: PKIMessage | None
    fault: str = ""
    request: Seen | None = None
    is_second: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """All of one transaction, in order, whichever run it was in."""

    transaction: bytes | None
    exchange: Exchange
    items: tuple[Seen | Failure, ...]


def conversations_of(runs: Sequence[Run]) -> tuple[Conversation, ...]:
    """The transactions of a record, in the order in which they began.

    An answer belongs to its request's transaction, whatever transactionID it has itself.
    """
    found: dict[bytes | None, list[Seen | Failure]] = {}
    for run in runs:
        requests: dict[int, Seen] = {}
        answered: set[int] = set()
        for entry in run.entries:
            number = entry.exchange.number
            request = requests.get(number)
            transaction = entry.transaction
            if isinstance(entry, Failure):
                item: Seen | Failure = entry
            elif entry.direction is Direction.SENT:
                item = requests[number] = _seen(run, entry)
                answered.discard(number)
            else:
                item = _seen(run, entry, request, is_second=number in answered)
                answered.add(number)
                transaction = transaction if request is None else request.entry.transaction
            found.setdefault(transaction, []).append(item)
    return tuple(
        Conversation(transaction, _exchange_of(items[0]), tuple(items))
        for transaction, items in found.items()
    )


def _exchange_of(item: Seen | Failure) -> Exchange:
    return item.exchange if isinstance(item, Failure) else item.entry.exchange


def _seen(
    run: Run, entry: Message, request: Seen | None = None, *, is_second: bool = False
) -> Seen:
    try:
        return Seen(run, entry, decode(entry.data), "", request, is_second)
    except MalformedMessage as error:
        return Seen(run, entry, None, error.message, request, is_second)


def issued_by(message: PKIMessage) -> Iterator[bytes]:
    """The certificates (DER) that a message brings because they were asked for."""
    content = message.body.content
    if isinstance(content, CertRepMessage):
        for response in content.responses:
            if response.certificate is not None:
                yield response.certificate


def authorities_in(conversations: Sequence[Conversation]) -> tuple[x509.Certificate, ...]:
    """Every certificate of a CA that any message carries: links of chains, trusted by nothing."""
    found: dict[bytes, x509.Certificate] = {}
    for conversation in conversations:
        for item in conversation.items:
            if isinstance(item, Seen) and item.message is not None:
                for der in _carried(item.message):
                    with suppress(MalformedMessage):
                        certificate = found.get(der) or load_certificate(der)
                        if _is_authority(certificate):
                            found[der] = certificate
    return tuple(found.values())


def _carried(message: PKIMessage) -> Iterator[bytes]:
    yield from message.extra_certs
    if isinstance(message.body.content, CertRepMessage):
        yield from message.body.content.ca_pubs


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False

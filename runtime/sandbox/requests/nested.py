"""A nested message of an RA in, the messages in it out, with what it means for them (RFC 9483 5.2.2).

There are two kinds, told apart by transactionID:

 - *Added protection*: one message in a wrapper of the same transaction. The RA has verified and approved it.
   It is answered as if it had come alone (5.2.2.1).
 - *A batch*: messages that travel together, in a wrapper that has a transaction of its own. The RA says
   nothing about them. It gets a wrapper with an answer to each (5.2.2.2).

Work is bounded: every layer has to be signed by an RA before what it holds is looked at, there are at most
MAX_NESTING layers, MOST_MESSAGES messages in a batch, and no batch lies in another one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...cmp.codec import decode
from ...cmp.errors import MalformedMessage
from ...cmp.model import NestedMessageContent, PKIFailureInfo, PKIHeader, PKIMessage
from .refusal import Refusal
from .requester import Requester

# An RA of a site, one of an organization, and a batch around both are three.
MAX_NESTING = 4
# A batch is answered in one go, while others wait.
MOST_MESSAGES = 32


@dataclass(frozen=True, slots=True)
class Wrapping:
    """What is around a message: how many layers, whether an RA vouches by them, whether one is a batch."""

    layers: int = 0
    vouched: bool = False
    batched: bool = False


BARE = Wrapping()


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A message as it came out of its wrapper, and read; in its place, why it cannot be."""

    data: bytes
    message: PKIMessage | Refusal


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What was in a nested message: the one that it protects, or a batch."""

    contents: tuple[Wrapped, ...]
    wrapping: Wrapping
    is_batch: bool

    @property
    def messages(self) -> tuple[PKIMessage, ...]:
        """Those that can be read."""
        return tuple(c.message for c in self.contents if isinstance(c.message, PKIMessage))


def unwrap(
    header: PKIHeader, content: NestedMessageContent, requester: Requester, around: Wrapping
) -> Unwrapped:
    """The messages in a nested one, whose own header and protection were found right.

    Raises:
        Refusal: if it is not an RA's, or not made as RFC 9483 5.2.2 has it.
    """
    layers = around.layers + 1
    if layers > MAX_NESTING:
        raise Refusal(
            PKIFailureInfo.BAD_DATA_FORMAT, f"messages are nested more than {MAX_NESTING} deep"
        )
    if not requester.is_ra:
        if requester.reference is not None:  # RFC 9483 5.2.2.1: by signature
            raise Refusal(
                PKIFailureInfo.WRONG_INTEGRITY, "a nested message has to be signed by an RA"
            )
        raise Refusal(PKIFailureInfo.NOT_AUTHORIZED, "a nested message is for RAs to send")
    count = len(content.messages)
    if not 1 <= count <= MOST_MESSAGES:
        raise Refusal(
            PKIFailureInfo.BAD_DATA_FORMAT,
            f"a nested message holds 1 to {MOST_MESSAGES} messages, and this one {count}",
        )
    contents = tuple(map(_read, content.messages))
    if count == 1:
        only = contents[0].message
        if isinstance(only, Refusal):
            raise only
        if only.header.transaction_id == header.transaction_id:
            _check_added(header, only.header)
            inside = Wrapping(layers, vouched=True, batched=around.batched)
            return Unwrapped(contents, inside, is_batch=False)
    if around.batched:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "a batch has no place in a batch")
    _check_batch(header, contents)
    inside = Wrapping(layers, vouched=False, batched=True)
    return Unwrapped(contents, inside, is_batch=True)


def _read(data: bytes) -> Wrapped:
    try:
        return Wrapped(data, decode(data))
    except MalformedMessage as error:
        return Wrapped(data, Refusal(PKIFailureInfo.BAD_DATA_FORMAT, str(error)))


def _check_added(header: PKIHeader, inner: PKIHeader) -> None:
    """RFC 9483 5.2.2.1: what is copied from the message to its wrapper. All else there may be ignored."""
    for name, failure, is_copied in (
        ("recipient", PKIFailureInfo.BAD_REQUEST, header.recipient == inner.recipient),
        (
            "senderNonce",
            PKIFailureInfo.BAD_SENDER_NONCE,
            header.sender_nonce == inner.sender_nonce,
        ),
        (
            "recipNonce",
            PKIFailureInfo.BAD_RECIPIENT_NONCE,
            header.recip_nonce == inner.recip_nonce,
        ),
    ):
        if not is_copied:
            raise Refusal(failure, f"{name} is not the one of the message that is protected")


def _check_batch(header: PKIHeader, contents: tuple[Wrapped, ...]) -> None:
    """RFC 9483 5.2.2.2: transactionID and senderNonce are fresh."""
    inner = [c.message.header for c in contents if isinstance(c.message, PKIMessage)]
    has_nonce = any(one.sender_nonce == header.sender_nonce for one in inner)
    if has_nonce and len(contents) == 1:
        raise Refusal(
            PKIFailureInfo.BAD_REQUEST,
            "this is neither added protection nor a batch: senderNonce is that of the message in it,"
            " and transactionID is not",
        )
    if any(one.transaction_id == header.transaction_id for one in inner):
        raise Refusal(
            PKIFailureInfo.TRANSACTION_ID_IN_USE,
            "a batch has a transactionID that none of its messages has",
        )
    if has_nonce:
        raise Refusal(
            PKIFailureInfo.BAD_SENDER_NONCE,
            "a batch has a senderNonce that none of its messages has",
        )

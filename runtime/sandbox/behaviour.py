"""How a sandbox CA deals with requests beyond what the RFCs leave no choice in, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ..cmp.model import PKIFailureInfo


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the CA may do and does. As it stands, it answers at once, grants, and has it confirmed."""

    polls: int = 0
    """How many pollReqs get a pollRep before the answer comes; 0: nothing waits."""
    check_after: int = 1
    """Seconds that pollRep has the client wait (RFC 9810 5.3.22)."""
    waits_by_error: bool = False
    """An error with status waiting has the client wait for a whole message, certReqId -1 (RFC 9483 4.4).

    That is the only way in which rr and genm wait; ir, cr, kur and p10cr otherwise get a response of theirs.
    """
    grants_implicit_confirm: bool = False
    """Whether who asks for it need not confirm (RFC 9810 5.1.1.1)."""
    modifies: bool = False
    """Whether certificates are granted with another subject: with O=csc sandbox added to it."""
    rejects: PKIFailureInfo | None = None
    """Why nothing is granted, in a response of the request's own kind."""
    reject_count: int | None = None
    """How many requests are still refused so before everything is granted again; None: all."""
    delay: float = 0.0
    """Seconds before an answer leaves, over HTTP."""
    clock_offset: int = 0
    """Seconds that the CA's clock is ahead; behind if negative."""
    confirm_wait: int = 300
    """Seconds within which a certificate has to be confirmed; then it is revoked (RFC 9810 5.1.1.2)."""
    needs_message_time: bool = False
    """Whether a request has to say when it was made, which RFC 9483 3.1 leaves open."""
    repeats_keys: bool = True
    """Whether a key that was certified here may be certified again; no RFC forbids it."""


USUAL = Behaviour()

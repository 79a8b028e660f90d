"""The words of the transition table: phases, what happens, what is done, and what is where in each phase."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """How far an operation is, by what is durable; the values are what the journal holds."""

    NOTHING = "nothing"
    REQUESTED = "requested"
    WAITING = "waiting"
    RECEIVED = "received"
    GRANTED = "granted"
    CONFIRMED = "confirmed"
    UNFIT = "unfit"
    ENDING = "ending"
    ENDING_WAITING = "ending-waiting"
    REJECTING = "rejecting"
    UNWANTED = "unwanted"
    REVOKING = "revoking"
    REVOKING_WAITING = "revoking-waiting"
    REVOKED = "revoked"
    RECORDED = "done"
    BOUND = "bound"
    CLOSED = "failed"


class Event(StrEnum):
    """What happens; the values are how people are told."""

    BEGIN = "a plan asks for a certificate"
    BEGIN_REVOCATION = "a certificate is to be revoked"
    RESUMED = "another process finds it"
    RESUMED_LATER = "the same, but by the clock the last message is too old, or of the future"
    OTHER_SECRET = "the secret is another one now"  # noqa: S105
    UNSURE_SECRET = "the same, and no script says that it should be"  # noqa: S105
    GIVEN_UP = "it is given up, or the script means something else now"
    CERTIFICATE = "the certificate comes, to be confirmed"
    CERTIFICATE_FINAL = "the certificate comes, with nothing to confirm"
    UNFIT = "a certificate comes that was not asked for"
    UNFIT_FINAL = "the same, with nothing to confirm"
    UNFIT_FOREIGN = "the same, for a key that is not ours"
    WAITS = "the CA has not decided"
    CONFIRMED = "the CA takes the certConf"
    CONFIRMED_BEFORE = "the CA says certConfirmed"
    REVOKED = "the CA has revoked, or says certRevoked"
    REFUSED = "the CA says no"
    MESSAGE_REFUSED = "the CA says no to the message, or cannot look at it"
    FORGOTTEN = "the CA refuses the certConf of an earlier run"
    ENDED = "the CA says that it has ended the certificate"
    NEVER_SENT = "nobody listens: nothing was sent"
    NO_ANSWER = "no whole answer comes"
    TIME_LIMIT = "the CA has not decided in time"
    DOUBTFUL = "an answer comes that may be anybody's"
    RECORDED = "the executor records it"
    BOUND = "the script binds it and commits"


class Act(StrEnum):
    """What is done; the values are how people are told."""

    ASK = "make the key, write key and request down, send the request"
    SEND_AGAIN = "send the same request again, byte for byte"
    SEND_LAST = "send the last message again, byte for byte"
    REMAKE = "make the last message anew in the same transaction, write it down, send it"
    KEEP = "write certificate, key and certConf down, send the certConf"
    KEEP_FINAL = "write certificate and key down"
    KEEP_REJECTED = "write certificate, key and the certConf that rejects down, send that"
    WRITE_REJECTION = "write the certConf that rejects down, send it"
    WRITE_POLL = "write the pollReq down, wait, send it"
    GO_ON = "wait, and ask again"
    NOTE = "write that down"
    TAKE_OVER = "record the certificate that is here with its key; the CA is not asked"
    REVOKE = "revoke it by an operation of its own, signed with the certificate's key"
    CLOSE = "close it"
    LEAVE = "leave it open: the next run goes on from here"
    BIND = "the script binds it: nothing is asked of the CA again"
    NOTHING = "do nothing"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What is where while an operation is in a phase."""

    vault: str
    journal: str
    ca: str


_KEY = "the new key (none yet if the CA makes it)"
_PAIR = "certificate and key"
WHERE: dict[Phase, Whereabouts] = {
    Phase.NOTHING: Whereabouts("nothing", "nothing", "nothing"),
    Phase.REQUESTED: Whereabouts(
        _KEY, "the request", "nothing, or the request, or a certificate that it has issued"
    ),
    Phase.WAITING: Whereabouts(
        _KEY,
        "the request and the pollReq",
        "the request, undecided, or a certificate that it has issued",
    ),
    Phase.RECEIVED: Whereabouts(
        _PAIR, "the request and the certConf", "the certificate, confirmed or not"
    ),
    Phase.GRANTED: Whereabouts(_PAIR, "the request", "the certificate, valid"),
    Phase.CONFIRMED: Whereabouts(
        _PAIR, "that the CA has the confirmation", "the certificate, confirmed"
    ),
    Phase.UNFIT: Whereabouts(
        _KEY,
        "the certConf that rejects",
        "a certificate that was not asked for, rejected or about to be",
    ),
    Phase.ENDING: Whereabouts(
        _KEY,
        "the request, given up",
        "nothing, or the request, or a certificate that it has issued",
    ),
    Phase.ENDING_WAITING: Whereabouts(
        _KEY,
        "the request and the pollReq, given up",
        "the request, undecided, or a certificate that it has issued",
    ),
    Phase.REJECTING: Whereabouts(
        _PAIR, "the certConf that rejects", "the certificate, rejected or about to be"
    ),
    Phase.UNWANTED: Whereabouts(
        _PAIR, "that the certificate is to be revoked", "the certificate, valid or revoked"
    ),
    Phase.REVOKING: Whereabouts(
        _PAIR, "the revocation request", "the certificate, valid or revoked"
    ),
    Phase.REVOKING_WAITING: Whereabouts(
        _PAIR,
        "the revocation request and the pollReq",
        "the request, undecided, or the certificate revoked",
    ),
    Phase.REVOKED: Whereabouts(_PAIR, "that the CA has revoked", "the certificate, revoked"),
    Phase.RECORDED: Whereabouts(_PAIR, "the operation, done", "what it answered"),
    Phase.BOUND: Whereabouts(
        f"{_PAIR}, and the configuration that names them",
        "the operation, done",
        "the certificate, confirmed",
    ),
    Phase.CLOSED: Whereabouts(
        "what came of it, for the record", "the operation, closed, and why", "nothing that counts"
    ),
}

OPEN = frozenset(Phase) - {Phase.NOTHING, Phase.RECORDED, Phase.BOUND, Phase.CLOSED}
"""The phases of an operation that another run has to go on with."""
ISSUED = frozenset(
    (Phase.RECEIVED, Phase.GRANTED, Phase.CONFIRMED, Phase.REJECTING, Phase.UNWANTED)
)
"""The open phases in which the journal has the certificate."""
POLLED = frozenset((Phase.WAITING, Phase.ENDING_WAITING, Phase.REVOKING_WAITING))
"""The phases in which the CA has said that it has not decided."""

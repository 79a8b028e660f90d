"""The planned messages of one CMP transaction in; whether one more may pass, and whether it is planned, out.

Beside what is planned, one after the other, this much is allowed:

    the CA has not decided        any number of pollReq, each answered by pollRep or what is polled for
    the key can only decrypt      popdecc, popdecr, once
    implicitConfirm not granted   certConf, pkiconf, where the plan hopes to do without them
    the CA refuses                error in place of an answer
    an earlier run began it       it goes on with pollReq or certConf
"""

from __future__ import annotations

from ..cmp.model import BodyType

_CONFIRMATION = (BodyType.CERT_CONF.value, BodyType.PKI_CONF.value)


class Sequence:
    """What has passed of one transaction. `may_confirm`: certConf and pkiconf may follow what is planned.

    `sent` counts messages both ways that are planned, `extra` all others. `fault` says which answer was none
    of these; the transaction has judged it before anything else is sent.
    """

    def __init__(
        self, planned: tuple[str, ...], *, may_confirm: bool = False, is_taken_up: bool = False
    ) -> None:
        self.sent = self.extra = 0
        self.fault: str | None = None
        self._planned = planned
        self._allowed = (*planned, *_CONFIRMATION) if may_confirm else planned
        self._is_taken_up = is_taken_up
        self._challenges_left = 1
        self._at = 0  # the place in `_allowed` of what comes next: even is sent, odd is received
        self._last = ""  # the type of the last message, either way
        self._was_planned = False

    @property
    def due(self) -> str:
        """What comes next, by the plan."""
        return self._allowed[self._at] if self._at < len(self._allowed) else "nothing"

    def leave(self, kind: str) -> bool:
        """A message is to be sent; whether it may."""
        if self.fault is not None:
            return False
        if kind == self.due and self._at % 2 == 0:
            self._pass(kind, self._at)
        elif kind == BodyType.POLL_REQ and self._may_poll():
            if self._was_planned:  # what came said no more than that nothing is decided
                self.sent, self.extra = self.sent - 1, self.extra + 1
            self._at = max(1, self._at - 1 + self._at % 2)
            self._pass(kind, None)
        elif kind == BodyType.POP_DEC_RESP and self._last == BodyType.POP_DEC_CHALL:
            self._pass(kind, None)
        elif kind == _CONFIRMATION[0] and self._is_taken_up and not self._last:
            if kind not in self._allowed:
                return False
            self._pass(kind, self._allowed.index(kind))
        else:
            return False
        return True

    def come(self, kind: str) -> None:
        """A message has come."""
        if kind == self.due and self._at % 2 == 1:
            self._pass(kind, self._at)
            return
        is_refusal = kind == BodyType.ERROR
        is_challenge = kind == BodyType.POP_DEC_CHALL and self._at == 1 and self._challenges_left
        if is_challenge:
            self._challenges_left -= 1
        is_poll = kind == BodyType.POLL_REP and self._last == BodyType.POLL_REQ
        if not (is_refusal or is_challenge or is_poll):
            self.fault = f"{kind} came where {self.due} was planned"
        self._pass(kind, None)
        if is_refusal:  # it stands for the answer
            self.sent, self.extra, self._was_planned = self.sent + 1, self.extra - 1, True

    def _may_poll(self) -> bool:
        if not self._last:
            return self._is_taken_up
        return self._last not in (BodyType.POP_DEC_CHALL, BodyType.POLL_REQ)

    def _pass(self, kind: str, place: int | None) -> None:
        """Count a message; `place` is where it is planned, or allowed to follow, None if nowhere."""
        self._last = kind
        self._was_planned = place is not None and place < len(self._planned)
        if self._was_planned:
            self.sent += 1
        else:
            self.extra += 1
        if place is not None:
            self._at = place + 1

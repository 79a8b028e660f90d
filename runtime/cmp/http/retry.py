"""What an attempt came to in, whether and when the same bytes are sent again out.

A CA that has taken the first message of a transaction may refuse the same transactionID a second time
(transactionIdInUse, RFC 9810 5.1.1), and the certificate that it issued would be lost with that. So a message
goes out again only where it cannot have been taken; all else is left to the next run, which has the journal.
RFC 9811 3.5, by which an unanswered message counts as not delivered, is followed where a connection was kept.

    what happened                                   taken by the CA?      sent again
    no connection: name, refusal, time              no                    after a pause, `retries` times
    TLS or the proxy refuses                        no                    never: it would again
    a kept connection, found closed, not a byte     hardly (RFC 9112      at once, on a new connection, once
      of an answer                                  9.3.1: an idle one)
    429 or 503 with Retry-After, and no CMP         no (RFC 9110 15.6.4)  when the server says, in time
    502, 504, 503 without Retry-After               perhaps               never
    a new connection that broke, no answer in time  perhaps               never
    an answer, whatever it is                       yes                   never

Once an attempt may have reached the CA, no later failure of the same message is told as ConnectFailed, which
means that nothing was sent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 0.5
_SAYS_WHEN = (429, 503)


def backoff(attempt: int, jitter: float) -> float:
    """The pause in seconds after failed attempt `attempt`, from 0: doubled each time, from half on random.

    `jitter` is a random number from 0 to 1: clients that a restarted CA has lost do not come back at once.
    """
    return FIRST_PAUSE * 2.0**attempt * (1 + jitter) / 2


def asked_pause(status: int, retry_after: str, now: datetime) -> float | None:
    """The seconds until a server wants to be asked again (RFC 9110 10.2.3); None: it does not say so."""
    if status not in _SAYS_WHEN:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())

"""What a request is handled with, and what comes of it: the data between the parts of the CA."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ...cmp.model import InfoTypeAndValue, PKIBody, PKIHeader, PKIStatus, PKIStatusInfo
from ..authority.authority import Authority
from ..authority.responder import Responders
from ..behaviour import Behaviour
from ..ledger.ledger import Ledger
from ..profiles.model import Profiles
from .requester import Requester

ACCEPTED = PKIStatusInfo(PKIStatus.ACCEPTED)
# certReqId of what is not about one CertRequest: PKCS #10 (RFC 9810 5.3.4), a whole message (5.3.22).
NO_CERT_REQ_ID = -1


@dataclass(frozen=True, slots=True)
class Desk:
    """What requests are handled with.

    `profile` is what a certProfile would say, of the path; empty: none. `base_url` is where the CA publishes
    over HTTP, if it does.
    """

    authority: Authority
    ledger: Ledger
    behaviour: Behaviour
    now: datetime
    profiles: Profiles
    responders: Responders
    profile: str = ""
    one_time: Set[bytes] = frozenset()  # the reference numbers of secrets for one certificate
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A request and who it is from. Header and protection are checked, the body is not.

    `vouched` tells that an RA approved it: by its own protection, or by one around it. `is_proved` tells that
    a challenge was answered, which proves possession of the key (RFC 9810 5.2.8.3.3).
    """

    header: PKIHeader
    body: PKIBody
    requester: Requester
    vouched: bool = False
    is_proved: bool = False

    @property
    def transaction_id(self) -> bytes:
        """The transactionID, which every request has."""
        assert self.header.transaction_id is not None  # noqa: S101  (check_header)
        return self.header.transaction_id


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered. `expects` is the type of the message that is due then, or empty."""

    body: PKIBody
    expects: str = ""
    general_info: tuple[InfoTypeAndValue, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()
    """What goes into extraCerts beside the chain of who signs."""


# What carries out an order that was found right. It cannot be refused any more.
Deed = Callable[[], Response]

"""A certificate and a requester in; refused, unless the one belongs to the other."""

from __future__ import annotations

from ...cmp.model import PKIFailureInfo
from ..ledger.ledger import LedgerEntry
from .refusal import Refusal
from .requester import Requester


def check_owner(entry: LedgerEntry, requester: Requester) -> None:
    """A certificate is its own key's to renew and revoke, or what obtained it: a secret, or another PKI's.

    Raises:
        Refusal: if it is somebody else's.
    """
    if requester.certificate is not None:
        is_owner = requester.certificate.serial_number == entry.serial_number
    else:
        is_owner = entry.authenticated_by == str(requester)
    if not is_owner:
        raise Refusal(PKIFailureInfo.NOT_AUTHORIZED, "the certificate belongs to somebody else")

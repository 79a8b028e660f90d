"""How the CA says no: a PKIStatusInfo on its way to the answer."""

from __future__ import annotations

from ...cmp.model import PKIFailureInfo, PKIStatus, PKIStatusInfo


class Refusal(Exception):
    """A request that is refused, with the failure bit that the RFC has for it."""

    def __init__(self, failure: PKIFailureInfo, text: str) -> None:
        super().__init__(text)
        self.status = PKIStatusInfo(PKIStatus.REJECTION, (text,), frozenset({failure}))


def rejection(failure: PKIFailureInfo) -> PKIStatusInfo:
    """The status of a request that is right, and is refused because the CA behaves so."""
    return Refusal(failure, "this CA was told to refuse everything").status

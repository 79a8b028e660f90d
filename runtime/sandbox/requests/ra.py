"""What an RA may that others may not, and what takes a certificate of ours (RFC 9483 4.1, 5.2.3.2, 5.3)."""

from __future__ import annotations

from ...cmp.model import BodyType, PKIFailureInfo
from ..profiles.model import Need, Profile
from .desk import Order
from .refusal import Refusal

# For one more certificate, or a newer one (RFC 9483 4.1.2, 4.1.3).
_TAKES_A_CERTIFICATE = {BodyType.CR, BodyType.KUR}


def check_ra_verified(order: Order) -> None:
    """Check that raVerified may stand in the place of proof of possession.

    Raises:
        Refusal: if no RA vouches for it, or the request is one that RAs have to leave as it is.
    """
    if not order.vouched:  # RFC 9810 5.2.8.1: end entities must not use it
        raise Refusal(PKIFailureInfo.BAD_POP, "raVerified is for RAs to say, and none did")
    if order.body.type is BodyType.KUR:  # RFC 9483 5.2.3
        raise Refusal(
            PKIFailureInfo.BAD_POP, "in kur the key has to prove itself: raVerified has no place"
        )


def check_may_enrol(order: Order) -> None:
    """Check that who asks for a certificate may ask in this way.

    Raises:
        Refusal: if it takes a certificate of this CA, and the requester has one of another PKI.
    """
    if order.body.type not in _TAKES_A_CERTIFICATE or order.requester.outsider is None:
        return
    if order.body.type is BodyType.CR and order.requester.is_ra:  # for others (RFC 9483 5.3.1)
        return
    raise Refusal(
        PKIFailureInfo.NOT_AUTHORIZED,
        f"{order.body.type} takes a certificate of this CA; a first one is asked for with ir",
    )


def check_profile_allows(profile: Profile, order: Order) -> None:
    """Check that the profile is one for who asks: with the help of an RA, or without.

    Raises:
        Refusal: if it is not.
    """
    by_ra = order.vouched or order.requester.is_ra
    if (profile.ra is Need.REQUIRED and not by_ra) or (profile.ra is Need.FORBIDDEN and by_ra):
        word = "only" if profile.ra is Need.REQUIRED else "not"
        raise Refusal(
            PKIFailureInfo.NOT_AUTHORIZED,
            f"certificates of the profile {profile.name} are {word} for RAs to ask for",
        )


def acts_for_others(order: Order) -> bool:
    """Whether an RA itself signed a request, so that it may be about other entities' (RFC 9483 5.3.2)."""
    return order.requester.is_ra and order.requester.reference is None

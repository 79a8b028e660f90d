"""A profile and what of it a request breaks, or the CA changes, in; the words for it out."""

from __future__ import annotations

from ...cmp.model import PKIFailureInfo
from ..requests.refusal import Refusal
from .model import Profile

# Characters of a requested value that a text repeats: enough to find it again.
_MOST = 100


def violation(profile: Profile, attribute: str, text: str) -> Refusal:
    """The refusal of a request that breaks `attribute` of a profile, as the profile's file calls it."""
    return Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, said(profile, attribute, text))


def said(profile: Profile, attribute: str, text: str) -> str:
    """What is said of an attribute of a profile."""
    return f"profile {profile.name}, {attribute}: {text}"


def shown(value: object) -> str:
    """A value of a request as a text shows it."""
    text = str(value)
    return repr(text if len(text) <= _MOST else f"{text[:_MOST]}…")

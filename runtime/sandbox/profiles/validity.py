"""A requested validity in, the one that is granted, and how it was changed, out (RFC 4211 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..authority.signing import BACKDATED
from .model import Profile
from .violation import said, violation


@dataclass(frozen=True, slots=True)
class Period:
    """A validity: from the one time to the other, both included."""

    begins: datetime
    ends: datetime


def granted_period(
    profile: Profile,
    not_before: datetime | None,
    not_after: datetime | None,
    now: datetime,
    latest: datetime,
) -> tuple[Period, tuple[str, ...]]:
    """The validity from `now`, and what was changed. Nothing is valid beyond `latest`, the end of the CA.

    Raises:
        Refusal: if what is requested is no period, or none that the profile could have a part of.
    """
    now, latest = now.replace(microsecond=0), latest.replace(microsecond=0)
    whole = Period(now - BACKDATED, min(now + profile.validity.longest, latest))
    if not_before is None and not_after is None:
        return whole, ()
    asked = Period(not_before or whole.begins, not_after or whole.ends)
    if not_before is not None and not_after is not None and asked.begins >= asked.ends:
        raise violation(profile, "validity", f"{_shown(asked)} is no period")
    if not profile.validity.honours_request:
        return whole, (said(profile, "validity", f"{_shown(whole)}, whatever is requested"),)
    period = Period(max(asked.begins, whole.begins), min(asked.ends, whole.ends))
    if period.begins >= period.ends or period.ends <= now:
        text = f"{_requested(not_before, not_after)} is not within {_shown(whole)}"
        raise violation(profile, "validity", text)
    if period == asked:
        return period, ()
    text = f"{_shown(period)}, instead of {_requested(not_before, not_after)}"
    return period, (said(profile, "validity", text),)


def _shown(period: Period) -> str:
    return _requested(period.begins, period.ends)


def _requested(begins: datetime | None, ends: datetime | None) -> str:
    words = [
        f"{word} {time:%Y-%m-%d %H:%M:%S}"
        for word, time in (("from", begins), ("to", ends))
        if time is not None
    ]
    return f"{' '.join(words)} UTC"
